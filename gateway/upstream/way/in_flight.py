"""The places in flight, and who waits for one: a bounded queue for reads, and one for writes that goes first."""

import asyncio
from collections import deque

from gateway.errors import OverloadedError
from gateway.upstream.way.budget import Lane

_RETRY_IN_S = 5.0  # a PlanDocket that answers in a tenth of a second works a full queue off in that time


class Places:
    """`count` reads may run at once, and `more` writes besides; of the others `waiting` of each may wait.

    Reads never keep writes out: not where all of them hang, since they never take the last `more` places, nor by
    their number, since a waiting write goes before every waiting read and has a queue of its own.
    """

    def __init__(self, count: int, more: int, waiting: int) -> None:
        self.taken = 0
        """Requests in flight."""
        self._most = {Lane.READ: count, Lane.WALK: count, Lane.CHECK: count, Lane.WRITE: count + more}
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
        if self.taken < self._most[lane]:
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
        for lane, queue in ((Lane.WRITE, self._writes), (Lane.READ, self._reads)):
            while queue and self.taken <= self._most[lane]:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.taken -= 1
