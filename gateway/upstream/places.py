"""The places in flight, and who waits for one: a bounded queue for reads, and one for writes that goes first."""

import asyncio
from collections import deque

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
        self._writes: deque[asyncio.Future[None]] = deque()
        self._reads: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._writes) + len(self._reads)

    async def take(self, lane: Lane) -> None:
        """Wait for a place, to be given back by who took it.

        Raises:
            OverloadedError: too many wait already.
        """
        if self.taken < self._count:
            self.taken += 1
            return
        queue = self._writes if lane is Lane.WRITE else self._reads
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
        for queue in (self._writes, self._reads):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.taken -= 1
