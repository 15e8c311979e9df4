"""A thread of its own for what takes long: in steps, between which what is more urgent takes its turn."""

import asyncio
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from queue import PriorityQueue
from typing import Any, TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that yields between two steps, and returns what comes of it."""


class Turns:
    """Does work on one thread, the most urgent first, else in the order in which it came."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._waiting: PriorityQueue[tuple[int, int, Steps[Any], Future[Any]]] = PriorityQueue()
        self._numbers = count()

    def start(self, work: Steps[T], urgency: int) -> "Future[T]":
        """Let work be done; what has a smaller `urgency` is more urgent."""
        future: Future[T] = Future()
        self._put(urgency, next(self._numbers), work, future)
        return future

    async def take(self, work: Steps[T], urgency: int) -> T:
        """Return what comes of work; who gives up waiting stops it before its next step."""
        return await asyncio.wrap_future(self.start(work, urgency))

    def close(self) -> None:
        """Do nothing more, from soon on."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _put(self, *entry: Any) -> None:
        self._waiting.put(entry)
        self._thread.submit(self._step)

    def _step(self) -> None:
        urgency, number, work, future = self._waiting.get_nowait()
        if future.cancelled():
            work.close()
            return
        try:
            next(work)
        except StopIteration as end:
            if future.set_running_or_notify_cancel():
                future.set_result(end.value)
        except BaseException as error:
            if future.set_running_or_notify_cancel():
                future.set_exception(error)
        else:
            self._put(urgency, number, work, future)
