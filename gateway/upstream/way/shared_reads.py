"""Reads that run: equal ones are one request, however many wait for it.

A caller who goes away never cancels the read for the others; when nobody waits any more, it is
cancelled.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

ValueT = TypeVar("ValueT")


class _Flight(Generic[ValueT]):
    def __init__(self, task: "asyncio.Task[ValueT]") -> None:
        self.task = task
        self.waiters = 0


class Flights(Generic[ValueT]):
    """Running reads by key. The key holds everything that may change the answer."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Flight[ValueT]] = {}

    async def join(self, key: Hashable, begin: Callable[[], Coroutine[Any, Any, ValueT]]) -> ValueT:
        """Return what the running read of `key` answers; begin one where none runs."""
        flight = self._running.get(key)
        if flight is None:
            flight = self._running[key] = _Flight(asyncio.create_task(begin()))
            flight.task.add_done_callback(lambda _, ended=flight: self._forget(key, ended))
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if flight.waiters == 0 and not flight.task.done():
                # Forgotten at once: who comes now must not join what is being cancelled.
                self._forget(key, flight)
                flight.task.cancel()

    def _forget(self, key: Hashable, flight: _Flight[ValueT]) -> None:
        if self._running.get(key) is flight:
            del self._running[key]
        if flight.task.done() and not flight.task.cancelled():
            flight.task.exception()  # marks it as seen: every waiter may have gone
