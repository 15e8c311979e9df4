"""Where an anchor is, told from neighbouring rows of its list. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from enum import Enum
from typing import Generic

import msgspec

from gateway.mirror.rows.list_order import ENOUGH, Anchor, Sorting, find, place
from gateway.upstream.record import RowT

_OVERLAP = 25
"""So many rows are shown again, where an anchor is gone and no order shows where it stood."""


class Spot(msgspec.Struct, frozen=True):
    """Where an anchor stands; where it is gone, what stood behind it."""

    offset: int
    is_there: bool

    @property
    def behind(self) -> int:
        """The offset of what follows."""
        return self.offset + self.is_there


class Way(Enum):
    """Where to look on."""

    BACK = -1
    FORTH = 1


class Stretch(msgspec.Struct, Generic[RowT], frozen=True):
    """Neighbouring rows of a list."""

    rows: tuple[RowT, ...]
    offsets: Sequence[int]
    """Where each of them stands, from 0: rows that cannot be read leave gaps."""
    start: int
    stop: int
    """The offsets from which and up to which these are all rows of the list."""
    is_end: bool
    """Whether none follows."""

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows of the list."""
        return self.start == 0 and self.is_end

    def spot(self, index: int, *, is_there: bool) -> "Spot":
        """Return the spot of one of the rows, or of what would stand before it, or behind all."""
        offset = self.offsets[index] if index < len(self.offsets) else self.stop
        return Spot(offset, is_there)

    def between(self, start: int, stop: int) -> tuple[RowT, ...]:
        """Return the rows at these offsets."""
        return self.rows[bisect_left(self.offsets, start) : bisect_left(self.offsets, stop)]


def look(anchor: Anchor, stretch: Stretch[RowT], sorting: Sorting) -> Spot | Way | None:
    """Return an anchor's spot, or the way to it; None where no order shows, and it is not there."""
    rows = stretch.rows
    if (index := find(anchor, rows, sorting)) is not None:
        return stretch.spot(index, is_there=True)
    if len(rows) < ENOUGH and not stretch.is_whole:
        return None
    index = place(anchor, rows, sorting)
    if index == 0 and stretch.start > 0:
        return Way.BACK
    if index == len(rows) and not stretch.is_end:
        return Way.FORTH
    return None if index is None else stretch.spot(index, is_there=False)


def spot_in(anchor: Anchor, rows: tuple[RowT, ...], sorting: Sorting) -> Spot:
    """Return an anchor's spot in a list that is all at hand."""
    if anchor.id is None:
        return Spot(anchor.offset, is_there=True)
    length = len(rows)
    found = look(anchor, Stretch(rows, range(length), 0, length, is_end=True), sorting)
    return found if isinstance(found, Spot) else lost(anchor, length)


def lost(anchor: Anchor, end: int | None) -> Spot:
    """Return the best guess for an anchor that is gone from a list in which no order shows.

    Rows that went with it, before it, moved what follows nearer to the list's start: some are rather
    shown twice than never. `end` is the list's length, where it is known.
    """
    offset = max(0, anchor.offset - _OVERLAP)
    return Spot(offset if end is None else min(offset, end), is_there=False)
