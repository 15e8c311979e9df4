"""What one operation reads: what it knows so far, what it asked, and whether all of it was kept."""

import asyncio
from typing import Any, TypeVar, cast
from weakref import ref

import msgspec

from gateway.errors import RateLimitedError, UnauthenticatedError
from gateway.mirror.answers.reading import Mirror
from gateway.mirror.answers.seen import Known
from gateway.mirror.answers.session import KeepingSession
from gateway.mirror.answers.walk import Listing
from gateway.upstream.call import Call
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.tasks import Tasks
from gateway.upstream.wire.flaws import Unread
from gateway.upstream.wire.json_rows import Answer

T = TypeVar("T")

Asked = dict[Call[Any], tuple[frozenset[str], "asyncio.Future[Answer[Any]]"]]
"""Calls without includes that were asked, each with its includes and what is to become its answer."""


class KeptReads(msgspec.Struct, frozen=True):
    """Reads with the kept answers that they got, and how much was known of the server by then.

    The answers are held weakly: what the cache lets go is not kept for their sake.
    """

    answers: tuple[tuple[Call[Any], "ref[Answer[Any]]"], ...]
    changes: int
    """Of `Traits`."""


class Operation:
    """One operation's reads of the mirror. It notes what they got: see `kept_reads`."""

    def __init__(self, mirror: Mirror, session: KeepingSession | None, tasks: Tasks) -> None:
        self.mirror = mirror
        self.upstream = mirror.upstream
        self.tasks = tasks
        self.known = Known()
        self.unread = Unread()
        """Cells and rows that PlanDocket sent and that could not be read."""
        self.asked: Asked = {}
        """What was asked so far."""
        self.walks: set[Call[Any]] = set()
        """Lists, by their first page without includes, that are read to their end in any case."""
        self._session = session
        self._kept_reads: list[tuple[Call[Any], ref[Answer[Any]]]] = []
        self._is_kept_only = True

    @property
    def session(self) -> KeepingSession:
        """The operation's way to PlanDocket; UnauthenticatedError where the request brought no key."""
        if self._session is None:
            raise UnauthenticatedError("No API key came with the request.")
        return self._session

    @property
    def time_left(self) -> float:
        """Seconds until the operation must have ended."""
        return max(0.0, self.session.deadline - self.upstream.gate.now())

    @property
    def kept_reads(self) -> KeptReads | None:
        """What the operation read, where all of it was kept; None where it asked for anything else as well."""
        if not self._is_kept_only:
            return None
        return KeptReads(tuple(self._kept_reads), self.upstream.traits.changes)

    def depends_on_more(self) -> None:
        """Note that the operation's answer may be another next time, though what is kept stays the same."""
        self._is_kept_only = False

    def repeat(self, reads: KeptReads) -> bool:
        """Return whether the same reads would get the same answers now, unasked; if so they count as made."""
        session, upstream = self._session, self.upstream
        if session is not None and not self.mirror.key_check.is_fresh(session.credential):
            return False
        if reads.changes != upstream.traits.changes:
            return False
        for call, answer in reads.answers:
            kept = self.mirror.kept(call, self.session)
            if kept is None or kept is not answer():
                return False
        if session is not None:
            self.mirror.hit(session, len(reads.answers))
        return True

    def end(self) -> None:
        """Let go of the way to PlanDocket, and of what is kept on it."""
        self._session = None

    def learn(self, call: Call[Any], answer: Answer[Any]) -> None:
        """Know what a read brought, and what of it could not be read."""
        self.known.add(call, answer)
        if answer.flaws:
            self.unread.add(answer.flaws)

    def at_hand(self, call: Call[RowT]) -> Answer[RowT] | None:
        """Return the answer to `call` where it is kept; the operation knows it from now on."""
        answer = self.mirror.at_hand(call, self.session)
        if answer is not None:
            self.learn(call, answer)
            self._kept_reads.append((call, ref(answer)))
        return answer

    def id_of(self, record: Record[Any], key: str, *, stale: bool = False) -> int | None:
        """Return the id of the row with a natural key, where such a row is kept: then `at_hand` has it.

        With `stale`, also where it is kept longer than it is fresh: then `recall` has it.
        """
        return self.mirror.id_of(record, key, self.session, stale=stale)

    def check_look_up(self, record: Record[Any], row_id: int) -> None:
        """Return where a row may be asked for by an id that a caller gave; writes look up whatever they need.

        Raises:
            RateLimitedError: ids that no row has have had their part of the hour.
        """
        self.mirror.check_look_up(record, row_id, self.session)

    def is_whole(self, record: Record[Any]) -> bool:
        """Return whether all rows of a resource are held."""
        session = self._session
        return session is not None and session.owner is not None and session.tenant.whole(record) is not None

    def held(self, record: Record[RowT], row_id: int) -> RowT | None:
        """Return a row as it is held, however old, to tell of it once it is gone; None where it is not held."""
        found = self.session.tenant.collection(record).find(row_id)
        return None if found is None else cast("RowT", found.row)

    def place(self, record: Record[Any], row_id: int) -> int | None:
        """Return how many rows of a whole collection PlanDocket has before one; None where nobody knows."""
        whole = self.session.tenant.whole(record)
        return None if whole is None else whole.place(row_id)

    def size(self, record: Record[Any]) -> int | None:
        """Return how many rows a whole collection was last seen to have, or is expected to have."""
        return self.session.tenant.size(record)

    async def recall(self, call: Call[RowT]) -> Answer[RowT] | None:
        """Return what is kept of an answer, though stale; the operation knows it from now on."""
        self.depends_on_more()
        answer = await self.mirror.recall(call, self.session)
        if answer is not None:
            self.known.add(call, answer)
        return answer

    def answered_to(self, call: Call[RowT]) -> "asyncio.Future[Answer[RowT]] | None":
        """Return what is or becomes the answer to `call`, where it was asked with these includes at least."""
        include, running = self.asked.get(call.including(frozenset()), (frozenset[str](), None))
        return running if call.include <= include else None

    async def ask(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the answer to `call`, which is not `at_hand`; at most one request for all who ask for it.

        What was asked before with fewer includes is asked again with all of them.
        """
        self.depends_on_more()
        running = self.answered_to(call)
        if running is None:
            bare = call.including(frozenset())
            include = call.include | self.asked.get(bare, (frozenset[str](),))[0]
            running = self.tasks.start(self._fetch(bare.including(include)))
            self.asked[bare] = include, running
        return await asyncio.shield(running)

    async def _fetch(self, call: Call[RowT]) -> Answer[RowT]:
        answer = await self.mirror.get(call, self.session)
        self.learn(call, answer)
        return answer

    async def read_anew(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the answer to `call` as PlanDocket gives it during this operation, at most one request for it."""
        self.depends_on_more()
        running = self.answered_to(call)
        if running is None:
            self.session.check(self.session.lane)
            running = self.tasks.start(self._fetch_anew(call))
            self.asked[call.including(frozenset())] = call.include, running
        return await asyncio.shield(running)

    async def _fetch_anew(self, call: Call[RowT]) -> Answer[RowT]:
        answer = await self.mirror.ask(call, self.session)
        self.learn(call, answer)
        return answer

    def pages_left(self, listing: Listing[Any], record: Record[Any]) -> int | None:
        """Return how many pages of a whole collection are unread; None while its size is unknown."""
        self.depends_on_more()
        return listing.pages_left(self.size(record))

    def honoured(self, call: Call[Any]) -> frozenset[str]:
        """Return the includes of `call` that PlanDocket is not known to ignore."""
        self.depends_on_more()
        return self.upstream.traits.honoured(call, self.session.credential)

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
