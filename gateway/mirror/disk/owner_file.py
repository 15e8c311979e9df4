"""One owner's rows on disk, so that a restart asks for nothing: written and read by a thread of its own.

What is deleted or changed there is gone from it a minute later: contacts are personal data. SQLite keeps such texts in
the gaps of pages and in its log: `secure_delete` zeroes most, `VACUUM` the rest, and the log is cut.
Sources: sqlite.org/pragma.html, sqlite.org/lang_vacuum.html
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec

from gateway.mirror.rows.changes import Cause, Change
from gateway.mirror.rows.kept import Kept, KeptRow, Notes, resumed
from gateway.mirror.rows.moments import STALE_S
from gateway.upstream.record import Many, Record
from gateway.upstream.way.clock import Clock
from gateway.upstream.wire.flaws import Flaw

log = logging.getLogger(__name__)

_APPLICATION = 0x504C4457
_BUSY_MS = 5_000
_TABLES = """
    BEGIN;
    CREATE TABLE rows (path TEXT, id INTEGER, kept BLOB, PRIMARY KEY (path, id)) WITHOUT ROWID;
    CREATE TABLE notes (name TEXT PRIMARY KEY, told BLOB);
"""


class OwnerFile:
    """A file that follows what is held. Where it cannot be written, the log says so, and all goes on without it."""

    def __init__(self, path: Path, records: Iterable[Record[Any]], clock: Clock, thread: Executor) -> None:
        self.path = path
        self.is_working = True
        """Whether it follows what is held."""
        self.has_gaps = False
        """Whether texts may lie in it that are not held any more: see `erase`."""
        self._clock = clock
        self._thread = thread
        self._records = {record.path: record for record in records}
        version = repr([(path, record.row) for path, record in self._records.items()])
        self._version = crc32(version.encode()) & 0x7FFFFFFF
        self._db: sqlite3.Connection | None = None
        self._waiting: dict[tuple[str, int], Change] = {}

    async def load(self) -> Kept | None:
        """Return what it holds; None where it is new, or nobody can tell how old that is.

        One of another version, or broken, is removed: set aside, it would keep contacts for ever.
        """
        if not self.path.exists():
            return None
        try:
            kept = await self._on_thread(self._load)
        except (sqlite3.Error, OSError, msgspec.MsgspecError, _OtherError) as error:
            log.warning("%s is removed, and made anew: %s", self.path, error or type(error).__name__)
            await self._on_thread(self._remove)
            return None
        self.has_gaps = True  # nobody knows how it was left
        return kept

    def follow(self, change: Change) -> None:
        """Take in a change: `save` writes it."""
        if self.is_working and change.cause is not Cause.FILE:
            self._waiting[change.record.path, change.id] = change

    async def save(self, notes: Callable[[], Notes]) -> None:
        """Return once all that is held now is in the file."""
        if not self.is_working:
            return
        changes, self._waiting = list(self._waiting.values()), {}
        self.has_gaps = self.has_gaps or bool(changes)
        await self._on_thread(self._save, changes, msgspec.json.encode(notes()))

    async def erase(self) -> None:
        """Leave nothing in it that is not held; while a disk is full, or another program reads it, it `has_gaps`."""
        self.has_gaps = False
        self.has_gaps = not await self._on_thread(self._erase) or self.has_gaps

    async def close(self) -> None:
        """Leave nothing in it that is not held."""
        if self.has_gaps:
            await self.erase()
        await self._on_thread(self._close)

    def remove(self) -> None:
        """Hold nothing more, from soon on."""
        self.is_working = False
        self._thread.submit(self._remove)

    async def _on_thread(self, work: Callable[..., Any], *given: object) -> Any:
        # Who gives up must not take along what others gave it to write.
        return await asyncio.shield(asyncio.wrap_future(self._thread.submit(work, *given)))

    def _open(self) -> sqlite3.Connection:
        if self._db is not None:
            return self._db
        self.path.touch(mode=0o600)
        db = self._db = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1_000
        )
        for pragma in (
            "temp_store = MEMORY",
            "secure_delete = ON",
            "journal_mode = WAL",
            "synchronous = NORMAL",
        ):
            db.execute(f"PRAGMA {pragma}")
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():  # new, or its first process was killed
            numbers = f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {self._version}"
            db.executescript(f"{_TABLES} {numbers}; COMMIT")
        return db

    def _load(self) -> Kept | None:
        db = self._open()
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if (application, version) != (_APPLICATION, self._version):
            raise _OtherError("it is of another version")
        told = db.execute("SELECT told FROM notes").fetchone()
        if told is None:
            return None
        notes = msgspec.json.decode(told[0], type=Notes)
        moved_s = self._moved_s(notes)
        moved = Kept(_moved(notes, moved_s), {path: self._rows(db, path, moved_s) for path in self._records})
        kept = resumed(moved, self._records, self._clock.monotonic() - STALE_S)
        for path, rows in moved.rows.items():
            ids = {one.row.id for one in kept.rows[path]}
            gone = ((path, one.row.id) for one in rows if one.row.id not in ids)
            db.executemany("DELETE FROM rows WHERE path = ? AND id = ?", gone)
        return kept

    def _moved_s(self, notes: Notes) -> float:
        if notes.boot == self._clock.boot:
            return 0.0
        elapsed = self._clock.unix() - notes.unix
        if elapsed < 0:
            raise _OtherError("the clock was set back since, so that nobody knows how old it is")
        return self._clock.monotonic() - elapsed - notes.at

    def _rows(self, db: sqlite3.Connection, path: str, moved_s: float) -> list[KeptRow]:
        record = self._records[path]
        told = tuple[record.row, dict[str, Any], tuple[Flaw, ...], tuple[str, ...], float]
        decoder = msgspec.json.Decoder(told)
        many = [name for name, embed in record.includes.items() if isinstance(embed, Many)]
        rows: list[KeptRow] = []
        for (kept,) in db.execute("SELECT kept FROM rows WHERE path = ? ORDER BY id", (path,)):
            row, links, flaws, old, at = decoder.decode(kept)
            links |= {name: tuple(links[name]) for name in many if name in links}
            rows.append(KeptRow(row, links, flaws, old, at + moved_s))
        return rows

    def _save(self, changes: list[Change], notes: bytes) -> None:
        if not self.is_working:
            return
        try:
            self._write(changes, notes)
        except (sqlite3.Error, OSError) as error:
            log.error(
                "%s cannot be written, and is not any more: %s. A restart will ask anew.", self.path, error
            )
            self.is_working = False
            with suppress(sqlite3.Error, OSError):  # what it holds lacks what could not be written
                self._remove()

    def _write(self, changes: list[Change], notes: bytes) -> None:
        db = self._open()
        encode = msgspec.json.encode
        gone = [(change.record.path, change.id) for change in changes if change.after is None]
        kept = (
            (one.record.path, one.id, encode((one.after, one.links, one.flaws, sorted(one.old), one.at)))
            for one in changes
            if one.after is not None
        )
        with db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany("DELETE FROM rows WHERE path = ? AND id = ?", gone)
            db.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", kept)
            db.execute("INSERT OR REPLACE INTO notes VALUES ('notes', ?)", (notes,))

    def _erase(self) -> bool:
        if self._db is None:
            return True
        with suppress(sqlite3.Error):
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA busy_timeout = 0")  # writes wait for it
            is_busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            return not is_busy
        return False

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _remove(self) -> None:
        self._close()
        remove(self.path)


def _moved(notes: Notes, moved_s: float) -> Notes:
    """Return notes by this boot's clock."""
    walks = [msgspec.structs.replace(one, at=one.at + moved_s) for one in notes.walks]
    pages = [msgspec.structs.replace(one, at=one.at + moved_s) for one in notes.pages]
    return msgspec.structs.replace(notes, walks=walks, pages=pages)


def is_of_another_application(path: Path) -> bool:
    """Return whether an SQLite file says that it is; a new one says nothing. Source: sqlite.org/fileformat.html"""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except FileNotFoundError:
        return False
    application = int.from_bytes(header[68:72], "big")
    return header.startswith(b"SQLite format 3\0") and application not in (0, _APPLICATION)


def remove(path: Path) -> None:
    """Remove a file, and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class _OtherError(Exception):
    """What a file holds is of no use."""
