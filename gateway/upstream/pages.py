"""Walks a list's pages, whatever the paging dialect.

Paging is undocumented altogether, so this works from what an answer shows: totals or a next link
where there are any, else the number of rows. A server that ignores `page` is noticed by its
repeating the first page.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic

import msgspec

from gateway.upstream.call import Call
from gateway.upstream.record import RowT
from gateway.upstream.traits import Traits
from gateway.upstream.wire import Answer

log = logging.getLogger(__name__)

_MOST_PAGES = 1_000  # the whole hour of the standard plan


Read = Callable[[Call[RowT]], Awaitable[Answer[RowT]]]


class Window(msgspec.Struct, frozen=True):
    """Which rows of a list are wanted: the `first` or the `last` of positions `start` to `stop`.

    Positions count from 0, `stop` is not included and None is the list's end. One of `first` and
    `last` is given.
    """

    start: int = 0
    stop: int | None = None
    first: int | None = None
    last: int | None = None

    def within(self, stop: int | None) -> tuple[int, int]:
        """Return the wanted positions as start and stop, of a list that ends at `stop` at the latest."""
        if self.first is not None:
            end = self.start + self.first
            return self.start, end if stop is None else max(self.start, min(stop, end))
        end = stop or 0
        return min(end, max(self.start, end - (self.last or 0))), end


class Slice(msgspec.Struct, Generic[RowT], frozen=True):
    """Neighbouring rows of a list."""

    rows: tuple[RowT, ...]
    start: int
    """The first row's position in the whole list, from 0."""
    has_next: bool
    """Also true where a full page came and the server tells no more: no request is spent to find out."""
    total: int | None
    """How many rows the whole list has; None where PlanDocket does not tell."""


def cut(rows: tuple[RowT, ...], window: Window) -> Slice[RowT]:
    """Return the window's rows of a list that is all at hand."""
    length = len(rows)
    start, stop = window.within(length if window.stop is None else min(window.stop, length))
    return Slice(rows[start:stop], start, has_next=stop < length, total=length)


class Listing(Generic[RowT]):
    """A list upstream, read page by page as far as it is needed.

    `read` must answer an equal call at once when it is asked again (see `gateway.reads`).
    """

    def __init__(
        self, read: Read[RowT], call: Call[RowT], traits: Traits, learn: Callable[[int], None]
    ) -> None:
        self._read = read
        self._call = call
        self._traits = traits
        self._learn = learn
        self._path = call.record.path
        self._size = traits.page_size(self._path)
        self._is_sized = False
        self._pages: dict[int, tuple[RowT, ...]] = {}
        self._whole: tuple[RowT, ...] | None = None
        self._end: int | None = None  # the list has no row from here on
        self.total: int | None = None
        """How many rows the list has; None while it is not known for certain."""

    async def slice(self, window: Window) -> Slice[RowT]:
        """Return the window's rows, for the pages they lie on."""
        stop = window.stop
        if stop is None and window.last is not None:
            stop = await self.length()
        start, stop = window.within(stop)
        rows = await self._between(start, stop)
        has_next = self._end is None or start + len(rows) < self._end
        return Slice(rows, start, has_next and bool(rows), self.total)

    async def all(self) -> tuple[RowT, ...]:
        """Return every row once: the pages after the first at once where a total is told, else in turn."""
        rows = list(await self.page(1))
        if self._end is not None:
            rest = range(2, -(-self._end // self._size) + 1)
            for page in await asyncio.gather(*map(self.page, rest)):
                rows += page
        else:
            rows += await self._walk(2)
        return tuple({row.id: row for row in rows}.values())

    async def length(self) -> int:
        """Return how many rows the list has; walks it where the first page does not tell."""
        await self.page(1)
        return len(await self.all()) if self.total is None else self.total

    def pages_left(self, size: int | None) -> int | None:
        """Return how many pages are unread; None where nobody knows. `size` is the length last seen."""
        end = self._end if self._end is not None else size
        if self._whole is not None or end == 0:
            return 0
        return None if end is None else max(0, -(-end // self._size) - len(self._pages))

    async def _walk(self, number: int) -> list[RowT]:
        rows: list[RowT] = []
        before: tuple[RowT, ...] = ()
        while self._end is None and number <= _MOST_PAGES:
            page = await self.page(number)
            if not page or _repeats(page, before):
                break
            rows += page
            before = page
            number += 1
        return rows

    async def _between(self, start: int, stop: int) -> tuple[RowT, ...]:
        size = self._size
        numbers = range(start // size + 1, max(stop - 1, start) // size + 2)
        found: list[RowT] = []
        for number in numbers:
            found += await self.page(number)
            if self._whole is not None:
                return self._whole[start:stop]
            if self._size != size:
                return await self._between(start, stop)
            if self._end is not None and number * size >= self._end:
                break
        offset = (numbers.start - 1) * size
        return tuple(found[start - offset : stop - offset])

    async def page(self, number: int) -> tuple[RowT, ...]:
        """Return the rows of a page, counted from 1."""
        if self._whole is not None:
            return self._whole if number == 1 else ()
        if number not in self._pages:
            answer = await self._read(self._call.at(number))
            if self._resize(number, answer):
                return answer.rows if number == 1 else ()
            size = self._size
            if await self._is_repeat(number, answer) or size != self._size:
                return ()
            self._pages[number] = answer.rows
            self._note_end(number, answer)
        return self._pages[number]

    def _resize(self, number: int, answer: Answer[RowT]) -> bool:
        """Notice a list that comes whole, or pages of another size than was asked for."""
        told, rows = answer.paging, len(answer.rows)
        if rows > max(told.size or 0, self._size):
            self._whole, self._end, self.total = answer.rows, rows, rows
            self._learn(rows)
            return True
        is_short = number == 1 and 0 < rows < self._size
        there_is_more = told.more or (told.total or 0) > rows
        size = told.size or (rows if is_short and there_is_more else self._size)
        if self._is_sized or size == self._size:
            return False
        # Once only: a server that tells another size each time must not send us in circles.
        self._is_sized = True
        self._size = size
        self._traits.learn_page_size(self._path, size)
        self._pages.clear()
        return number != 1

    async def _is_repeat(self, number: int, answer: Answer[RowT]) -> bool:
        """Return whether the server answered its first page again, so that `page` does nothing."""
        if number == 1:
            return False
        # Only the first page shows how large pages are, and whether there are any, where nothing tells.
        if answer.paging.size is None and self._traits.is_paged(self._path) is None:
            await self.page(1)
        if 1 not in self._pages or not answer.rows:
            return False
        repeats = _repeats(answer.rows, self._pages[1])
        self._traits.learn_paged(self._path, not repeats)
        if repeats:
            log.warning("PlanDocket ignores paging of %s: only its first page can be read", self._path)
            self._end = len(self._pages[1])
        return repeats

    def _note_end(self, number: int, answer: Answer[RowT]) -> None:
        told, rows = answer.paging, len(answer.rows)
        end = (number - 1) * self._size + rows
        if told.total is not None:
            self._end = self.total = told.total
        elif told.more is False or (told.more is None and rows < self._size):
            self._end = end
            self.total = end if rows or number == 1 else None
        elif self._traits.is_paged(self._path) is False:
            self._end = end
        if self.total is not None:
            self._learn(self.total)


def _repeats(page: tuple[RowT, ...], other: tuple[RowT, ...]) -> bool:
    return [row.id for row in page] == [row.id for row in other]
