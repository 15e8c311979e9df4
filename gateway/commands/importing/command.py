"""`gateway import`: reads, checks, asks, writes, and tells."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

from gateway.commands.console import fail
from gateway.commands.importing import report
from gateway.commands.importing.checking import Step, check
from gateway.commands.importing.client import Client
from gateway.commands.importing.journal import Outcome, opened
from gateway.commands.importing.reading import Table, read
from gateway.commands.importing.running import may_write, run
from gateway.commands.mirror.asking import OperatorError
from gateway.commands.reaching import reached
from gateway.errors import SettingsError
from gateway.upstream.way.clock import Clock

_HOUR = "{ upstream { requestsPerHour } }"
_STOPPED = "Stopped. What was written is written: the same command goes on."
_LONG_S = 60.0
Asks = Callable[[str], bool]


def import_participants(file: Path, url: str | None, *, yes: bool) -> None:
    """Write the rows of a file; end with 1 where not all of them are as it says, with 130 where it was stopped."""
    asks: Asks = (lambda _: True) if yes else (lambda text: typer.confirm(text, err=True))
    try:
        is_done = asyncio.run(_import(file, url, asks))
    except (OperatorError, SettingsError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        print(_STOPPED, file=sys.stderr)
        raise typer.Exit(130) from None
    if not is_done:
        raise typer.Exit(1)


async def _import(file: Path, url: str | None, asks: Asks) -> bool:
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
    async with reached(url, "import", "One is begun here, and reads the rows first.") as (http, _):
        bar = Progress(*columns, console=console, disable=not console.is_terminal)
        return await import_file(file, http, Clock(), asks, bar)


async def import_file(file: Path, http: httpx.AsyncClient, clock: Clock, asks: Asks, bar: Progress) -> bool:
    """Write a file's rows through a gateway, and a report beside it; return whether all are as the file says.

    Raises:
        OperatorError: it cannot go on; what was done is done, and noted.
    """
    table, task = _table(file), bar.add_task("Rows", total=None)

    def say(seconds: float, why: str) -> None:
        if seconds >= _LONG_S or not bar.disable:
            bar.console.print(f"Waiting for {seconds:,.0f} s: {why}", highlight=False, markup=False)

    client = Client(http, clock, say)
    journal_file = file.with_name(f"{file.name}.journal")
    with opened(journal_file) as journal:
        steps = await check(client, table.rows, journal)
        todo = [step for step in steps if step.outcome is Outcome.OPEN]
        print(report.plan(steps, (await client.ask(_HOUR))["upstream"]["requestsPerHour"]))
        if todo:
            await may_write(client, todo[0])
        try:
            if not todo or asks("Write them?"):
                bar.update(task, total=len(todo))
                with bar:
                    await run(client, todo, journal, lambda: bar.advance(task))
        finally:
            _tell(file, table, steps)
            if all(step.outcome is not Outcome.OPEN for step in steps):
                journal_file.unlink()  # it goes on by nothing: a later import compares anew
    return all(step.outcome not in (Outcome.WRONG, Outcome.REFUSED, Outcome.OPEN) for step in steps)


def _table(file: Path) -> Table:
    try:
        return read(file.read_bytes())
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {os.strerror(error.errno or 0)}.") from None


def _tell(file: Path, table: Table, steps: list[Step]) -> None:
    path = file.with_name(f"{file.stem}.report.csv")
    report.write(path, steps, table.separator)
    print(f"{report.summary(steps)}. What came of each row: {path}")
