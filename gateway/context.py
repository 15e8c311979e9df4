"""One GraphQL operation: who asks, what is known so far, and what still runs for it."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

import strawberry

from gateway.errors import UnauthenticatedError
from gateway.known import Known
from gateway.loader import Loader
from gateway.reads import Reads
from gateway.upstream.call import Call, one
from gateway.upstream.client import Upstream
from gateway.upstream.credential import Credential
from gateway.upstream.pages import Listing
from gateway.upstream.record import RowT
from gateway.upstream.wire import Answer
from gateway.upstream.write import Write, Written

LoaderT = TypeVar("LoaderT", bound=Loader[Any, Any])
T = TypeVar("T")


class Context:
    """What the resolvers of one operation share. Use it as an async context manager: it ends their work."""

    def __init__(self, upstream: Upstream, credential: Credential | None) -> None:
        self.upstream = upstream
        self.known = Known()
        self.unavailable: set[str] = set()
        """Fields that are null because PlanDocket's server ignores their include: "Participant.category"."""
        self.lookahead: dict[Any, Any] = {}
        self._credential = credential
        self._loaders: dict[type, Any] = {}
        self._running: set[asyncio.Future[Any]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    @property
    def credential(self) -> Credential:
        """The key to ask PlanDocket with; UnauthenticatedError where the request brought none."""
        if self._credential is None:
            raise UnauthenticatedError("No API key came with the request.")
        return self._credential

    def loader(self, kind: type[LoaderT]) -> LoaderT:
        """Return the operation's loader of this class."""
        if kind not in self._loaders:
            self._loaders[kind] = kind(self)
        return self._loaders[kind]

    async def read(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the answer to `call`, at most one request for all in this operation who ask."""
        return await self.loader(Reads).load(call)

    async def write(self, write: Write[RowT]) -> Written[RowT]:
        """Send a write, once, and know the row that it tells."""
        written = await self.upstream.write(write, self.credential)
        if written.row is not None:
            self.known.add(one(write.record, written.row.id), Answer(rows=(written.row,)))
        return written

    def forget(self) -> None:
        """Forget what the operation read: after a write it may be different."""
        self.known = Known()
        self._loaders.clear()

    def listing(self, call: Call[RowT]) -> Listing[RowT]:
        """Return the list that `call` begins, to be read page by page."""
        return Listing(self.read, call, self.upstream.traits)

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start work that ends with the operation at the latest."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


Info = strawberry.Info[Context, None]
