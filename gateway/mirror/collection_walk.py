"""Reads a whole collection so that it can be trusted to be whole: one page after another, the last page first.

Where ids ascend, rows only ever move towards the front while others are created or deleted. Read from the end, a row
can be met twice then, but not missed.
"""

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import msgspec

from gateway.upstream.call import Call
from gateway.upstream.wire.json_rows import Answer

_MOST_PAGES = 1_000


class NotWholeError(Exception):
    """What came cannot be trusted to be all that there is."""


class Walked(msgspec.Struct, frozen=True):
    """A collection as it was walked."""

    seen: set[int]
    pages: int
    """The number of the first page that was not full, by which the next walk begins."""
    requests: int


async def walk(
    call: Call[Any], read: Callable[[Call[Any]], Awaitable[Answer[Any]]], last_page: int, size: int
) -> Walked:
    """Return the ids of all rows of the list that `call` begins; `last_page` is where its end was last.

    Raises:
        NotWholeError: its order is another, a page came short, or rows in it cannot be read.
        CallerError, UpstreamError: as `read` does.
    """
    return await _Walk(call, read, size).run(max(1, last_page))


class _Walk:
    def __init__(
        self, call: Call[Any], read: Callable[[Call[Any]], Awaitable[Answer[Any]]], size: int
    ) -> None:
        self._call = call
        self._read = read
        self._size = size
        self._seen: set[int] = set()
        self._requests = 0

    async def run(self, number: int) -> Walked:
        number, answer = await self._end(number)
        last = number
        while number > 1:
            above, number = answer, number - 1
            answer = await self._page(number)
            if not above.count:
                last = number if answer.count < self._size else number + 1
            elif answer.count < self._size or answer.rows[0].id >= above.rows[0].id:
                raise NotWholeError
        return Walked(self._seen, last, self._requests)

    async def _end(self, number: int) -> tuple[int, Answer[Any]]:
        """Return a page behind which nothing is, since it is short or empty; its number first."""
        answer = await self._page(number)
        while self._is_full(answer, number):
            after = await self._page(number + 1)
            if [row.id for row in after.rows] == [row.id for row in answer.rows] or number > _MOST_PAGES:
                raise NotWholeError  # the server ignores `page`
            number, answer = number + 1, after
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
        self._requests += 1
        answer = await self._read(self._call.at(number))
        if answer.left_out or any(one.id >= other.id for one, other in pairwise(answer.rows)):
            raise NotWholeError
        self._seen |= {row.id for row in answer.rows}
        return answer
