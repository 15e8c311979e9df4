"""What `gateway plan` prints of a file of operations."""

import sys
from pathlib import Path

import typer

from gateway.commands.plan.document import PlanError, plan_document
from gateway.errors import SettingsError
from gateway.settings.settings import load_plan_settings


def plan(file: Path, variables: str, size: str, max_calls: int | None) -> None:
    """Print the requests that a file's operations would make; end with 1 where one needs more than `max_calls`."""
    try:
        plans = plan_document(file.read_bytes(), variables, size, load_plan_settings())
    except PlanError as error:
        print(f"{file}: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except SettingsError as error:
        print(f"There is no plan.\n{error}", file=sys.stderr)
        raise typer.Exit(2) from None
    for planned in plans:
        print(planned.text())
    if max_calls is not None and any(planned.exceeds(max_calls) for planned in plans):
        print(f"Above {max_calls} requests.", file=sys.stderr)
        raise typer.Exit(1)
