"""How much the gateway has to do: what it cannot answer in good time it refuses at once.

Two things tell: how many operations run, and how long one round of the event loop takes. The second
is needed since an operation that is answered from what is kept runs in one go: many of them wait for
the processor without ever running at the same time.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from types import TracebackType

from gateway.errors import OverloadedError

_LONGEST_ROUND_S = 0.05
_REMEMBERED_S = 1.0  # a round that was slow says nothing of a loop that has rested since
_RETRY_IN_S = 1.0


class Load:
    """Counts the operations that run: enter it around each.

    Raises (on entering):
        OverloadedError: `most` run already, or the last two rounds of the event loop were slow.
    """

    def __init__(self, most: int, now: Callable[[], float] = monotonic) -> None:
        self.running = 0
        """Operations that run."""
        self._most = most
        self._now = now
        self._rounds_s = (0.0, 0.0)  # the last two: a single slow one may be a single large answer
        self._seen_at = 0.0
        self._is_timing = False

    def __enter__(self) -> None:
        self._time()
        if self.running >= self._most or self._is_behind():
            raise OverloadedError(_RETRY_IN_S)
        self.running += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running -= 1

    def _time(self) -> None:
        if not self._is_timing:
            self._is_timing = True
            asyncio.get_running_loop().call_soon(self._note, self._now())

    def _note(self, began: float) -> None:
        self._is_timing = False
        self._seen_at = self._now()
        self._rounds_s = (self._rounds_s[1], self._seen_at - began)

    def _is_behind(self) -> bool:
        return min(self._rounds_s) > _LONGEST_ROUND_S and self._now() - self._seen_at < _REMEMBERED_S
