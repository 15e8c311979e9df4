"""The places in flight, and who waits for one: a bounded queue for reads, and one for writes that goes first."""

import asyncio
from collections import deque
from types import TracebackType

from gateway.errors import OverloadedError
from gateway.upstream.budget import Lane

_RETRY_IN_S = 5.0  # a PlanDocket that answers in a tenth of a second works a full queue off in that time


class Places:
    """`count` requests may run at once; of the others `waiting` reads and as many writes may wait.

    Reads never keep writes out: a waiting write goes before every waiting read, and has a queue of its own.
    """

    def __init__(self, count: int, waiting: int) -> None:
        self.taken = 0
        """Requests in flight."""
        self._count = count
        self._most_waiting = waiting
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in Lane}
        self._doors = {lane: _Door(self, lane) for lane in Lane}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    def of(self, lane: Lane) -> "_Door":
        """Return what holds a place while it is entered.

        Raises (on entering):
            OverloadedError: too many wait already.
        """
        return self._doors[lane]

    async def take(self, lane: Lane) -> None:
        """Wait for a place; OverloadedError where too many do."""
        if self.taken < self._count:
            self.taken += 1
            return
        queue = self._waiting[lane]
        if len(queue) >= self._most_waiting:
            raise OverloadedError(_RETRY_IN_S)
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.give_back()  # it was given a place and gave up in the same moment
            elif turn in queue:
                queue.remove(turn)
            raise

    def give_back(self) -> None:
        """Let the next one have the place: it changes hands, so that nobody who comes now is before them."""
        for lane in (Lane.WRITE, Lane.READ):
            queue = self._waiting[lane]
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.taken -= 1


class _Door:
    """Holds nothing of its own, so one serves all who enter."""

    def __init__(self, places: Places, lane: Lane) -> None:
        self._places = places
        self._lane = lane

    async def __aenter__(self) -> None:
        await self._places.take(self._lane)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.give_back()
