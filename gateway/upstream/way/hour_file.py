"""The hour's attempts on disk: a process that starts within the hour counts those of the one before it.

Each is written before it is sent, into room that the file has had since it was made, for a disk may be full by then.
None is forced onto the disk: what the system took outlives `kill -9`, and only a loss of power may cost the last ones.

The file has its name as long as nothing is missing in it. Else it gets another, which needs no room, and a start that
finds that one counts the hour as spent.
"""

import errno
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from math import inf

from gateway.folder import Folder
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_lanes import HOUR_S, Lane
from gateway.upstream.way.hour_records import (
    EVERYONE,
    NAME,
    SIZE,
    VERSION,
    Attempt,
    DamagedError,
    Kind,
    of_the_hour,
    pack,
    pack_attempt,
    since,
)

log = logging.getLogger(__name__)

_ROOM = 2_048  # records, besides as many as there are
_MOST = 500_000  # attempts of an hour: with more, in 38 MB, the next start counts it as spent
_AGAIN_S = 60.0
_BINARY: int = getattr(os, "O_BINARY", 0)  # or Windows changes bytes that look like ends of lines


class HourFile:
    """The file of a process's attempts, and what it held of the processes before."""

    def __init__(
        self, folder: Folder, base_url: str, clock: Clock, write: Callable[[int, bytes], int] = os.write
    ) -> None:
        """Read what was sent in the last hour.

        Raises:
            SettingsError: the file cannot be read or written.
        """
        self.is_whole = True
        """Whether no attempt is missing in it."""
        self._folder = folder
        self._base_url = base_url
        self._clock = clock
        self._write = write
        self._path, self._lost = folder.path / "hour", folder.path / "hour.lost"
        self._file: int | None = None
        self._inode = self._room = 0
        self._again_at = 0.0
        self._earlier = defaultdict[bytes, list[Attempt]](list)
        try:
            earlier = self._read()
            self._begin(b"".join(self._packed(attempt) for attempt in earlier))
        except OSError as error:
            raise folder.refusal(error) from None
        for attempt in earlier:
            self._earlier[attempt.owner].append(attempt)

    def owner(self, credential: Credential) -> bytes:
        """Return what stands for a credential in the file; nobody can tell the key by it."""
        return credential.name_at(self._base_url)[:NAME]

    @property
    def before(self) -> Mapping[bytes, Sequence[Attempt]]:
        """All attempts before the start by owner; one of `EVERYONE` says that it is not known what was sent."""
        return self._earlier

    def earlier(self, owner: bytes, per_hour: int) -> list[Attempt]:
        """Return an owner's attempts before the start, oldest first: `per_hour` if they are not known."""
        own = self._earlier.get(owner, [])
        unknown = self._earlier.get(EVERYONE, [])[-1:] * (per_hour - len(own))
        return sorted(own + unknown, key=lambda attempt: attempt.at)

    def note(self, kind: Kind, attempt: Attempt) -> None:
        """Write of an attempt that it is about to be sent, or that it never left."""
        now = self._clock.monotonic()
        if not self.is_whole and now < self._again_at:
            return
        try:
            if not self.is_whole:
                self._mend()
            elif os.stat(self._path).st_ino != self._inode:
                raise FileNotFoundError(errno.ENOENT, "it is not there any more")
            elif not self._room:
                self._begin(since(now - HOUR_S, self._path.read_bytes()))
            self._put(self._packed(attempt, kind))
            self._room -= 1
        except OSError as error:
            self._lose(error, now)

    def close(self) -> None:
        """Write nothing more, also of what never left: others may have the folder."""
        self._shut()
        self.is_whole, self._again_at = False, inf

    def _shut(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _packed(self, attempt: Attempt, kind: Kind = Kind.SENT) -> bytes:
        unix = self._clock.unix() - self._clock.monotonic() + attempt.at  # by what the clock is set to now
        return pack_attempt(kind, attempt, unix)

    def _all(self) -> Attempt:
        """Return what stands for an hour of which is not known what was sent."""
        return Attempt(EVERYONE, Lane.READ, self._clock.monotonic())

    def _read(self) -> list[Attempt]:
        try:
            if self._lost.exists():
                raise DamagedError
            data = self._path.read_bytes()
            return of_the_hour(data, self._clock.boot, self._clock.monotonic(), self._clock.unix())
        except FileNotFoundError:
            return []
        except DamagedError:
            log.warning(
                "%s does not hold all requests to PlanDocket: the last hour counts as spent", self._path
            )
            return [self._all()]

    def _begin(self, records: bytes) -> None:
        """Let the file hold these records, and room for more: for whoever reads it, all at once."""
        if len(records) > _MOST * SIZE:
            records = self._packed(self._all())
        begun = pack(Kind.BEGUN, VERSION, self._clock.boot, self._clock.monotonic(), self._clock.unix())
        room = len(records) // SIZE + _ROOM
        new = self._folder.path / "hour.new"
        self._shut()
        self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o600)
        self._put(begun + records + bytes(room * SIZE))
        self._shut()  # Windows renames nothing that is open
        new.replace(self._path)
        self._lost.unlink(missing_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | _BINARY)
        os.lseek(self._file, SIZE + len(records), os.SEEK_SET)
        self._inode, self._room = self._path.stat().st_ino, room

    def _put(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 - once it is closed nothing is sent, or it is begun anew
        if self._write(self._file, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _lose(self, error: OSError, now: float) -> None:
        """Let the next start know that attempts are missing, and say so once."""
        self._shut()
        was_whole, self.is_whole, self._again_at = self.is_whole, False, now + _AGAIN_S
        then = "the next start counts the hour as spent"
        try:
            self._folder.hold()
            try:
                self._path.replace(self._lost)
            except OSError:
                self._lost.touch(0o600)
        except OSError:
            then = "nor can that be noted, so let an hour pass before the next start"
        if was_whole:
            told = "requests to PlanDocket cannot be written to %s (%s), which is tried each minute: %s"
            log.error(told, self._path, error.strerror, then)

    def _mend(self) -> None:
        """Begin the file anew; what is missing in it counts as sent now."""
        self._folder.hold()
        self._begin(self._packed(self._all()))
        self.is_whole = True
        log.warning("requests to PlanDocket are written to %s again", self._path)
