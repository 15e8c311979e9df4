"""One GraphQL operation: who asks, what its resolvers share, and what it cost."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, inf
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import msgspec
import strawberry

from gateway.graph.caller import Caller
from gateway.mirror.answers.asked import KeptReads
from gateway.mirror.answers.operation_reads import OperationReads
from gateway.mirror.answers.reading import Mirror
from gateway.mirror.answers.session import Freshness
from gateway.mirror.rows.index.question import Question
from gateway.telemetry.events import running
from gateway.upstream.record import RowT
from gateway.upstream.way.budget import Spent
from gateway.upstream.way.tasks import Tasks
from gateway.upstream.write import Write, Written

_ANY_AGE = Freshness()
_CATCHES_UP_WITHIN_S = 1.0
_OWN, _THEIRS = "GATEWAY", "PLANDOCKET"

LoaderT = TypeVar("LoaderT")
P = ParamSpec("P")


class Cost(msgspec.Struct, frozen=True):
    """What an operation cost, and what the caller's hour has left."""

    calls: int = 0
    saved: int = 0
    hits: int = 0
    is_stale: bool = False
    age: int | None = None
    """Whole seconds since the oldest request that its answer rests on; None where nothing was read."""
    budget: Spent | None = None
    version: str | None = None
    """Which of the changes of all processes it has at the least; None in a gateway of one process."""
    is_behind: bool = False
    """Whether it may lack what the client wanted it to have."""
    answered_by: tuple[str, ...] = ()
    """Who ordered the lists that were asked for in an order: "GATEWAY", "PLANDOCKET"."""


@dataclass
class ToTheEnd:
    """A list that several operations read to its end, one after the other, from what is held and nothing else."""

    question: Question | None = None
    """Which rows it has, and in which order, once the first of them has begun: it is the same for all."""


class Context:
    """What the resolvers of one operation share. Use it as an async context manager: it ends their work."""

    def __init__(self, mirror: Mirror, caller: Caller, to_the_end: ToTheEnd | None = None) -> None:
        self.caller = caller
        self.to_the_end = to_the_end
        """The list that it reads a part of; None where it is no such operation."""
        self.tasks = Tasks()
        """What runs for the operation, and ends with it."""
        self._session = mirror.session(caller.credential, caller.throttle) if caller.credential else None
        self.reading = OperationReads(mirror, self._session, self.tasks)
        """What it reads and writes."""
        self.wanted = 0
        """Requests that naive resolution would have made: one for each list, look-up and related row."""
        self.unavailable: set[str] = set()
        """Fields that are null because PlanDocket's server ignores their include: "Participant.category"."""
        self.lookahead: dict[Any, Any] = {}
        self.projections: dict[Any, Any] = {}
        """The document's compiled selections."""
        self.arguments: dict[int, dict[str, Any]] = {}
        """The arguments of its root fields: see `gateway.execution.root_field`."""
        self.condition_names: tuple[str, ...] = ()
        """The variables that decide on `@skip` and `@include`."""
        self._mirror = mirror
        self._loaders: dict[Any, Any] = {}
        if (operation := running.get()) is not None:
            operation.caller = caller.name

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.tasks.end()
        self._tell()
        # graphql-core's executor holds itself, and this: rows would wait for the garbage collector.
        self.forget()
        self.reading.end()
        self._session = None

    def _tell(self) -> None:
        operation, session = running.get(), self._session
        if operation is not None and session is not None:
            operation.calls, operation.hits = session.calls, session.hits
            operation.is_stale = session.is_stale

    @property
    def is_known(self) -> bool:
        """Whether the caller is let in, and PlanDocket accepted their key: anyone can make keys up."""
        credential = self.caller.credential
        return self.caller.is_let_in and (
            credential is None or self._mirror.upstream.budget.is_accepted(credential)
        )

    async def check_key(self) -> None:
        """Return if the operation's answer may go to its caller: with anything kept in it, the key must hold still.

        Raises:
            GatewayError: PlanDocket does not know the key, or nobody can tell: see `KeyCheck.renew`.
        """
        session = self._session
        if session is None or session.is_accepted or not session.has_kept:
            return
        if not self._mirror.key_check.is_fresh(session.credential):
            await self._mirror.key_check.renew(session)

    def wish(self, freshness: Freshness) -> None:
        """Let what the operation reads be as young as its client wants."""
        if self._session is not None and freshness != _ANY_AGE:
            self._session.asks = not freshness.only_if_kept
            self._session.not_before = self._mirror.upstream.gate.now() - freshness.max_age_s

    async def catch_up(self, version: str) -> None:
        """Wait until what the operation reads has a version at the least, a second at the most: else it is behind."""
        session = self._session
        if session is not None and session.owner is not None and (shared := session.owner.shared) is not None:
            session.is_behind = not await shared.reached(version, _CATCHES_UP_WITHIN_S)
            session.version = shared.version

    def work_in_background(self) -> None:
        """Let what the operation sends have what others leave of the hour."""
        if self._session is not None:
            self._session.is_background = True

    def repeat(self, reads: KeptReads) -> bool:
        """Return whether the same reads would get the same answers now, unasked; if so they count as made."""
        if not self.reading.repeat(reads):
            return False
        self._tell()
        return True

    @property
    def cost(self) -> Cost:
        """What the operation cost so far, and what its hour has left."""
        session = self._session
        if session is None:
            return Cost()
        saved = max(0, self.wanted - session.calls)
        budget = self._mirror.upstream.budget.state(session.credential)
        age = (
            max(0, ceil(self._mirror.upstream.gate.now() - session.oldest_at))
            if session.oldest_at < inf
            else None
        )
        answered_by = tuple(_OWN if is_own else _THEIRS for is_own in sorted(session.orders, reverse=True))
        return Cost(
            session.calls,
            saved,
            session.hits,
            session.is_stale,
            age,
            budget,
            session.version,
            session.is_behind,
            answered_by,
        )

    def loader(
        self, kind: "Callable[Concatenate[Context, P], LoaderT]", *of: P.args, **named: P.kwargs
    ) -> LoaderT:
        """Return the operation's loader of this class, and of the record that it is for if its class takes one."""
        key = (kind, *of, *named.values())
        if key not in self._loaders:
            self._loaders[key] = kind(self, *of, **named)
        return self._loaders[key]

    async def write(self, write: Write[RowT]) -> Written[RowT]:
        """Send a write, once, and know the row that it tells."""
        self.wanted += 1
        return await self.reading.write(write)

    def forget(self) -> None:
        """Forget what the operation read: after a write it may be different."""
        self.reading.forget()
        self._loaders.clear()


Info = strawberry.Info[Context, None]
