"""Answers that were written and that clients do not take: each for a while, and all together up to a size."""

from asyncio import AbstractEventLoop, TimerHandle, Transport

import msgspec

_MOST_BYTES = 50_000_000
_LEAST_BYTES_A_SECOND = 10_000  # slower than any telephone
_LOOKS_EVERY_S = 60.0
"""A slow client's system takes nothing for a while, once it has taken some megabytes ahead."""


class _Waiting(msgspec.Struct):
    size: int
    """Bytes that it had when it was last looked at."""
    look: TimerHandle


class Backlog:
    """The connections whose clients take less than they are sent.

    A connection is cut off where its client takes under 10 kB a second for a minute; where all that waits is over
    50 MB, those that have waited for longest are, until it is less.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES, looks_every_s: float = _LOOKS_EVERY_S) -> None:
        self._most_bytes = most_bytes
        self._every_s = looks_every_s
        self._waiting: dict[Transport, _Waiting] = {}  # in the order in which they began to wait

    def add(self, transport: Transport, loop: AbstractEventLoop) -> None:
        """Note that a client does not take what is written to it."""
        self.remove(transport)
        size = transport.get_write_buffer_size()
        self._waiting[transport] = _Waiting(size, loop.call_later(self._every_s, self._look, transport, loop))
        total = sum(one.get_write_buffer_size() for one in self._waiting)
        for oldest in list(self._waiting):
            if total <= self._most_bytes:
                break
            total -= oldest.get_write_buffer_size()
            self._cut_off(oldest)

    def remove(self, transport: Transport) -> None:
        """Note that it took it, or went away."""
        if (waiting := self._waiting.pop(transport, None)) is not None:
            waiting.look.cancel()

    def _look(self, transport: Transport, loop: AbstractEventLoop) -> None:
        waiting = self._waiting[transport]
        size = transport.get_write_buffer_size()
        if waiting.size - size < _LEAST_BYTES_A_SECOND * self._every_s:
            self._cut_off(transport)
            return
        waiting.size = size
        waiting.look = loop.call_later(self._every_s, self._look, transport, loop)

    def _cut_off(self, transport: Transport) -> None:
        self.remove(transport)
        transport.abort()
