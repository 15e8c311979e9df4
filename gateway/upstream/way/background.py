"""Requests that no operation waits for."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Beside:
    """What runs beside the operations: its outcome is seen by whatever counts requests, and by nobody else."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start work, and go on."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        """End all that runs."""
        for task in self._running:
            task.cancel()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # marks it as seen
