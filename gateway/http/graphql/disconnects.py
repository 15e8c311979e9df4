"""Notices that a client has gone: Starlette runs a handler on, though nobody reads its answer."""

import asyncio
from types import TracebackType

from starlette.requests import Request

_LOOKS_AFTER_S = 0.05  # mostly it has ended by then: a task beside each would cost more than the looking


class ClientLeftError(Exception):
    """Nobody is there to answer any more."""


class WhileThere:
    """Ends what runs inside where the client goes away, with ClientLeftError.

    Enter it once the request's body was read. It looks only where what runs inside takes a while.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._task: asyncio.Task[object] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._has_left = False

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._begins = asyncio.get_running_loop().call_later(_LOOKS_AFTER_S, self._begin)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._begins.cancel()
        watcher, task = self._watcher, self._task
        self._watcher = self._task = None  # what is left is no circle, and so freed at once
        if watcher is not None:
            watcher.cancel()
        if self._has_left and task is not None:
            task.uncancel()
            if kind is asyncio.CancelledError:
                raise ClientLeftError

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._has_left = True
        if self._task is not None:
            self._task.cancel()
