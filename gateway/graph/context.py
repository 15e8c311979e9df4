"""One GraphQL operation: who asks, what is known so far, and what still runs for it."""

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar
from weakref import ref

import msgspec
import strawberry

from gateway.errors import RateLimitedError, UnauthenticatedError
from gateway.graph.caller import Caller
from gateway.graph.loader import Loader, see
from gateway.mirror.reading import Asked, Reads, read_anew, read_first
from gateway.mirror.seen import Known
from gateway.mirror.walk import Listing
from gateway.telemetry.events import running
from gateway.upstream.call import Call, one
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.budget import Lane, Spent
from gateway.upstream.way.reasons import because
from gateway.upstream.way.session import Session
from gateway.upstream.wire.flaws import Unread
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.write import Write, Written

_TO_TELL_S, _SHARE_TO_TELL = 0.5, 0.1
"""What of an operation's time is left to tell that a write was done, whatever comes after it."""

LoaderT = TypeVar("LoaderT", bound=Loader[Any, Any])
T = TypeVar("T")


class KeptReads(msgspec.Struct, frozen=True):
    """Reads with the kept answers that they got, and how much was known of the server by then.

    The answers are held weakly: what the cache lets go is not kept for their sake.
    """

    answers: tuple[tuple[Call[Any], "ref[Answer[Any]]"], ...]
    changes: int
    """Of `Traits`."""


class Cost(msgspec.Struct, frozen=True):
    """What an operation cost, and what the caller's hour has left."""

    calls: int = 0
    saved: int = 0
    hits: int = 0
    is_stale: bool = False
    budget: Spent | None = None


class Context:
    """What the resolvers of one operation share. Use it as an async context manager: it ends their work.

    It notes what the operation reads: see `kept_reads`.
    """

    def __init__(self, upstream: Upstream, caller: Caller) -> None:
        self.caller = caller
        self._upstream = upstream
        self.wanted = 0
        """Requests that naive resolution would have made: one for each list, look-up and related row."""
        self.known = Known()
        self.unavailable: set[str] = set()
        """Fields that are null because PlanDocket's server ignores their include: "Participant.category"."""
        self.unread = Unread()
        """Cells and rows that PlanDocket sent and that could not be read."""
        self.lookahead: dict[Any, Any] = {}
        self.projections: dict[Any, Any] = {}
        """The document's compiled selections."""
        self.arguments: dict[int, dict[str, Any]] = {}
        """The arguments of its root fields: see `gateway.execution.root_field`."""
        self.condition_names: tuple[str, ...] = ()
        """The variables that decide on `@skip` and `@include`."""
        self.is_alone = False
        """Whether nothing but the resolver of a lone root field runs: nobody can want another read beside its first."""
        self.asked: Asked = {}
        """What was asked so far: see `gateway.mirror.reading`."""
        self.walks: set[Call[Any]] = set()
        """Lists, by their first page without includes, that are read to their end in any case."""
        self._session = upstream.session(caller.credential, caller.throttle) if caller.credential else None
        self._loaders: dict[type, Any] = {}
        self._running: set[asyncio.Future[Any]] = set()
        self._kept_reads: list[tuple[Call[Any], ref[Answer[Any]]]] = []
        self._asked_more = False
        if (operation := running.get()) is not None:
            operation.caller = caller.name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.gather(*running, return_exceptions=True)
        # graphql-core's executor holds itself, and this: rows would wait for the garbage collector.
        self.forget()
        self._tell()
        self._session = None

    def _tell(self) -> None:
        operation, session = running.get(), self._session
        if operation is not None and session is not None:
            operation.calls, operation.hits = session.calls, session.hits
            operation.is_stale = session.is_stale

    @property
    def upstream(self) -> Upstream:
        """PlanDocket, as all operations see it."""
        self._asked_more = True
        return self._upstream

    @property
    def session(self) -> Session:
        """The operation's way to PlanDocket; UnauthenticatedError where the request brought no key."""
        self._asked_more = True
        return self._way

    @property
    def _way(self) -> Session:
        if self._session is None:
            raise UnauthenticatedError("No API key came with the request.")
        return self._session

    @property
    def time_left(self) -> float:
        """Seconds until the operation must have ended."""
        return max(0.0, self.session.deadline - self.upstream.gate.now())

    @property
    def kept_reads(self) -> KeptReads | None:
        """What the operation read, where all of it was kept; None where it asked for anything else as well.

        Whatever goes another way than `read`, `at_hand`, `id_of` and `listing` may come to something else next time.
        """
        if self._asked_more:
            return None
        return KeptReads(tuple(self._kept_reads), self._upstream.traits.changes)

    @property
    def is_known(self) -> bool:
        """Whether the caller is let in, and PlanDocket accepted their key: anyone can make keys up."""
        credential = self.caller.credential
        return self.caller.is_let_in and (credential is None or self._upstream.budget.is_accepted(credential))

    async def check_key(self) -> None:
        """Return if the operation's answer may go to its caller: with anything kept in it, the key must hold still.

        Raises:
            GatewayError: PlanDocket does not know the key, or nobody can tell: see `KeyCheck.renew`.
        """
        session = self._session
        if session is None or session.is_accepted or not session.has_kept:
            return
        if not self._upstream.key_check.is_fresh(session.credential):
            await self._upstream.key_check.renew(session)

    def repeat(self, reads: KeptReads) -> bool:
        """Return whether the same reads would get the same answers now, unasked; if so they count as made."""
        if self._session is not None and not self._upstream.key_check.is_fresh(self._session.credential):
            return False
        if reads.changes != self._upstream.traits.changes:
            return False
        for call, answer in reads.answers:
            kept = self._upstream.kept(call, self._way)
            if kept is None or kept is not answer():
                return False
        if self._session is not None:
            self._upstream.hit(self._session, len(reads.answers))
        self._tell()
        return True

    @property
    def cost(self) -> Cost:
        """What the operation cost so far, and what its hour has left."""
        session = self._session
        if session is None:
            return Cost()
        saved = max(0, self.wanted - session.calls)
        budget = self._upstream.budget.state(session.credential)
        return Cost(session.calls, saved, session.hits, session.is_stale, budget)

    def loader(self, kind: type[LoaderT]) -> LoaderT:
        """Return the operation's loader of this class."""
        if kind not in self._loaders:
            self._loaders[kind] = kind(self)
        return self._loaders[kind]

    async def read(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the answer to `call`, at most one request for all in this operation who ask."""
        if (answer := self.at_hand(call)) is not None:
            return answer
        if self.is_alone and not self.asked and not self._loaders:
            return await read_first(self, call)
        return await self.loader(Reads).load(call)

    async def read_anew(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the answer to `call` as PlanDocket gives it during this operation, at most one request for it."""
        self._asked_more = True
        return await read_anew(self, call)

    async def as_it_came(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the read of a single row as PlanDocket answers it now, whatever is kept, with `Answer.raw`.

        The operation does not know the row by this: what is read so is about to be changed.
        """
        return await self.upstream.ask_now(msgspec.structs.replace(call, as_it_came=True), self.session)

    async def write(self, write: Write[RowT]) -> Written[RowT]:
        """Send a write, once, and know the row that it tells."""
        self.wanted += 1
        with because("the write itself, sent once"):
            written = await self.upstream.write(write, self.session)
        self.session.cut_at = self.session.deadline - min(_TO_TELL_S, self.time_left * _SHARE_TO_TELL)
        if written.row is not None:
            answer = Answer(rows=(written.row,), flaws=written.flaws)
            self.learn(one(write.record, written.row.id), answer)
        return written

    def learn(self, call: Call[Any], answer: Answer[Any]) -> None:
        """Know what a read brought, and what of it could not be read."""
        self.known.add(call, answer)
        if answer.flaws:
            self.unread.add(answer.flaws)

    def forget(self) -> None:
        """Forget what the operation read: after a write it may be different."""
        self.known = Known()
        self.asked.clear()
        self.walks.clear()
        self._loaders.clear()

    def listing(self, call: Call[RowT]) -> Listing[RowT]:
        """Return the list that `call` begins, to be read page by page."""
        return self._upstream.listing(call, self._way, self.read, self.read_anew)

    def listing_now(self, call: Call[RowT]) -> Listing[RowT]:
        """Return the list that `call` begins as PlanDocket has it now, whatever is kept of it."""
        return self.upstream.listing(call, self.session, self._read_now, self._read_now)

    async def _read_now(self, call: Call[RowT]) -> Answer[RowT]:
        self.session.check(self.session.lane)
        answer = await self.upstream.ask_now(call, self.session)
        self.learn(call, answer)
        return answer

    async def walk(self, call: Call[RowT]) -> tuple[RowT, ...]:
        """Return every row of the list that `call` begins.

        Raises:
            TooComplexError: the operation cannot afford its pages after the first; none of them was asked for.
        """
        listing = self.listing(call)
        await listing.page(1)
        left = listing.pages_left(None) or 0
        if left > self._way.calls_left and self._upstream.kept(call.at(2), self._way) is None:
            self._way.check(self._way.lane, left)
        return await listing.all()

    def at_hand(self, call: Call[RowT]) -> Answer[RowT] | None:
        """Return the answer to `call` where it is kept; the operation knows it from now on."""
        answer = self._upstream.at_hand(call, self._way)
        if answer is not None:
            self.learn(call, answer)
            self._kept_reads.append((call, ref(answer)))
        return answer

    async def recall(self, call: Call[RowT]) -> Answer[RowT] | None:
        """Return what is kept of an answer, though stale; the operation knows it from now on."""
        answer = await self.upstream.recall(call, self.session)
        if answer is not None:
            self.known.add(call, answer)
        return answer

    def afford(self, requests: int) -> None:
        """Refuse what would be in vain if it could not be sent whole.

        Raises:
            TooComplexError: the operation may not send so many more requests.
            RateLimitedError: the hour has not so many left.
        """
        if requests:
            self.session.check(self.session.lane, requests)
            self.upstream.check_hour(self.session, requests)

    def refused_together(
        self, results: list[T | Exception], lane: Lane, each: int = 1
    ) -> list[T | Exception]:
        """Return results of what was sent at once: those that the hour refused wait for each other.

        `each` is how many requests one of them costs.
        """
        refused = sum(isinstance(result, RateLimitedError) for result in results)
        if refused < 2:
            return results
        error = self.upstream.gate.refusal(self.session, lane, refused * each)
        return [error if isinstance(result, RateLimitedError) else result for result in results]

    def id_of(self, record: Record[Any], key: str) -> int | None:
        """Return the id of the row with a natural key, where such a row is kept: then `at_hand` has it."""
        return self._way.id_of(record, key)

    def pages_left(self, listing: Listing[Any], record: Record[Any]) -> int | None:
        """Return how many pages of a whole collection are unread; None while its size is unknown."""
        return listing.pages_left(self.session.cache.size(record, self.session.credential))

    @contextmanager
    def part_of_a_write(self) -> Generator[None]:
        """Let reads count as a write's own: against the hour, before other reads, not against the operation."""
        if self._session is None:
            yield
            return
        lane, self._session.lane = self._session.lane, Lane.WRITE
        try:
            with because("the write needs it"):
                yield
        finally:
            self._session.lane = lane

    def start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Start work that ends with the operation at the latest."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(see)
        return task


Info = strawberry.Info[Context, None]
