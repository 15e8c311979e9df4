"""Rounds of the event loop that are short, however many operations come at once."""

import asyncio
from collections import deque
from time import perf_counter

_LONGEST_S = 0.01


class Turns:
    """Lets no round of the loop begin many operations once it has taken ten milliseconds: the rest come one a round.

    What is read, validated and answered from what is kept takes no turn from others by itself: of two hundred
    connections that send at once, all would have theirs before anybody else's byte is read.
    """

    def __init__(self) -> None:
        self._began = 0.0
        self._is_in_round = False
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_calling = False

    async def mine(self) -> None:
        """Return when an operation may begin: at once, or in a later round of the loop, in the order they came."""
        if not self._waiting and self._has_room():
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._is_calling:
            self._is_calling = True
            loop.call_soon(self._next, loop)
        await turn

    def _has_room(self) -> bool:
        now = perf_counter()
        if not self._is_in_round:
            self._is_in_round, self._began = True, now
            asyncio.get_running_loop().call_soon(self._end_round)
        return now - self._began < _LONGEST_S

    def _end_round(self) -> None:
        self._is_in_round = False

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._waiting and self._waiting[0].done():  # its client went away
            self._waiting.popleft()
        self._is_calling = bool(self._waiting)
        if self._is_calling:
            self._waiting.popleft().set_result(None)
            loop.call_soon(self._next, loop)
