"""Work that runs beside whoever began it, and ends with its owner at the latest."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


class Tasks:
    """What runs for one owner: its failures are seen by who waits for them, and logged by nobody else."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start work, and go on."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(see)
        return task

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        while self._running:
            await asyncio.wait(self._running)

    async def end(self) -> None:
        """End all that runs, and wait until it has."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)


def see(future: "asyncio.Future[Any]") -> None:
    """Mark a failure as seen: whoever waited for it may be gone, and asyncio would log that nobody asked."""
    if not future.cancelled():
        future.exception()


async def settle(work: Iterable[Coroutine[Any, Any, T]]) -> list[T | Exception]:
    """Run all at once and return each value or exception, in order: one failure spares the others."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
    return [
        result for result in results if not isinstance(result, BaseException) or isinstance(result, Exception)
    ]
