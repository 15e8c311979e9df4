"""The base of every loader: one for each operation, made inside its event loop."""

import asyncio
from typing import Any, TypeVar

from aiodataloader import DataLoader

from gateway.upstream.way.tasks import Tasks, see

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class BatchLoader(DataLoader[KeyT, ValueT]):
    """Batches what an operation asks for at the same time.

    Subclasses answer `load_batch`: a value or an exception for each key, in their order.
    """

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks

    def load(self, key: KeyT) -> "asyncio.Future[ValueT]":
        """Return a future of the key's value."""
        loading = super().load(key)
        if not loading.done():
            loading.add_done_callback(see)
        # Several fields wait for one future: a cancelled one must not cancel it for the others.
        return asyncio.shield(loading)

    async def load_batch(self, keys: list[KeyT]) -> list[ValueT | Exception]:
        """Return a value or an exception for each key, in their order."""
        raise NotImplementedError

    async def batch_load_fn(self, keys: list[KeyT]) -> list[Any]:
        """Run `load_batch` as work of the operation, which ends it when it ends itself."""
        try:
            return await self._tasks.start(self.load_batch(keys))
        except asyncio.CancelledError:
            # aiodataloader would leave the waiters hanging: it catches `Exception` only.
            raise OperationEndedError from None


class OperationEndedError(Exception):
    """The operation ended before its loader answered; nobody reads the value any more."""
