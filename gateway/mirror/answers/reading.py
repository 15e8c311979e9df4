"""The tenant as far as it is held: reads are answered by it where it can, else by PlanDocket.

A read goes: held? -> narrower than something held? -> running already? -> PlanDocket; and where that fails, held though
stale? What is held is answered so (`gateway.mirror.owner`):

| what is held | then |
| --- | --- |
| younger than it is fresh | answered |
| older, of a collection or a part that is walked | answered, with its age; walks ask. Stale beyond two intervals |
| so old, and nobody wanted it for as long | asked for |
| older, of one too large for the hour | asked for where that is due, behind all others; else answered, as above |
| older, of another | asked for |
| a row or key that a whole collection has not | none, with the walk's age; asked for once after each walk |
| a list that only PlanDocket can tell | answered; read anew by the pace; stale while a write may have changed it |
| what a write may have changed beyond its row | asked for, until it was read next |
| nothing | asked for |
"""

from collections.abc import Collection, Coroutine, Sequence
from functools import partial
from math import inf
from typing import Any, Self

from gateway.errors import (
    CallerError,
    NotKeptError,
    OverloadedError,
    RateLimitedError,
    RefusedError,
    TooComplexError,
    TooManyFailuresError,
    UnavailableError,
)
from gateway.mirror.answers.key_check import KeyCheck
from gateway.mirror.answers.narrowing import Filters, can_filter, matcher, wider
from gateway.mirror.answers.questions import Questions
from gateway.mirror.answers.session import KeepingSession
from gateway.mirror.answers.walk import Listing, OrderChangedError, Read, Source
from gateway.mirror.disk.owner_files import OwnerFiles
from gateway.mirror.owners import Join, Owners
from gateway.mirror.rows.found import Found
from gateway.mirror.rows.moments import STALE_S, Moments
from gateway.mirror.standing import Mirrored, Standing
from gateway.settings.limits import LimitSettings
from gateway.settings.mirror import MirrorSettings
from gateway.telemetry.events import State
from gateway.upstream.call import Call
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_lanes import Lane
from gateway.upstream.way.session import Throttle
from gateway.upstream.way.shared_reads import Flights
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.page_shapes import Paging
from gateway.upstream.write import Write, WriteRefusedError, Written


class Mirror:
    """What is kept of one tenant, and the way to what is not."""

    def __init__(
        self,
        upstream: Upstream,
        settings: MirrorSettings,
        limits: LimitSettings,
        records: Sequence[Record[Any]],
        files: OwnerFiles | None = None,
        join: Join | None = None,
    ) -> None:
        """Let what is held last in `files`, and be what other processes hold by `join`."""
        self.upstream = upstream
        self.key_check = KeyCheck(upstream, settings.fresh_keys)
        self.hits = 0
        """Reads that were answered without a request, since the start."""
        self.misses = 0
        self._settings = settings
        self._limits = limits
        self._moment = Moments(upstream.gate.now)
        self._owners = Owners(upstream, settings, records, self._moment, files, join)
        self.questions = Questions(upstream, self._owners, self.key_check)
        self._flights = Flights[Answer[Any]]()
        self._writes = 0
        upstream.on_refused.append(self._owners.forget)
        if upstream.held is None and self._owners.keeps:
            upstream.budget.set_aside(1)  # for `key_check`, which is never needed else

    async def __aenter__(self) -> Self:
        await self._owners.resume()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.upstream.close()
        await self._owners.close()

    @property
    def state(self) -> State:
        """How things stand, for whoever watches; costs no request."""
        upstream = self.upstream
        standing = self._owners.standing()
        held = standing.resources
        return State(
            hits=self.hits,
            misses=self.misses,
            in_flight=upstream.gate.places.taken,
            waiting=upstream.gate.places.waiting,
            kept_rows=standing.rows,
            mirror_ages_s={one.path: one.age_s for one in held if one.age_s is not None},
            mirror_intervals_s={one.path: one.interval_s for one in held if one.interval_s is not None},
            slice_ages_s={one.path: [part.age_s or 0 for part in one.slices] for one in held if one.slices},
            walks=self._owners.walks,
            used_by_purpose=standing.used,
            remaining=standing.left,
            breaker=upstream.gate.breaker_state.value.lower(),
        )

    def standing(self) -> Standing:
        """Return how what is held stands, for who operates the gateway; costs no request."""
        return self._owners.standing()

    async def drop(self, paths: Collection[str] = ()) -> int:
        """Hold nothing more of these resources, of all where none is named; return how many rows that were."""
        return await self._owners.drop(paths)

    def session(self, credential: Credential, throttle: Throttle | None = None) -> KeepingSession:
        """Return an operation's way here. Where nothing is kept across operations it keeps for itself."""
        deadline = self.upstream.gate.now() + self._limits.operation_timeout
        kept_for_s = self._owners.fresh_for_s if self._owners.keeps else None
        kept = self._owners.of(credential) or self._owners.tenant()
        return KeepingSession(credential, kept, self._limits.max_calls, deadline, throttle, kept_for_s)

    def held(self, session: KeepingSession) -> list[Mirrored]:
        """Return how each resource is held for a session's key; nothing before PlanDocket accepted it."""
        return self._owners.held(session.credential)

    async def warm(self, credential: Credential) -> None:
        """Read all that a key may see of the tenant, as the pace would in time.

        Raises:
            CallerError, UpstreamError: PlanDocket does not accept the key, or cannot be asked.
        """
        await self.key_check.renew(self.session(credential))
        if (owner := self._owners.of(credential)) is not None:
            await owner.renewal.walk_all()

    def at_hand(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return the answer to `call` where it is kept fresh; costs no request and no wait."""
        answer = self.kept(call, session)
        if answer is not None:
            self.hit(session)
        return answer

    def kept(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return what `at_hand` would, not counted: the same object as long as nothing kept has changed."""
        call = call.including(self.upstream.traits.honoured(call, session.credential))
        found = self._usable(call, session)
        return None if found is None else found.answer

    def _usable(self, call: Call[RowT], session: KeepingSession) -> Found[RowT] | None:
        """Return what is held of an answer, where it may be told, and note how old it is."""
        now, owner = self.upstream.gate.now(), session.owner
        found = session.tenant.find(call, now)
        if found is None:
            return None
        is_fresh = found.is_fresh(now)
        if self._is_too_old(call, found, session):
            return None
        if not (is_fresh if owner is None else owner.usable(call, found, now)):
            return None
        if owner is not None and not is_fresh:
            session.is_stale = session.is_stale or found.is_old or owner.is_late(call, now - found.at)
        session.oldest_at = min(session.oldest_at, found.at)
        if call.is_sorted:
            session.orders.add(found.answer.is_in_own_order)
        return found

    def _is_too_old(self, call: Call[Any], found: Found[Any], session: KeepingSession) -> bool:
        """Return whether the client wants something younger, and may have it asked for: that is counted, once."""
        if found.at >= session.not_before or call in session.anew:
            return found.at < session.not_before
        now, owner = self.upstream.gate.now(), session.owner
        if session.asks and owner is not None and not owner.may_ask_anew(now):
            session.is_stale = True
            return False
        if session.asks and owner is not None:
            owner.asked_anew(now)
        session.anew.add(call)
        return True

    def id_of(
        self, record: Record[Any], key: str, session: KeepingSession, *, stale: bool = False
    ) -> int | None:
        """Return the id of the row with a natural key, where such a row is kept fresh, or stale."""
        is_large = session.owner is not None and session.owner.is_too_large(record)
        stale_s = STALE_S if stale or is_large else 0
        return session.tenant.id_of(record, key, self.upstream.gate.now(), stale_s)

    def check_look_up(self, record: Record[Any], row_id: int, session: KeepingSession) -> None:
        """Return where a read may look a row up by an id that a caller gave: see `Owner.check_look_up`."""
        if session.owner is not None and session.lane is Lane.READ:
            session.owner.check_look_up(record, row_id, self.upstream.gate.now())

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
        shared = None if session.owner is None else session.owner.shared
        if shared is None:
            return await self._write(write, session)
        async with shared.writing(write) as telling:
            written = await self._write(write, session)
            session.wrote(await telling.told(written.id or write.id))
            return written

    async def _write(self, write: Write[RowT], session: KeepingSession) -> Written[RowT]:
        try:
            written = await self.upstream.write(write, session)
            await self._owners.resume_for(session)
        except (WriteRefusedError, CallerError, RefusedError, RateLimitedError, OverloadedError):
            raise
        except BaseException as error:
            # It may have happened all the same, also where the caller gave up: unless it never left.
            if not (isinstance(error, UnavailableError) and error.never_left):
                self._wrote(write, None, session)
            raise
        self._wrote(write, written, session)
        await self._owners.saved(session)
        return written

    def listing(
        self, call: Call[RowT], session: KeepingSession, read: Read[RowT], read_anew: Read[RowT]
    ) -> Listing[RowT]:
        """Return the list that `call` begins, to be read page by page: see `Source` for the two ways."""

        def learn(total: int) -> None:
            if not call.filters:
                session.tenant.lists(call.record).size = total

        def join(page: Call[Any], next_page: Call[Any], last_id: int, first_id: int) -> None:
            session.tenant.join(page, next_page, last_id, first_id)

        return Listing(Source(read, read_anew, learn, join), call, self.upstream.traits)

    async def _asked(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return what PlanDocket answers, or where it cannot be asked what is kept though stale."""
        if not session.asks:
            found = await self._stale(call, session)
            if found is None or found.at < session.not_before:
                raise NotKeptError
            return self._told_stale(call, found, session)
        try:
            if session.owner is not None and session.lane is Lane.READ:
                session.owner.check_room(call, self.upstream.gate.now())
            return await self._while_it_works(call, session)
        except (UnavailableError, RateLimitedError, OverloadedError):
            found = await self._stale(call, session)
            if found is None:
                raise
        return self._told_stale(call, found, session)

    def _told_stale(self, call: Call[RowT], found: Found[RowT], session: KeepingSession) -> Answer[RowT]:
        if call.is_sorted:
            session.orders.add(found.answer.is_in_own_order)
        session.is_stale, session.oldest_at = True, min(session.oldest_at, found.at)
        return found.answer

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

    async def _stale(self, call: Call[RowT], session: KeepingSession) -> Found[RowT] | None:
        """Return the answer as far as it is kept, though stale."""
        return self._held(call, session, stale=True) or await self._narrowed(call, session, stale=True)

    def _held(self, call: Call[RowT], session: KeepingSession, *, stale: bool) -> Found[RowT] | None:
        """Return the answer as far as it is kept, fresh or stale, and no write may have changed it since."""
        now = self.upstream.gate.now()
        found = session.tenant.find_stale(call) if stale else session.tenant.find(call, now)
        is_whole = session.tenant.whole_at(call) is not None
        if found is None or (found.is_old and not (stale and (is_whole or call.id is None))):
            return None
        stale_s = STALE_S if stale and (is_whole or not found.is_absent) else 0
        if not stale and found.at < session.not_before:
            return None
        return found if now < max(found.until, found.at + stale_s) else None

    async def recall(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return what is kept of the answer to `call`, though stale; None where nothing is."""
        call = call.including(self.upstream.traits.honoured(call, session.credential))
        found = await self._stale(call, session)
        return None if found is None else self._told_stale(call, found, session)

    async def narrowed(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT] | None:
        """Return a list's page as filtered from a wider list that is kept whole; None where there is none."""
        found = await self._narrowed(call, session, stale=False)
        if found is None:
            return None
        session.oldest_at = min(session.oldest_at, found.at)
        self.hit(session)
        return found.answer

    async def _narrowed(
        self, call: Call[RowT], session: KeepingSession, *, stale: bool
    ) -> Found[RowT] | None:
        if call.page is None:
            return None
        for wide, dropped in wider(call):
            if self._held(wide, session, stale=stale) is None:
                continue
            passes = matcher(call.record, dropped, partial(self.id_of, session=session, stale=stale))
            whole = await self._whole(wide, dropped, session, stale=stale) if passes else None
            if passes is None or whole is None:
                continue
            rows, at = whole
            ids = [row.id for row in rows if passes(row)]
            size = self.upstream.traits.page_size(call.record.path)
            start = (call.page - 1) * size
            page, paging = ids[start : start + size], Paging(len(ids), None, size)
            behind = ids[start - 1] if 0 < start <= len(ids) else None
            now = self.upstream.gate.now()
            found = session.tenant.pick(call, page, paging, at, behind, -inf if stale else now)
            stale_s = STALE_S if stale else 0
            if found is None or found.is_old or now >= max(found.until, found.at + stale_s):
                return None
            return found
        return None

    async def _whole(
        self, call: Call[RowT], filters: Filters, session: KeepingSession, *, stale: bool
    ) -> tuple[tuple[RowT, ...], float] | None:
        """Return every row of a list whose pages are all kept, and when the oldest was asked for.

        None where a page is not, or these filters' columns could not be read in it.
        """
        at = inf

        async def at_hand(page: Call[RowT]) -> Answer[RowT]:
            found = self._held(page, session, stale=stale)
            if found is None or not can_filter(call.record, filters, found.answer.flaws):
                raise _NotAtHandError
            nonlocal at
            at = min(at, found.at)
            return found.answer

        listing = self.listing(call, session, at_hand, at_hand)
        try:
            await listing.page(1)
            # In turn: the first that is not there ends it.
            for number in range(2, (listing.pages_left(None) or 0) + 2):
                await listing.page(number)
            rows = await listing.all()
        except (_NotAtHandError, OrderChangedError):
            return None
        return (rows, at) if listing.total == len(rows) else None

    async def _shared(self, call: Call[RowT], session: KeepingSession) -> Answer[RowT]:
        """Return what the read answers, at most one request for all who ask now."""
        self.misses += 1
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
        at = self._moment()
        answer = await self.upstream.read(call, session)
        session.oldest_at = min(session.oldest_at, at)
        if call.is_sorted:
            session.orders.add(False)
        await self._owners.learn(call, answer, at, session)
        return answer

    def _wrote(self, write: Write[RowT], written: Written[RowT] | None, session: KeepingSession) -> None:
        self._writes += 1
        self._owners.wrote(write, written, session)


class _NotAtHandError(Exception):
    """A page of a list is not kept."""
