"""What `gateway mirror` prints."""

import asyncio
import sys
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from rich.console import Console

from gateway.commands.console import fail
from gateway.commands.mirror.asking import OperatorError, ask
from gateway.commands.mirror.table import shown
from gateway.errors import SettingsError
from gateway.mirror.standing import Standing

_T = TypeVar("_T")


def status(url: str | None, *, as_json: bool) -> None:
    """Print how what is held stands; end with 1 where no gateway tells."""
    told, runs = _ask("GET", Standing, url)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(told)).decode())
        return
    console = Console(highlight=False, markup=False)
    parts = list(shown(told, console))
    console.print(*(parts if runs or told.rows else parts[:1]), sep="\n")


def drop(url: str | None, resources: Sequence[str]) -> None:
    """Let the gateway hold nothing more, and print how much it was; end with 1 where none can be asked."""
    told, _ = _ask("DELETE", dict[str, int], url, resources)
    named = ", ".join(resources) or "all resources"
    print(f"{told['rows']:,} rows were dropped: {named}. What is asked for next is asked of PlanDocket anew.")


def none_runs(place: str) -> str:
    """Return the sentence that says so: what is told besides is what one would begin with."""
    return f"No gateway runs at {place}. What one held is gone with it, but for what is in its folder."


def _ask(method: str, kind: type[_T], url: str | None, resources: Sequence[str] = ()) -> tuple[_T, bool]:
    try:
        told, place = asyncio.run(ask(method, kind, url, resources))
    except (OperatorError, SettingsError) as error:
        fail(str(error))
    if place is not None:
        print(none_runs(place), file=sys.stderr)
    return told, place is None
