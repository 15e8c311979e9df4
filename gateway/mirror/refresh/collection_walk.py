"""Reads a whole collection so that it can be trusted to be whole: one page after another, the last page first.

Where ids ascend, rows only ever move towards the front while others are created or deleted. Read from the end, a row
can be met twice then, but not missed. In any other order a new row may push one to a page that was read already: so
the collection is read twice, and what either brought is taken. To be missed by both, a row would have to be pushed a
whole page on between them, and once more just when it is its turn.
"""

from collections.abc import Awaitable, Callable, Sequence, Set
from itertools import chain, pairwise
from typing import Any

import msgspec

from gateway.upstream.call import Call
from gateway.upstream.wire.json_rows import Answer


class NotWholeError(Exception):
    """What came cannot be trusted to be all that there is."""


class TooLargeError(Exception):
    """It has more pages than were to be read."""

    def __init__(self, pages: int) -> None:
        super().__init__(f"it has {pages} pages or more")
        self.pages = pages


class Walked(msgspec.Struct, frozen=True):
    """A collection as it was walked."""

    ids: Sequence[int]
    """Its rows, in order."""
    pages: int
    """The number of the first page that was not full, by which the next walk begins."""
    requests: int
    """That the next walk takes, if nothing changes: this one may have looked for the end."""
    missed: frozenset[int] = frozenset()
    """Rows that it has, and not where: only the first of two walks met them."""
    has_repeats: bool = False
    """Whether a row was met twice."""
    total: int = 0
    """How many rows there are, where the server told."""

    @property
    def is_sure(self) -> bool:
        """Whether each row was met once, and as many as there are."""
        return not self.has_repeats and len(self.ids) >= self.total


async def walk(
    call: Call[Any],
    read: Callable[[Call[Any]], Awaitable[Answer[Any]]],
    last_page: int,
    size: int,
    most_pages: int = 1_000,
    known: Set[int] = frozenset(),
) -> Walked:
    """Return the ids of all rows of the list that `call` begins; `last_page` is where its end was last.

    One with filters is read twice as well: rows that are there may come to pass them, and enter in the middle. Where
    it has just the rows that were `known` before, the reading that told of those was the other one.

    Raises:
        NotWholeError: a page came short, rows in it cannot be read, or too many came and went meanwhile.
        TooLargeError: it has more than `most_pages`; found out by a few of them.
        CallerError, UpstreamError: as `read` does.
    """
    first = await _Walk(call, read, size, most_pages).run(max(1, last_page))
    ascends = not call.filters and all(one < other for one, other in pairwise(first.ids))
    if first.pages == 1 or ascends or (set(first.ids) == known and first.is_sure):
        return first
    again = await _Walk(call, read, size, most_pages).run(first.pages)
    missed = set(first.ids) ^ set(again.ids)
    is_sure = not (again.has_repeats and not missed) and len({*first.ids, *again.ids}) >= again.total
    if len(missed) >= size or not is_sure:
        # Where equal rows have no order, pages may show one twice, and another never.
        raise NotWholeError("two readings do not agree on which rows there are")
    requests = first.requests + again.requests
    return Walked(again.ids, again.pages, requests, frozenset(missed.difference(again.ids)))


class _Walk:
    def __init__(
        self,
        call: Call[Any],
        read: Callable[[Call[Any]], Awaitable[Answer[Any]]],
        size: int,
        most_pages: int,
    ) -> None:
        self._call = call
        self._read = read
        self._size = size
        self._most_pages = most_pages
        self._pages: dict[int, tuple[int, ...]] = {}

    async def run(self, number: int) -> Walked:
        number, answer = await self._end(number)
        last = number
        while number > 1:
            above, number = answer, number - 1
            answer = await self._page(number)
            if not above.count:
                last = number if answer.count < self._size else number + 1
            elif answer.count < self._size:
                raise NotWholeError("a page came short")
        met = list(chain.from_iterable(self._pages[number] for number in sorted(self._pages)))
        ids = tuple(dict.fromkeys(met))
        return Walked(ids, last, last, has_repeats=len(ids) < len(met), total=answer.paging.total or 0)

    async def _end(self, number: int) -> tuple[int, Answer[Any]]:
        """Return a page behind which nothing is, since it is short or empty; its number first."""
        answer, full, leaps = await self._page(number), 0, 0
        if (told := self._told_pages(answer)) and told < number and not answer.count:
            number, answer = told, await self._page(told)
        while self._is_full(answer, number):
            if number >= self._most_pages:
                raise TooLargeError(number + 1)
            step = 2 ** max(0, leaps - 1)
            after = await self._page(number + step)
            if [row.id for row in after.rows] == [row.id for row in answer.rows]:
                raise NotWholeError("the server gives the same page for each")
            full, number, answer, leaps = number, number + step, after, leaps + 1
        while number - full > 1 and 0 < full < self._most_pages:  # what was leapt over
            middle = (full + number) // 2
            between = await self._page(middle)
            if self._is_full(between, middle):
                full = middle
            else:
                number, answer = middle, between
        if full >= self._most_pages:
            raise TooLargeError(full + 1)
        return number, answer

    def _is_full(self, answer: Answer[Any], number: int) -> bool:
        paging = answer.paging
        if (
            number == 1
            and 0 < answer.count < self._size
            and (paging.more or (paging.total or 0) > answer.count)
        ):
            self._size = answer.count
        self._size = paging.size or self._size
        return answer.count == self._size

    async def _page(self, number: int) -> Answer[Any]:
        answer = await self._read(self._call.at(number))
        if answer.left_out:
            raise NotWholeError("some of its rows have no id that can be read")
        pages = self._told_pages(answer) or 1
        if pages > self._most_pages:
            raise TooLargeError(pages)
        self._pages[number] = tuple(row.id for row in answer.rows)
        return answer

    def _told_pages(self, answer: Answer[Any]) -> int | None:
        """Return how many pages there are, the first that is not full among them, where the server tells."""
        total = answer.paging.total
        return None if total is None else total // (answer.paging.size or self._size) + 1
