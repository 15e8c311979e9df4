"""Rounds of the event loop that are short, however many operations come at once."""

import asyncio
from time import perf_counter

_LONGEST_S = 0.01


class Turns:
    """Lets no round of the loop begin another operation once it has taken ten milliseconds.

    What is read, validated and answered from what is kept takes no turn from others by itself: of two hundred
    connections that send at once, all would have theirs before anybody else's byte is read.
    """

    def __init__(self) -> None:
        self._began = 0.0
        self._is_in_round = False

    async def mine(self) -> None:
        """Return when an operation may begin: at once, or in a later round of the loop."""
        while not self._has_room():  # noqa: ASYNC110 - it is the next round that is waited for
            await asyncio.sleep(0)

    def _has_room(self) -> bool:
        now = perf_counter()
        if not self._is_in_round:
            self._is_in_round, self._began = True, now
            asyncio.get_running_loop().call_soon(self._end_round)
        return now - self._began < _LONGEST_S

    def _end_round(self) -> None:
        self._is_in_round = False
