"""Turns of the event loop: however many operations come at once, what is short is answered in between."""

import asyncio
from time import perf_counter

LONGEST_S = 0.01
"""For so long operations begin, before all else has its turn."""
_ROUNDS = 4  # of the event loop: in so many, a short request is accepted, read, begun and answered


class Turns:
    """Spreads operations that come together over rounds of the event loop."""

    def __init__(self) -> None:
        self._until = 0.0
        self._rounds_left = 0

    async def take(self) -> None:
        """Return at once, unless operations that began in these rounds have taken their time already."""
        while self._rounds_left and perf_counter() > self._until:  # noqa: ASYNC110 - an event would wake all at once too
            await asyncio.sleep(0)
        if not self._rounds_left:
            self._until = perf_counter() + LONGEST_S
            self._rounds_left = _ROUNDS
            asyncio.get_running_loop().call_soon(self._pass_round)

    def _pass_round(self) -> None:
        self._rounds_left -= 1
        if self._rounds_left:
            asyncio.get_running_loop().call_soon(self._pass_round)
