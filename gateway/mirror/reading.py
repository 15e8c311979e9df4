"""The tenant as far as it is kept: reads are answered by it where it can, else by PlanDocket.

A read goes: mirrored? -> kept? -> narrower than something kept? -> running already? -> PlanDocket; and where that
fails, held or kept though stale? What a mirror holds is answered so (`gateway.mirror.owner`):

| what is held | then |
| --- | --- |
| younger than it is fresh | answered |
| older, of a collection that is walked | answered, with its age; walks alone ask. Stale beyond two planned intervals |
| older, of another | asked for |
| a row that a whole collection has not | none, with the walk's age; asked for once after each walk |
| a list that only PlanDocket can tell | answered; read anew by the pace; stale while a write may have changed it |
| what a write may have changed beyond its row | asked for, until it was read next |
| nothing | asked for |
"""

from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, Self

import msgspec

from gateway.errors import (
    CallerError,
    OverloadedError,
    RateLimitedError,
    RefusedError,
    TooComplexError,
    TooManyFailuresError,
    UnavailableError,
)
from gateway.mirror.kept_answers import Cache, Keeping
from gateway.mirror.key_check import KeyCheck
from gateway.mirror.narrowing import Filters, can_filter, matcher, wider
from gateway.mirror.owner import Owner
from gateway.mirror.session import KeepingSession
from gateway.mirror.walk import Listing, Read, Source
from gateway.settings.limits import LimitSettings
from gateway.settings.mirror import MirrorSettings
from gateway.telemetry.events import State
from gateway.upstream.call import Call
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.session import Throttle
from gateway.upstream.way.shared_reads import Flights
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.page_shapes import Paging
from gateway.upstream.write import Write, WriteRefusedError, Written

_MOST_OWNERS = 1_000


class Mirror:
    """What is kept of one tenant, and the way to what is not."""

    def __init__(
        self,
        upstream: Upstream,
        settings: MirrorSettings,
        limits: LimitSettings,
        clock: Clock | None = None,
        records: Sequence[Record[Any]] = (),
    ) -> None:
        self.upstream = upstream
        self.key_check = KeyCheck(upstream, settings.fresh_keys, settings.stale)
        self.hits = 0
        """Reads that were answered without a request, since the start."""
        self.misses = 0
        self._shares = settings.sharing == "on"
        self._limits = limits
        self._records = records
        self._clock = clock
        self._keeping = Keeping(settings.fresh_s, settings.stale, settings.keep_rows)
        self._cache = Cache(self._keeping, clock) if settings.cache == "on" else None
        self._settings = settings
        self._owners: OrderedDict[Credential, Owner] = OrderedDict()
        self._flights = Flights[Answer[Any]]()
        self._writes = 0
        upstream.on_refused.append(self._forget)
        if upstream.held is None and self._cache is not None:
            upstream.budget.set_aside(1)  # for `key_check`, which is never needed else

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.upstream.close()

    @property
    def state(self) -> State:
        """How things stand, for whoever watches; costs no request."""
        upstream = self.upstream
        budget = None if upstream.held is None else upstream.budget.state(upstream.held)
        return State(
            hits=self.hits,
            misses=self.misses,
            in_flight=upstream.gate.places.taken,
            waiting=upstream.gate.places.waiting,
            kept_rows=self._mirrored_rows + (self._cache.rows if self._cache is not None else 0),
            used=upstream.budget.used if budget is None else budget.used,
            remaining=None if budget is None else budget.remaining,
            breaker=upstream.gate.breaker_state.value.lower(),
        )

    def session(self, credential: Credential, throttle: Throttle | None = None) -> KeepingSession:
        """Return an operation's way here. Where nothing is kept across operations it keeps for itself."""
        cache = self._cache or Cache(self._keeping, self._clock)
        deadline = self.upstream.gate.now() + self._limits.operation_timeout
        kept_for_s = self._keeping.fresh_s if self._cache is not None else None
        owner = self._owner(credential)
        return KeepingSession(
            credential, cache, self._limits.max_calls, deadline, throttle, kept_for_s, owner
        )

    @property
    def _mirrored_rows(self) -> int:
        return sum(owner.tenant.rows for owner in self._owners.values())

    def _owner(self, credential: Credential) -> Owner | None:
        """Return what is mirrored for a key that PlanDocket accepted."""
        if self._settings.mirror == "off" or self._cache is None:
            return None
        owner = self._owners.get(credential)
        if owner is None and self.upstream.budget.is_accepted(credential):
            most_rows = self._settings.keep_rows
            owner = self._owners[credential] = Owner(
                self.upstream, credential, self._fresh_s, self._records, most_rows
            )
            if len(self._owners) > _MOST_OWNERS:
                self._owners.popitem(last=False)
        if owner is not None:
            self._owners.move_to_end(credential)
        return owner

    def _fresh_s(self, record: Record[Any]) -> float:
        return self._keeping.fresh_s.get(record.path, record.fresh_s)

    def at_hand(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return the answer to `call` where it is kept fresh; costs no request and no wait."""
        answer = self.kept(call, session)
        if answer is not None:
            self.hit(session)
        return answer

    def kept(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return what `at_hand` would, not counted: the same object as long as nothing kept has changed."""
        call = call.including(self.upstream.traits.honoured(call, session.credential))
        mirrored = self._mirrored(call, session)
        if mirrored is not None:
            return mirrored
        kept = session.cache.answer(call, session.credential)
        if kept is not None:
            session.oldest_at = min(session.oldest_at, kept.at)
            if session.owner is not None:
                session.owner.note_kept(call, self.upstream.gate.now())
        return kept

    def _mirrored(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return what the mirror answers, and note how old it is."""
        now = self.upstream.gate.now()
        found = None if session.owner is None else session.owner.kept(call, now)
        if found is None or session.owner is None:
            return None
        session.oldest_at = min(session.oldest_at, found.at)
        is_late = found.is_old or session.owner.is_late(call, now - found.at)
        session.is_stale = session.is_stale or is_late
        return found.answer

    def hit(self, session: KeepingSession, reads: int = 1) -> None:
        """Count reads that were answered without a request."""
        session.hits += reads
        self.hits += reads

    async def get(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return the answer to `call`, kept or asked for: see `ask`."""
        return self.at_hand(call, session) or await self.ask(call, session)

    async def ask(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return the answer to `call`, which is not `at_hand`; no row where PlanDocket answers 404 for a single one.

        An include that the server ignores or refuses is missing in `Answer.links`, and is not sent
        again. How several are written is undocumented, and found out once.

        Raises:
            CallerError, UpstreamError: as `gateway.errors` sorts them, and nothing is kept that helps.
        """
        call = call.including(self.upstream.traits.honoured(call, session.credential))
        return await self.narrowed(call, session) or await self._asked(call, session)

    async def ask_now(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return the answer to `call` as `ask` does, but nothing kept: as PlanDocket gives it now."""
        call = call.including(self.upstream.traits.honoured(call, session.credential))
        return await self._shared(call, session)

    async def write(self, write: Write[RowT], session: KeepingSession) -> Written[RowT]:
        """Send a write, and return what the server tells of the row. It reaches PlanDocket at most once.

        Raises:
            WriteRefusedError: PlanDocket says why it did not; nothing was changed.
            OutcomeUnknownError: it was sent, or may have been, and no answer came that settles it.
            CallerError, UpstreamError: it was not carried out.
        """
        begun = session.cache.begin()
        try:
            written = await self.upstream.write(write, session)
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
        self, call: Call[RowT], session: KeepingSession, read: Read[RowT], read_anew: Read[RowT]
    ) -> Listing[RowT]:
        """Return the list that `call` begins, to be read page by page: see `Source` for the two ways."""

        def learn(total: int) -> None:
            if not call.filters:
                session.cache.learn_size(call.record, session.credential, total)

        join = partial(session.cache.join, session.credential)
        return Listing(Source(read, read_anew, learn, join), call, self.upstream.traits)

    async def _asked(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return what PlanDocket answers, or where it cannot be asked what is kept though stale."""
        try:
            return await self._while_it_works(call, session)
        except (UnavailableError, RateLimitedError, OverloadedError):
            answer = await self._stale(call, session)
            if answer is None:
                raise
        session.is_stale, session.oldest_at = True, min(session.oldest_at, answer.at)
        return answer

    async def _while_it_works(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return what PlanDocket answers. Where what is kept may stand in, nobody waits for one that fails."""
        if await self._stale(call, session) is None:
            return await self._shared(call, session)
        if not self.upstream.gate.works:
            if self.upstream.gate.admits:
                # The operation has its answer: it does not wait until it is known whether PlanDocket works again.
                self.upstream.tasks.start(self._fetch(call, self.session(session.credential)))
            raise UnavailableError("PlanDocket fails, and what is kept answers.", never_left=True)
        async with self.upstream.gate.while_it_works():
            return await self._shared(call, session)

    async def _stale(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return the answer as far as it is kept, though stale."""
        found = None if session.owner is None else session.owner.tenant.find(call)
        if found is not None and self.upstream.gate.now() - found.at < self._keeping.stale_s:
            return msgspec.structs.replace(found.answer, at=found.at)
        kept = session.cache.answer(call, session.credential, stale=True)
        return kept or await self.narrowed(call, session, stale=True)

    async def recall(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return what is kept of the answer to `call`, though stale; None where nothing is."""
        call = call.including(self.upstream.traits.honoured(call, session.credential))
        answer = await self._stale(call, session)
        if answer is not None:
            session.is_stale, session.oldest_at = True, min(session.oldest_at, answer.at)
        return answer

    async def narrowed(
        self, call: Call[RowT], session: KeepingSession, *, stale: bool = False
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
            size = self.upstream.traits.page_size(call.record.path)
            start = (call.page - 1) * size
            page, paging = ids[start : start + size], Paging(len(ids), None, size)
            behind = ids[start - 1] if 0 < start <= len(ids) else None
            answer = cache.assemble(call, credential, page, paging, behind, stale=stale)
            if answer is not None and not stale:
                session.oldest_at = min(session.oldest_at, answer.at)
                self.hit(session)
            return answer
        return None

    async def _whole(
        self, call: Call[RowT], filters: Filters, session: KeepingSession, *, stale: bool
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

    async def _shared(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return what the read answers, at most one request for all who ask now."""
        self.misses += 1
        if not self._shares:
            return await self._fetch(call, session)
        # A read that began before a write ended is not joined after it; one that hangs, not once others get through.
        key = (call, session.credential, self._writes, self.upstream.gate.era)
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

    async def _fetch(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        begun, at = session.cache.begin(), self.upstream.gate.now()
        answer = await self.upstream.read(call, session)
        session.cache.keep(call, session.credential, answer, begun)
        session.oldest_at = min(session.oldest_at, at)
        if (owner := self._owner(session.credential)) is not None:
            owner.learn(call, answer, at, self.upstream.gate.now())
            while len(self._owners) > 1 and self._mirrored_rows > self._settings.keep_rows:
                self._owners.popitem(last=False)
        return answer

    def _wrote(
        self, write: Write[RowT], written: Written[RowT] | None, session: KeepingSession, begun: int
    ) -> None:
        self._writes += 1
        session.cache.wrote(write, written, session.credential, begun)
        now = self.upstream.gate.now()
        for credential, owner in self._owners.items():
            if credential == session.credential:
                owner.wrote(write, written, now)
            else:
                owner.heard_of(write, now)

    def _forget(self, credential: Credential) -> None:
        self._owners.pop(credential, None)
        if self._cache is not None:
            self._cache.forget(credential)


class _NotAtHandError(Exception):
    """A page of a list is not kept."""
