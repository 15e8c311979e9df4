"""Walks a list's pages, whatever the paging dialect.

Paging is undocumented altogether, so this works from what an answer shows: totals or a next link
where there are any, else the number of rows. A server that ignores `page` is noticed by its
repeating the first page.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic

import msgspec

from gateway.mirror.rows.list_order import id_step, sorting_of
from gateway.upstream.call import Call
from gateway.upstream.record import RowT
from gateway.upstream.way.dialect import Traits
from gateway.upstream.wire.json_rows import Answer

log = logging.getLogger(__name__)

_MOST_PAGES = 1_000  # the whole hour of the standard plan


Read = Callable[[Call[RowT]], Awaitable[Answer[RowT]]]


class OrderChangedError(Exception):
    """Pages of a list came in orders of different makers: they make no list."""


class Source(msgspec.Struct, frozen=True):
    """Where a list's pages come from, and what it is told of them."""

    read: Read[Any]
    """Must answer an equal call at once when it is asked again (see `gateway.mirror.answers.operation_reads`)."""
    read_anew: Read[Any]
    """The same, from PlanDocket as it is during this operation."""
    learn_total: Callable[[int], None]
    join: Callable[[Call[Any], Call[Any], int, int], None]
    """Takes two pages, and that the last row of the first, by its id, is right before the first of the second."""


class Listing(Generic[RowT]):
    """A list upstream, read page by page as far as it is needed."""

    def __init__(self, source: Source, call: Call[RowT], traits: Traits) -> None:
        self._source = source
        self._call = call
        self._traits = traits
        self._path = call.record.path
        self._is_sized = False
        self._pages: dict[int, tuple[RowT, ...]] = {}
        self._places: dict[int, Sequence[int]] = {}  # page -> where its rows stood, as the server counts
        self._counts: dict[int, int] = {}  # page -> how many rows it came with, those that were left out too
        self._behind: dict[int, int] = {}  # page -> the id of the row that was right before it
        self._anew: set[int] = set()  # the pages that PlanDocket was asked for during the operation
        self.size = traits.page_size(self._path)
        """How many rows a full page has."""
        self.whole: tuple[RowT, ...] | None = None
        """All rows, where the server does not cut the list."""
        self.end: int | None = None
        """The list has no row from this offset on; None while nobody knows."""
        self.total: int | None = None
        """How many rows the list has; None while it is not known for certain."""
        self.sorting = sorting_of(call)

    async def all(self) -> tuple[RowT, ...]:
        """Return every row once: the pages after the first at once where a total is told, else in turn."""
        rows = list(await self.page(1))
        if self.end is not None:
            rest = range(2, -(-self.end // self.size) + 1)
            for page in await asyncio.gather(*map(self.page, rest)):
                rows += page
        else:
            rows += await self._walk(2)
        return tuple({row.id: row for row in rows}.values())

    async def length(self) -> int:
        """Return how many rows the list has, unreadable ones too; walks it where the first page does not tell."""
        await self.page(1)
        if self.total is not None:
            return self.total
        rows = await self.all()
        return next((known for known in (self.total, self.end) if known is not None), len(rows))

    def pages_left(self, size: int | None) -> int | None:
        """Return how many pages are unread; None where nobody knows. `size` is the length last seen."""
        end = self.end if self.end is not None else size
        if self.whole is not None or end == 0:
            return 0
        return None if end is None else max(0, -(-end // self.size) - len(self._pages))

    async def _walk(self, number: int) -> list[RowT]:
        rows: list[RowT] = []
        before: tuple[RowT, ...] = ()
        while self.end is None and number <= _MOST_PAGES:
            page = await self.page(number)
            if self.is_empty(number) or _repeats(page, before):
                break
            rows += page
            before = page
            number += 1
        return rows

    async def page(self, number: int) -> tuple[RowT, ...]:
        """Return the rows of a page, counted from 1."""
        if self.whole is None and number not in self._pages:
            await self._take(number, await self._source.read(self._call.at(number)))
        if self.whole is not None:
            return self.whole if number == 1 else ()
        return self._pages.get(number, ())

    async def anew(self, number: int) -> bool:
        """Read a page as PlanDocket has it during this operation; return whether it has other rows than before."""
        if number in self._anew:
            return False
        before = self._pages.get(number, ())
        answer = await self._source.read_anew(self._call.at(number))
        self._anew.add(number)
        await self._take(number, answer)
        return not _repeats(before, self._pages.get(number, ()))

    def offsets(self, number: int) -> list[int]:
        """Return where the rows of a page that was read stand in the list, from 0."""
        return [(number - 1) * self.size + place for place in self._places.get(number, ())]

    def is_empty(self, number: int) -> bool:
        """Return whether a page that was read came without rows, be they such as cannot be read."""
        return not self._counts.get(number) and self.whole is None

    def joined(self, number: int) -> bool:
        """Return whether a page certainly begins right behind the last row of the one before it.

        Pages that were kept at different times may not: rows between them move when others go or come.
        """
        if {number - 1, number} <= self._anew:
            return True
        page, before = self._pages.get(number), self._pages.get(number - 1)
        return bool(page) and bool(before) and self.follows(number, before[-1].id)

    def follows(self, number: int, row_id: int) -> bool:
        """Return whether a page certainly begins right behind a row."""
        page = self._pages.get(number, ())
        is_next = bool(page) and page[0].id - row_id == (id_step(page, self.sorting) or None)
        return is_next or self._behind.get(number) == row_id

    def leads_to(self, number: int, row_id: int) -> bool:
        """Return whether a page certainly ends right before a row."""
        page = self._pages.get(number, ())
        return bool(page) and row_id - page[-1].id == (id_step(page, self.sorting) or None)

    def join(self, number: int) -> None:
        """Tell that a page begins right behind the last row of the one before it."""
        page, before = self._pages.get(number), self._pages.get(number - 1)
        if page and before:
            self._source.join(self._call.at(number - 1), self._call.at(number), before[-1].id, page[0].id)

    async def _take(self, number: int, answer: Answer[RowT]) -> None:
        if self._pages.keys() - {number} and answer.is_in_own_order != self.sorting.is_own:
            raise OrderChangedError
        self.sorting = msgspec.structs.replace(self.sorting, is_own=answer.is_in_own_order)
        if self._resize(number, answer):
            return
        size = self.size
        if await self._is_repeat(number, answer) or size != self.size or self.whole is not None:
            return
        self._pages[number], self._counts[number] = answer.rows, answer.count
        self._places[number] = _places(answer, size)
        self._behind.pop(number, None)  # it was of the rows that the page had before
        if answer.behind is not None:
            self._behind[number] = answer.behind
        self._note_end(number, answer)

    def _resize(self, number: int, answer: Answer[RowT]) -> bool:
        """Notice a list that comes whole, or pages of another size than was asked for."""
        told, rows = answer.paging, answer.count
        if len(answer.rows) > max(told.size or 0, self.size):
            self.whole, self.end, self.total = answer.rows, rows, rows
            self._source.learn_total(rows)
            return True
        is_short = number == 1 and 0 < rows < self.size
        there_is_more = told.more or (told.total or 0) > rows
        size = told.size or (rows if is_short and there_is_more else self.size)
        if self._is_sized or size == self.size:
            return False
        # Once only: a server that tells another size each time must not send us in circles.
        self._is_sized = True
        self.size = size
        self._traits.learn_page_size(self._path, size)
        self._pages.clear()
        self._counts.clear()
        self._places.clear()
        self._behind.clear()
        self._anew.clear()
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
        if repeats and await self.anew(1):  # what was kept of it may have moved to this page meanwhile
            repeats = _repeats(answer.rows, self._pages.get(1, ()))
        self._traits.learn_paged(self._path, not repeats)
        if repeats:
            log.warning("PlanDocket ignores paging of %s: only its first page can be read", self._path)
            self.end = self._counts[1]
        return repeats

    def _note_end(self, number: int, answer: Answer[RowT]) -> None:
        told, rows = answer.paging, answer.count
        end = (number - 1) * self.size + rows
        # A total that these rows go beyond is none.
        if told.total is not None and (not rows or told.total >= end - len(answer.left_out)):
            self.end = self.total = told.total
        elif not rows and self.end is not None and self.end <= end:
            pass  # beyond the end, as was known
        elif told.more is False or (told.more is None and rows < self.size):
            self.end = end
            # An empty page tells the end only where it follows one with rows.
            self.total = end if rows or number == 1 or self._pages.get(number - 1) else None
        elif self._traits.is_paged(self._path) is False:
            self.end = end
        elif self.end is not None and self.end < end:  # it has grown since a page was kept
            self.end = self.total = None
        if self.total is not None:
            self._source.learn_total(self.total)


def _places(answer: Answer[Any], size: int) -> Sequence[int]:
    """Return where an answer's rows stood in it. Where more came than a page holds, what came twice took no place."""
    if not answer.left_out or answer.count > size:
        return range(len(answer.rows))
    return [place for place in range(answer.count) if place not in answer.left_out]


def _repeats(page: tuple[RowT, ...], other: tuple[RowT, ...]) -> bool:
    return bool(page) and [row.id for row in page] == [row.id for row in other]
