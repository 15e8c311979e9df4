"""What was about to be sent, and what came of it, on disk before anything goes on: a run that was killed goes on by it.

A line is JSON, and whole once it ends. It is kept by participation, not by line: the file may be mended meanwhile.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from gateway.commands.importing.reading import Row
from gateway.commands.mirror.asking import OperatorError
from gateway.folder import lock


class Outcome(StrEnum):
    """What came of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """It was so already."""
    REFUSED = "refused"
    """The gateway or PlanDocket says why."""
    WRONG = "wrong"
    """Nothing was sent, since the file, or what it names, is wrong."""
    OPEN = "open"
    """It is to be sent, or to be looked up: run the import again."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line: that a row is about to be sent, or what came of it."""

    event: str
    customer: str
    confirmed: bool
    sends: Outcome | None = None
    """What it will be once that has worked; None in the line that tells what came of it."""
    at: float = 0.0
    """When that was, in unix seconds."""
    outcome: Outcome = Outcome.OPEN
    message: str = ""

    @property
    def is_in_doubt(self) -> bool:
        """Return whether nobody knows what came of it."""
        return self.sends is not None


class Journal:
    """A file beside the one that is imported. `last` holds the last entry of each row."""

    def __init__(self, path: Path, file: int) -> None:
        self.last: dict[tuple[str, str, bool], Entry] = {}
        self._path = path
        self._file = file
        data = b"".join(iter(lambda: os.read(file, 1 << 20), b""))
        whole = data[: data.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._keep(msgspec.json.decode(line, type=Entry))
        if len(whole) < len(data):
            os.ftruncate(file, len(whole))  # one that was cut off was never acted upon

    def of(self, row: Row) -> Entry | None:
        """Return the last that is known of a row."""
        return self.last.get((*row.key, row.is_confirmed))

    def note(self, row: Row, sends: Outcome, at: float) -> None:
        """Note that a row is about to be sent.

        Raises:
            OperatorError: that cannot be written, so it must not be sent.
        """
        self._append(Entry(*row.key, row.is_confirmed, sends=sends, at=at))

    def answer(self, row: Row, outcome: Outcome, message: str = "") -> None:
        """Note what came of a row; `Outcome.OPEN` is that certainly nothing was sent."""
        self._append(Entry(*row.key, row.is_confirmed, outcome=outcome, message=message))

    def _append(self, entry: Entry) -> None:
        line = msgspec.json.encode(entry) + b"\n"
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(28, "")
            os.fsync(self._file)
        except OSError as error:
            raise _unwritable(self._path, error) from None
        self._keep(entry)

    def _keep(self, entry: Entry) -> None:
        self.last[entry.event, entry.customer, entry.confirmed] = entry


@contextmanager
def opened(path: Path) -> Generator[Journal]:
    """Yield the journal at a path, made where there is none, for this process alone.

    Raises:
        OperatorError: it cannot be written, is none, or another import is at it.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        lock(file)
    except BlockingIOError:  # the file is the other's, though it may be empty yet
        os.close(file)
        raise OperatorError(
            "Another import of this file is running: wait for it, or stop it first."
        ) from None
    try:
        yield Journal(path, file)
    except msgspec.MsgspecError:
        raise OperatorError(f"{path} is no journal of an import: move it elsewhere, and try again.") from None
    finally:
        if os.fstat(file).st_size == 0:
            path.unlink(missing_ok=True)
        os.close(file)


def _unwritable(path: Path, error: OSError) -> OperatorError:
    return OperatorError(
        f"{path} cannot be written: {os.strerror(error.errno or 0)}. Without that journal nothing is sent: see to the "
        "file's folder, and try again."
    )
