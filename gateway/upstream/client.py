"""PlanDocket as the rest of the gateway sees it: `Call` to `Answer`, `Write` to `Written`.

A read goes: kept? -> narrower than something kept? -> running? -> repeated( breaker -> budget -> HTTP );
and where that fails, kept though stale?
"""

from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self

import httpx
import msgspec

from gateway.errors import (
    CallerError,
    OutcomeUnknownError,
    OverloadedError,
    RateLimitedError,
    RefusedError,
    TooComplexError,
    TooManyFailuresError,
    UnavailableError,
    UnreadableError,
)
from gateway.mirror.kept_answers import Cache, Keeping
from gateway.mirror.narrowing import Filters, can_filter, matcher, wider
from gateway.mirror.walk import Listing, Read, Source
from gateway.settings.settings import Settings
from gateway.telemetry.events import OnCall
from gateway.upstream.call import Call
from gateway.upstream.record import RowT
from gateway.upstream.way.attempts import Gate
from gateway.upstream.way.background import Beside
from gateway.upstream.way.bodies import Bodies
from gateway.upstream.way.budget import Budget, Lane
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.dialect import IncludeStyle, Traits
from gateway.upstream.way.http import Http, Query
from gateway.upstream.way.key_check import KeyCheck
from gateway.upstream.way.session import Session, Throttle
from gateway.upstream.way.shared_reads import Flights
from gateway.upstream.way.write_turns import Turns
from gateway.upstream.wire.json_bounds import decode
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.outcomes import outcome_of, refusal
from gateway.upstream.wire.page_shapes import Paging
from gateway.upstream.write import UpdateMethod, Write, WriteRefusedError, Written


class State(msgspec.Struct, frozen=True):
    """How PlanDocket and the way to it stand."""

    in_flight: int
    """Requests that are sent and not yet answered."""
    waiting: int
    """Requests that wait for a place in flight."""
    kept_rows: int
    used: int
    """Requests in the last sixty minutes: of the held key, or of all callers' keys together."""
    remaining: int | None
    """What the held key's hour has left; None where it is unlimited, or there is none."""
    breaker: str
    """"closed", "half_open" or "open"."""


class Upstream:
    """PlanDocket's REST API of one tenant."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        on_call: OnCall | None = None,
        on_refused: Callable[[Credential], None] = lambda _: None,
    ) -> None:
        """`on_refused` is told of a key that PlanDocket does not know any more: nothing of it is kept here by then."""
        style = settings.include_style
        self.traits = Traits(settings.page_size, None if style == "auto" else style)
        self.update_method: UpdateMethod = settings.update_method
        self.budget = Budget(settings.requests_per_hour_limit, clock, aside=_set_aside(settings))
        self.hits = 0
        """Reads that were answered without a request, since the start."""
        self.misses = 0
        self.turns = Turns()
        """Whose turn it is to write a row."""
        self._writes = 0
        self._settings = settings
        self._clock = clock
        self._keeping = Keeping(settings.fresh_s, settings.stale, settings.keep_rows)
        self._cache = Cache(self._keeping, clock) if settings.cache == "on" else None
        self._flights = Flights[Answer[Any]]()
        self._beside = Beside()
        self._on_refused = on_refused
        self.gate = Gate(Http(settings, transport, on_call), self.budget, clock, self._forget)
        self._bodies = Bodies(settings.max_list_rows, self.gate.room)
        shortest = ((settings.page_param, "1"), (settings.per_page_param, "1"))
        self.key_check = KeyCheck(
            self.gate, self.budget, self._beside, shortest, settings.fresh_keys, settings.stale
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._beside.cancel()
        self._bodies.close()
        await self.gate.close()

    @property
    def state(self) -> State:
        """How things stand, for whoever watches; costs no request."""
        kept = self._cache.rows if self._cache is not None else 0
        held = self._settings.api_key
        budget = None if held is None else self.budget.state(Credential(held, is_held=True))
        return State(
            in_flight=self.gate.places.taken,
            waiting=self.gate.places.waiting,
            kept_rows=kept,
            used=self.budget.used if budget is None else budget.used,
            remaining=None if budget is None else budget.remaining,
            breaker=self.gate.breaker_state.value.lower(),
        )

    def give_up(self) -> None:
        """Let what runs end at once, each request as if its time were over: the process is about to end."""
        self.gate.give_up()

    def session(self, credential: Credential, throttle: Throttle | None = None) -> Session:
        """Return an operation's way here. Where nothing is kept across operations it keeps for itself."""
        cache = self._cache or Cache(self._keeping, self._clock)
        deadline = self.gate.now() + self._settings.operation_timeout
        kept_for_s = self._keeping.fresh_s if self._cache is not None else None
        return Session(credential, cache, self._settings.max_calls, deadline, throttle, kept_for_s)

    def at_hand(self, call: Call[RowT], session: Session) -> Answer[RowT] | None:
        """Return the answer to `call` where it is kept fresh; costs no request and no wait."""
        answer = self.kept(call, session)
        if answer is not None:
            self.hit(session)
        return answer

    def kept(self, call: Call[RowT], session: Session) -> Answer[RowT] | None:
        """Return what `at_hand` would, not counted: the same object as long as nothing kept has changed."""
        call = call.including(self.traits.honoured(call, session.credential))
        return session.cache.answer(call, session.credential)

    def hit(self, session: Session, reads: int = 1) -> None:
        """Count reads that were answered without a request."""
        session.hits += reads
        self.hits += reads

    async def get(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return the answer to `call`, kept or asked for: see `ask`."""
        return self.at_hand(call, session) or await self.ask(call, session)

    async def ask(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return the answer to `call`, which is not `at_hand`; no row where PlanDocket answers 404 for a single one.

        An include that the server ignores or refuses is missing in `Answer.links`, and is not sent
        again. How several are written is undocumented, and found out once.

        Raises:
            CallerError, UpstreamError: as `gateway.errors` sorts them, and nothing is kept that helps.
        """
        call = call.including(self.traits.honoured(call, session.credential))
        return await self.narrowed(call, session) or await self._asked(call, session)

    async def ask_now(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return the answer to `call` as `ask` does, but nothing kept: as PlanDocket gives it now."""
        call = call.including(self.traits.honoured(call, session.credential))
        return await self._shared(call, session)

    async def write(self, write: Write[RowT], session: Session) -> Written[RowT]:
        """Send a write, and return what the server tells of the row. It reaches PlanDocket at most once.

        Raises:
            WriteRefusedError: PlanDocket says why it did not; nothing was changed.
            OutcomeUnknownError: it was sent, or may have been, and no answer came that settles it.
            CallerError, UpstreamError: it was not carried out.
        """
        begun = session.cache.begin()
        try:
            written = await self._write(write, session)
        except (WriteRefusedError, CallerError, RefusedError, RateLimitedError, OverloadedError):
            raise
        except BaseException as error:
            # It may have happened all the same, also where the caller gave up: unless it never left.
            if not (isinstance(error, UnavailableError) and error.never_left):
                self._wrote(write, None, session, begun)
            raise
        self._wrote(write, written, session, begun)
        return written

    def listing(
        self, call: Call[RowT], session: Session, read: Read[RowT], read_anew: Read[RowT]
    ) -> Listing[RowT]:
        """Return the list that `call` begins, to be read page by page: see `Source` for the two ways."""

        def learn(total: int) -> None:
            if not call.filters:
                session.cache.learn_size(call.record, session.credential, total)

        join = partial(session.cache.join, session.credential)
        return Listing(Source(read, read_anew, learn, join), call, self.traits)

    async def _asked(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return what PlanDocket answers, or where it cannot be asked what is kept though stale."""
        try:
            return await self._while_it_works(call, session)
        except (UnavailableError, RateLimitedError, OverloadedError):
            answer = await self._stale(call, session)
            if answer is None:
                raise
        session.is_stale = True
        return answer

    async def _while_it_works(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return what PlanDocket answers. Where what is kept may stand in, nobody waits for one that fails."""
        if await self._stale(call, session) is None:
            return await self._shared(call, session)
        if not self.gate.works:
            if self.gate.admits:
                # The operation has its answer: it does not wait until it is known whether PlanDocket works again.
                self._beside.start(self._fetch(call, self.session(session.credential)))
            raise UnavailableError("PlanDocket fails, and what is kept answers.", never_left=True)
        async with self.gate.while_it_works():
            return await self._shared(call, session)

    async def _stale(self, call: Call[RowT], session: Session) -> Answer[RowT] | None:
        """Return the answer as far as it is kept, though stale."""
        kept = session.cache.answer(call, session.credential, stale=True)
        return kept or await self.narrowed(call, session, stale=True)

    def check_hour(self, session: Session, requests: int) -> None:
        """Raise RateLimitedError unless the hour has so many more requests for the operation."""
        if self.budget.wait(session.credential, session.lane, requests) > 0:
            raise self.gate.refusal(session, session.lane, requests)

    async def recall(self, call: Call[RowT], session: Session) -> Answer[RowT] | None:
        """Return what is kept of the answer to `call`, though stale; None where nothing is."""
        call = call.including(self.traits.honoured(call, session.credential))
        answer = await self._stale(call, session)
        session.is_stale = session.is_stale or answer is not None
        return answer

    async def narrowed(
        self, call: Call[RowT], session: Session, *, stale: bool = False
    ) -> Answer[RowT] | None:
        """Return a list's page as filtered from a wider list that is kept whole; None where there is none."""
        if call.page is None:
            return None
        credential, cache = session.credential, session.cache
        for wide, dropped in wider(call):
            if cache.answer(wide, credential, stale=stale) is None:
                continue
            passes = matcher(call.record, dropped, partial(session.id_of, stale=stale))
            rows = await self._whole(wide, dropped, session, stale=stale) if passes else None
            if passes is None or rows is None:
                continue
            ids = [row.id for row in rows if passes(row)]
            size = self.traits.page_size(call.record.path)
            start = (call.page - 1) * size
            page, paging = ids[start : start + size], Paging(len(ids), None, size)
            behind = ids[start - 1] if 0 < start <= len(ids) else None
            answer = cache.assemble(call, credential, page, paging, behind, stale=stale)
            if answer is not None and not stale:
                self.hit(session)
            return answer
        return None

    async def _whole(
        self, call: Call[RowT], filters: Filters, session: Session, *, stale: bool
    ) -> tuple[RowT, ...] | None:
        """Return every row of a list whose pages are all kept, and of which these filters' columns could be read."""

        async def at_hand(page: Call[RowT]) -> Answer[RowT]:
            answer = session.cache.answer(page, session.credential, stale=stale)
            if answer is None or not can_filter(call.record, filters, answer.flaws):
                raise _NotAtHandError
            return answer

        listing = self.listing(call, session, at_hand, at_hand)
        try:
            await listing.page(1)
            # In turn: the first that is not there ends it.
            for number in range(2, (listing.pages_left(None) or 0) + 2):
                await listing.page(number)
            rows = await listing.all()
        except _NotAtHandError:
            return None
        return rows if listing.total == len(rows) else None

    async def _shared(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        """Return what the read answers, at most one request for all who ask now."""
        self.misses += 1
        if self._settings.sharing == "off":
            return await self._fetch(call, session)
        # A read that began before a write ended is not joined after it; one that hangs, not once others get through.
        key = (call, session.credential, self._writes, self.gate.era)
        is_own = False

        def begin() -> Coroutine[Any, Any, Answer[RowT]]:
            nonlocal is_own
            is_own = True
            return self._fetch(call, session)

        try:
            return await self._flights.join(key, begin)
        except (TooComplexError, RateLimitedError, TooManyFailuresError):
            if is_own:
                raise
            # Whoever began it may send no more, or comes after writes: that is not ours.
            return await self._fetch(call, session)

    async def _fetch(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        begun = session.cache.begin()
        answer = await self._read_with_includes(call, session)
        if answer.paging.total is not None:
            self.traits.learn_totals()
        session.cache.keep(call, session.credential, answer, begun)
        return answer

    async def _read_with_includes(self, call: Call[RowT], session: Session) -> Answer[RowT]:
        answer = None
        for style in self.traits.styles(call.include):
            try:
                answer = await self._read(call, session, style)
            except _NotAcceptedError:
                continue
            if not call.include or not answer.rows:
                return answer
            if answer.links:
                self.traits.settle(style, call.include)
                break
        answer = answer or await self._read(call.including(frozenset()), session, "comma")
        self.traits.ignore(call, session.credential, call.include - answer.links.keys())
        return answer

    async def _read(self, call: Call[RowT], session: Session, style: IncludeStyle) -> Answer[RowT]:
        reply = await self.gate.send("GET", call.path, session, session.lane, self._query(call, style))
        match reply.status:
            case 200:
                answer = await self._bodies.read(reply.body, call)
                if answer is not None:
                    return answer
                if call.include:
                    raise _NotAcceptedError
                raise refusal(200, call.record.path, session.credential)
            case 204 if call.id is None:
                return (
                    Answer()
                )  # an empty list without a body, it seems: no page says what 204 means for a GET
            case 404 if call.id is not None:
                decode(reply.body)  # a proxy's page about a wrong host is no "not found"
                return Answer()
            case 400 | 402 | 403 | 422 if call.include:
                raise _NotAcceptedError
            case status:
                raise refusal(status, call.record.path, session.credential)

    async def _write(self, write: Write[RowT], session: Session) -> Written[RowT]:
        try:
            reply = await self.gate.send(write.method, write.path, session, Lane.WRITE, body=write.body)
        except UnavailableError as error:
            if error.may_have_arrived:
                raise OutcomeUnknownError from None
            raise
        except UnreadableError:
            raise OutcomeUnknownError("PlanDocket's answer to the write cannot be read") from None
        written = outcome_of(write, reply, session.credential)
        if write.id is None:
            self.traits.learn_tells_id(write.record.path, tells=written.id is not None)
        return written

    def _wrote(self, write: Write[RowT], written: Written[RowT] | None, session: Session, begun: int) -> None:
        self._writes += 1
        session.cache.wrote(write, written, session.credential, begun)

    def _forget(self, credential: Credential) -> None:
        if self._cache is not None:
            self._cache.forget(credential)
        self._on_refused(credential)

    def _query(self, call: Call[Any], style: IncludeStyle) -> Query:
        query = [*call.filters, *include_query(sorted(call.include), style)]
        if call.page is not None:
            query.append((self._settings.page_param, str(call.page)))
            query.append((self._settings.per_page_param, str(self._settings.page_size)))
        return tuple(query)


def _set_aside(settings: Settings) -> int:
    """Return how many requests of each key's hour are set aside for `KeyCheck`: none where it is never needed."""
    return 1 if settings.api_key is None and settings.cache == "on" else 0


def include_query(names: list[str], style: IncludeStyle | Literal["auto"]) -> list[tuple[str, str]]:
    """Return the query's part that asks for includes, in a style; "auto" begins with commas."""
    if not names:
        return []
    if style in ("auto", "comma"):
        return [("include", ",".join(names))]
    return [("include[]" if style == "brackets" else "include", name) for name in names]


class _NotAcceptedError(Exception):
    """PlanDocket refuses a read because of its includes, it seems: to be asked again without.

    Whether an include needs the other resource's scope (403) or plan (402), and whether an unknown
    one is an error (400, 422), is not said.
    """


class _NotAtHandError(Exception):
    """A page of a list is not kept."""
