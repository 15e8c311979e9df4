"""The base of every loader: one for each operation, made inside its event loop."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from aiodataloader import DataLoader

if TYPE_CHECKING:
    from gateway.graph.context import Context

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Wanted(msgspec.Struct, Generic[KeyT], frozen=True):
    """A row by some key, and the includes that its selection needs."""

    key: KeyT
    include: frozenset[str] = frozenset()


class Loader(DataLoader[KeyT, ValueT]):
    """Batches what an operation's resolvers ask for at the same time.

    Subclasses answer `load_batch`: a value or an exception for each key, in their order.
    """

    def __init__(self, context: "Context") -> None:
        super().__init__()
        self.context = context

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
            return await self.context.start(self.load_batch(keys))
        except asyncio.CancelledError:
            # aiodataloader would leave the waiters hanging: it catches `Exception` only.
            raise OperationEndedError from None


def see(future: "asyncio.Future[Any]") -> None:
    """Mark a failure as seen: whoever waited for it may be gone, and asyncio would log that nobody asked."""
    if not future.cancelled():
        future.exception()


class OperationEndedError(Exception):
    """The operation ended before its loader answered; nobody reads the value any more."""


async def settle(work: Iterable[Coroutine[Any, Any, ValueT]]) -> list[ValueT | Exception]:
    """Run all at once and return each value or exception, in order: one failure spares the others."""
    coroutines = list(work)
    if len(coroutines) == 1:  # mostly so, and needs no task
        try:
            return [await coroutines[0]]
        except Exception as error:
            return [error]
    results = await asyncio.gather(*coroutines, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
    return [
        result for result in results if not isinstance(result, BaseException) or isinstance(result, Exception)
    ]
