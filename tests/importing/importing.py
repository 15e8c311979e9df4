# pyright: basic
"""An import in this process, through the public door, and what the sandbox has of it."""

import csv
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from asking import Ask, Time
from rich.console import Console
from rich.progress import Progress

from gateway.commands.importing.command import import_file
from gateway.sandbox import Sandbox
from gateway.upstream.way.clock import Clock

HEADER = "eventKey,customerNumber,isConfirmed"


def table(*rows: str, header: str = HEADER, separator: str = ",") -> str:
    """Return a file of rows."""
    return "\n".join([header, *rows, ""]).replace(",", separator)


def pairs(box: Sandbox) -> list[tuple[str, str, bool]]:
    """Return what the sandbox holds: event key, customer number, whether it is confirmed."""
    tables = box.tables
    events = {row.id: row.event_key for row in tables.events}
    customers = {row.id: row.customer_number or "" for row in tables.contacts}
    return [
        (events[row.event_id], customers[row.contact_id], row.is_confirmed) for row in tables.participants
    ]


def free(box: Sandbox, count: int) -> list[str]:
    """Return rows of participations that are not there, of several events and contacts."""
    there = {(event, customer) for event, customer, _ in pairs(box)}
    events = [row.event_key for row in box.tables.events]
    customers = [row.customer_number for row in box.tables.contacts if row.customer_number]
    wanted = [
        f"{event},{customer},{'true' if n % 2 else 'false'}"
        for n, customer in enumerate(customers)
        for event in events
        if (event, customer) not in there
    ]
    return wanted[:: max(1, len(wanted) // count)][:count]


def sent(box: Sandbox) -> Counter[str]:
    """Return the writes that the sandbox received, by method."""
    return Counter(one.method for one in box.requests if one.method != "GET")


async def _nothing() -> None:
    pass


@dataclass
class Importing:
    """A file, and the gateway that it goes through."""

    file: Path
    ask: Ask
    time: Time
    waits: list[float] = field(default_factory=list)
    answer: bool = True
    asked: list[str] = field(default_factory=list)
    beside: Callable[[], Awaitable[None]] = _nothing
    """What others do while it waits, every ten seconds."""

    async def run(self, text: str | bytes | None = None, http: httpx.AsyncClient | None = None) -> bool:
        """Import the file, and return whether all is as it says."""
        if text is not None:
            self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        bar = Progress(console=Console(file=sys.stderr), disable=True)
        return await import_file(self.file, http or self.ask.http, self.clock, self.asks, bar)

    @property
    def clock(self) -> Clock:
        """The gateway's, which goes on while the import waits."""

        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            until = self.time.seconds + seconds
            while self.time.seconds < until:
                self.time.seconds = min(until, self.time.seconds + 10)
                await self.beside()

        return Clock(self.time, self.time, sleep)

    def asks(self, text: str) -> bool:
        """Note what was asked, and answer."""
        self.asked.append(text)
        return self.answer

    @property
    def journal(self) -> Path:
        """The file's."""
        return self.file.with_name(f"{self.file.name}.journal")

    @property
    def report(self) -> list[dict[str, str]]:
        """What the file beside it says of each row."""
        text = self.file.with_name(f"{self.file.stem}.report.csv").read_text("utf-8-sig")
        separator = next(one for one in ",;\t" if one in text.splitlines()[0])
        return list(csv.DictReader(text.splitlines(), delimiter=separator))

    @property
    def outcomes(self) -> list[str]:
        """What came of each row."""
        return [row["outcome"] for row in self.report]
