"""A window of a list: so many rows behind or before a row that was seen, wherever that row stands by now.

PlanDocket pages by number alone, as far as anybody knows, so rows move from page to page when others
come or go. An anchor is looked for where it was last: on the page of the wanted rows, else on the pages
beside it, in the direction that the order of the rows shows. Where it is gone, the window begins where it
would stand. What that costs, where nothing is kept:

* no anchor, or one of the release before: the pages of the wanted rows
* an anchor on one of these pages: no more
* an anchor on the page beside them, which is to say a window that begins where a page does: no more where
  ids show that nothing stands between (the next integer, in a list ordered by ids), else that page too:
  without it nobody knows what moved there
* an anchor that moved by some pages, or whose place is some pages away: one request for each of these

Kept pages are used together only where it is known how they join: else they are read again.
"""

from typing import Generic

import msgspec

from gateway.mirror.answers.anchors import Spot, Stretch, Way, look, lost, spot_in
from gateway.mirror.answers.walk import Listing
from gateway.mirror.rows.list_order import ENOUGH, Anchor, Sorting
from gateway.upstream.record import RowT
from gateway.upstream.way.reasons import because

_MOST_ASIDE = 6
"""So many pages beside an anchor's own are looked through for it while no order shows the way."""


class Window(msgspec.Struct, frozen=True):
    """Which rows of a list are wanted: the `first` or the `last` of those between two others.

    One of `first` and `last` is given; an anchor that is not stands for the list's own end.
    """

    first: int | None = None
    last: int | None = None
    after: Anchor | None = None
    before: Anchor | None = None
    offset: int = 0
    """How many rows are passed over first."""

    def within(self, start: int, stop: int | None) -> tuple[int, int]:
        """Return the wanted offsets as start and stop, of those from `start` to `stop`, where that is known."""
        if self.first is not None:
            end = start + self.first
            return start, end if stop is None else max(start, min(stop, end))
        end = stop or 0
        return min(end, max(start, end - (self.last or 0))), end


class Slice(msgspec.Struct, Generic[RowT], frozen=True):
    """Neighbouring rows of a list."""

    rows: tuple[RowT, ...]
    start: int
    """The first row's offset in the whole list, from 0."""
    has_previous: bool
    has_next: bool
    """Also true where a full page came and the server tells no more: no request is spent to find out."""
    total: int | None
    """How many rows the whole list has; None where PlanDocket does not tell."""
    is_in_own_order: bool = False
    """Whether they are ordered by the gateway, and not by PlanDocket."""


def cut(rows: tuple[RowT, ...], window: Window, sorting: Sorting) -> Slice[RowT]:
    """Return the window's rows of a list that is all at hand."""
    length = len(rows)
    start, stop = window.offset, length
    if window.after is not None:
        start = spot_in(window.after, rows, sorting).behind
    if window.before is not None:
        stop = min(length, spot_in(window.before, rows, sorting).offset)
    start, stop = window.within(start, stop)
    has_previous, has_next = min(start, length) > 0, max(start, stop) < length
    return Slice(rows[start:stop], start, has_previous, has_next, length, sorting.is_own)


async def slice_of(listing: Listing[RowT], window: Window) -> Slice[RowT]:
    """Return the window's rows, for the pages that tell where they are."""
    while True:
        # Each turn reads a page that the one before did not, so this ends.
        try:
            return await _Reading(listing).slice(window)
        except _ChangedError:
            continue


class _ChangedError(Exception):
    """The list turned out to be other than what was at hand of it: all offsets are to be found again."""


class _Reading(Generic[RowT]):
    """One attempt at a window of a list."""

    def __init__(self, listing: Listing[RowT]) -> None:
        self._listing = listing
        self._size = listing.size
        self._found_on: set[int] = set()  # pages on which anchors were found

    async def slice(self, window: Window) -> Slice[RowT]:
        """Return the window's rows; _ChangedError where the list turns out to be another on the way."""
        listing = self._listing
        if listing.whole is not None:
            return cut(listing.whole, window, listing.sorting)
        start, stop = await self._bounds(window)
        end = stop
        rows, has_next = await self._rows(start, stop)
        while not rows and stop > start and (further := self._further(window, start, stop, has_next)):
            start, stop = further
            rows, has_next = await self._rows(start, stop)
        if window.before is None and window.last is not None and listing.total not in (None, end):
            raise _ChangedError
        has_previous = min(start, start if listing.end is None else listing.end) > 0
        return Slice(rows, start, has_previous, has_next, listing.total, listing.sorting.is_own)

    def _further(self, window: Window, start: int, stop: int, has_next: bool) -> tuple[int, int] | None:
        """Return the offsets beyond some whose rows were all left out: a page without rows has no cursor."""
        size = stop - start
        if window.first is None:
            return (max(0, start - size), start) if start > 0 and window.after is None else None
        return (stop, stop + size) if has_next and window.before is None else None

    async def _bounds(self, window: Window) -> tuple[int, int]:
        start, stop = window.offset, None
        if window.after is not None:
            start = (await self._find(window.after, window.after.offset + 1)).behind
        if window.before is not None:
            stop = (await self._find(window.before, max(0, window.before.offset - 1))).offset
        if stop is None and window.last is not None:
            stop = await self._listing.length()
            self._hold()
        return window.within(start, stop)

    async def _rows(self, start: int, stop: int) -> tuple[tuple[RowT, ...], bool]:
        """Return the rows from one offset to another, and whether any may follow."""
        end = self._listing.end
        if end is not None and start >= end:
            return (), False
        first, last = start // self._size + 1, max(stop - 1, start) // self._size + 1
        # An anchor's page and the next must fit too.
        stretch = await self._stretch(
            first - (first - 1 in self._found_on), last + (last + 1 in self._found_on)
        )
        stop = max(start, stop)
        # A row that moved between two reads is there twice.
        rows = {row.id: row for row in stretch.between(start, stop)}
        return tuple(rows.values()), not stretch.is_end or any(at >= stop for at in stretch.offsets[-1:])

    async def _find(self, anchor: Anchor, near: int) -> Spot:
        """Return an anchor's spot; `near` is the offset of the wanted row beside it."""
        if anchor.id is None:
            return Spot(anchor.offset, is_there=True)
        number = await self._landing(near // self._size + 1)
        if self._is_beside(anchor, number):
            return Spot(anchor.offset, is_there=True)
        with because("the page begins or ends at a row that was seen, which is looked for"):
            return await self._search(anchor, number)

    async def _search(self, anchor: Anchor, number: int) -> Spot:
        low = high = number
        while True:
            stretch = await self._stretch(low, high)
            found = look(anchor, stretch, self._listing.sorting) or self._blind(anchor, low, high, stretch)
            if isinstance(found, Spot):
                if found.is_there:
                    self._found_on.add(found.offset // self._size + 1)
                return found
            low, high = (low - 1, high) if found is Way.BACK else (low, high + 1)

    def _blind(self, anchor: Anchor, low: int, high: int, stretch: Stretch[RowT]) -> Spot | Way:
        """Return the way to look on where no order shows any: to where the anchor was, then to either side of it."""
        home = anchor.offset // self._size + 1
        if stretch.is_whole or (high - low >= _MOST_ASIDE and len(stretch.rows) >= ENOUGH):
            return lost(anchor, self._listing.end)
        if stretch.is_end or low == 1:
            return Way.BACK if stretch.is_end else Way.FORTH
        return Way.BACK if home - low <= high - home else Way.FORTH

    async def _landing(self, number: int) -> int:
        """Return the page of this number, or one before it where the list does not reach so far any more."""
        back = 1
        while not await self._page(number) and self._listing.is_empty(number) and number > 1:
            end = self._listing.end
            last = number if end is None else -(-end // self._size)
            number, back = max(1, min(number - back, last)), back * 2
        return number

    def _is_beside(self, anchor: Anchor, number: int) -> bool:
        """Return whether an anchor is certainly still right before a page, or right behind it."""
        listing, row_id, offset = self._listing, anchor.id or 0, (number - 1) * self._size
        if anchor.offset == offset - 1:
            return listing.follows(number, row_id)
        return anchor.offset == offset + self._size and listing.leads_to(number, row_id)

    async def _stretch(self, low: int, high: int) -> Stretch[RowT]:
        """Return the rows of neighbouring pages, which fit together."""
        rows: list[RowT] = []
        offsets: list[int] = []
        number, is_end = low - 1, False
        while number < high and not is_end:
            number += 1
            page = await self._page(number)
            rows += page
            offsets += self._listing.offsets(number)
            end = self._listing.end
            is_end = self._listing.is_empty(number) or (end is not None and number * self._size >= end)
        await self._join(low, number)
        start, stop = (low - 1) * self._size, number * self._size
        if is_end:
            stop = offsets[-1] + 1 if offsets else start
        return Stretch(tuple(rows), offsets, start, stop, is_end)

    async def _join(self, low: int, high: int) -> None:
        """Read pages again unless it is known how they join."""
        seams = range(low + 1, high + 1)
        if not all(map(self._listing.joined, seams)):
            changed = [await self._listing.anew(number) for number in range(low, high + 1)]
            self._hold()
            if any(changed):
                raise _ChangedError
        for number in seams:
            self._listing.join(number)

    async def _page(self, number: int) -> tuple[RowT, ...]:
        rows = await self._listing.page(number)
        self._hold()
        return rows

    def _hold(self) -> None:
        """Return while pages are of the size that offsets are counted by."""
        if self._listing.size != self._size or self._listing.whole is not None:
            raise _ChangedError
