"""The hour's attempts as bytes: records of 38 each, with a checksum, and room for more behind them. Pure.

The first names the boot of the machine that the others are of. Each has the time by both clocks.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple
from zlib import crc32

from gateway.upstream.way.hour_lanes import HOUR_S, Lane

VERSION = 1
NAME = 16  # bytes of what stands for an owner or a boot
EVERYONE = bytes(NAME)
"""The owner of an attempt that stands for the whole hour of every owner."""
_FORM = struct.Struct(f"<BB{NAME}sddI")
SIZE = _FORM.size
_LANES = tuple(Lane)


class Kind(IntEnum):
    """What a record says."""

    BEGUN = 1
    """The others are of this boot: its detail is the version of the form, its name that of the boot."""
    SENT = 2
    """An attempt is about to be sent: its detail is the lane, its name the owner's."""
    NEVER_LEFT = 3
    """Such an attempt never left."""


class Attempt(NamedTuple):
    """Whose it is, what for, and when: in seconds since this boot, or before it."""

    owner: bytes
    lane: Lane
    at: float


class DamagedError(Exception):
    """It is not known what was sent: bytes of something else, of another version, or not as they were written."""


def pack(kind: Kind, detail: int, name: bytes, at: float, unix: float) -> bytes:
    """Return a record."""
    record = _FORM.pack(kind, detail, name, at, unix, 0)[:-4]
    return record + crc32(record).to_bytes(4, "little")


def pack_attempt(kind: Kind, attempt: Attempt, unix: float) -> bytes:
    """Return what is said of an attempt."""
    return pack(kind, _LANES.index(attempt.lane), attempt.owner, attempt.at, unix)


def of_the_hour(data: bytes, boot: bytes, now: float, unix: float) -> list[Attempt]:
    """Return the attempts of the last hour, oldest first; those that seem to be to come count as sent now.

    Those of another boot are told by unix time as their last record saw it, so what set the clock before that changes
    nothing. Only where it was set forward since do they look older than they are.

    Raises:
        DamagedError: as it says.
    """
    (kind, version, their_boot, *_), *others = records = list(_records(data))
    if (kind, version) != (Kind.BEGUN, VERSION):
        raise DamagedError
    *_, last_at, last_unix = records[-1]
    moved = 0.0 if boot == their_boot else now - last_at - (unix - last_unix)
    counts = Counter[tuple[bytes, int, float]]()
    for kind, lane, owner, at, _ in others:
        counts[owner, lane, at + moved] += 1 if kind == Kind.SENT else -1
    attempts = (Attempt(owner, _LANES[lane], min(at, now)) for owner, lane, at in counts.elements())
    return sorted((one for one in attempts if one.at > now - HOUR_S), key=lambda one: one.at)


def since(at: float, data: bytes) -> bytes:
    """Return the records of this boot from the first attempt after a moment on."""
    for start in range(SIZE, len(data), SIZE):
        if _FORM.unpack_from(data, start)[3] > at:
            return data[start:]
    return b""


def _records(data: bytes) -> Iterator[tuple[int, int, bytes, float, float]]:
    """Yield the records. One that was cut off while it was written is not there: its attempt was not sent."""
    for start in range(0, len(data) - SIZE + 1, SIZE):
        kind, detail, name, at, unix, check = _FORM.unpack_from(data, start)
        if check == crc32(data[start : start + SIZE - 4]):
            yield kind, detail, name, at, unix
        elif start and not data[start + SIZE :].strip(b"\0"):
            return
        else:
            raise DamagedError
    if len(data) < SIZE:
        raise DamagedError
