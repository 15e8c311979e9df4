"""What is said of an import: before it, at its end, and of each row in a file beside."""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable
from math import ceil
from pathlib import Path

from gateway.commands.importing.checking import Step
from gateway.commands.importing.journal import Outcome
from gateway.commands.mirror.asking import OperatorError

_MOST_SHOWN = 10
_WRITES_A_MINUTE = 120
_COLUMNS = ("line", "eventKey", "customerNumber", "isConfirmed", "outcome", "message")


def plan(steps: Iterable[Step], per_hour: int | None) -> str:
    """Return what would be done, and what that costs: at most half of any hour's requests go to an import."""
    steps = list(steps)
    wrong = [step for step in steps if step.outcome is Outcome.WRONG]
    todo = [step for step in steps if step.outcome is Outcome.OPEN]
    new = sum(step.there is None for step in todo)
    hours = 0 if not per_hour or not todo else (len(todo) - 1) // max(1, per_hour // 2)
    minutes = 60 * hours + ceil(len(todo) / _WRITES_A_MINUTE)
    settled = len(steps) - len(todo) - len(wrong)
    lines = [f"Line {step.row.line}: {step.message}." for step in wrong[:_MOST_SHOWN]]
    if len(wrong) > _MOST_SHOWN:
        lines.append(f"And {len(wrong) - _MOST_SHOWN:,} more that are wrong: the report has all of them.")
    return "\n".join(
        [
            *lines,
            f"{new:,} to create, {len(todo) - new:,} to update, {settled:,} so already, {len(wrong):,} wrong.",
            f"That takes {len(todo):,} requests to PlanDocket, and some {minutes:,} minutes at least.",
        ]
    )


def summary(steps: Iterable[Step]) -> str:
    """Return how many rows came to what."""
    counts = Counter(step.outcome for step in steps)
    return ", ".join(f"{counts[outcome]:,} {outcome}" for outcome in Outcome if counts[outcome])


def write(path: Path, steps: Iterable[Step], separator: str) -> None:
    """Write what came of each row, as a table that the program opens which wrote the file.

    Raises:
        OperatorError: it cannot be written.
    """
    text = io.StringIO()
    table = csv.writer(text, delimiter=separator, lineterminator="\n")
    table.writerow(_COLUMNS)
    for step in steps:
        row = step.row
        cells = (row.line, row.event_key, row.customer_number, row.confirmed)
        table.writerow((*cells, step.outcome, step.message))
    part = path.with_name(f"{path.name}.part")
    try:
        part.touch(0o600)
        part.write_text(text.getvalue(), "utf-8-sig")
        part.replace(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {os.strerror(error.errno or 0)}.") from None
