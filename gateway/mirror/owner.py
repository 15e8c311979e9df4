"""One owner's mirror: what is held of the tenant, and kept young within the hour."""

import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from math import inf
from typing import Any

from gateway.errors import GatewayError, LaterError, RateLimitedError
from gateway.mirror.changes import Cause
from gateway.mirror.collection import Part
from gateway.mirror.collection_walk import NotWholeError, TooLargeError, Walked, walk
from gateway.mirror.derived import Derivations
from gateway.mirror.hour_part import HourPart
from gateway.mirror.lasting import Lasting
from gateway.mirror.owner_file import OwnerFile
from gateway.mirror.pace import Item, Pace
from gateway.mirror.standing import Mirrored, mirrored
from gateway.mirror.tenant import Found, Tenant
from gateway.mirror.writing import follow
from gateway.upstream.call import Call, listing, one
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.reasons import because
from gateway.upstream.way.session import Session
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.write import Write, Written

log = logging.getLogger(__name__)

_WALK_S = 600.0
_COST = 20  # requests that a walk is taken to cost until a page tells
_PART_ANEW = 0.1  # of the hour, for what is held and yet too old for clients that say so
_MOST_LOOKED_UP = 1_000
_UNKNOWN = (
    "Too many ids that no row has were looked up this hour, and this one is unknown: try again in {} s."
)


class Owner:
    """What one tenant and credential may see."""

    def __init__(
        self,
        upstream: Upstream,
        credential: Credential,
        tenant: Tenant,
        fresh_s: Callable[[Record[Any]], float],
        records: Sequence[Record[Any]],
        moment: Callable[[], float],
        make_room: Callable[[], None],
        counted: Counter[tuple[str, str]],
        file: OwnerFile | None,
    ) -> None:
        self._upstream = upstream
        self._credential = credential
        self._fresh_s = fresh_s
        self._records = records
        self._moment = moment
        self._make_room = make_room
        self._counted = counted
        self._pace = Pace(upstream.budget.hour(credential))
        self._derivations = Derivations(records)
        self._anew = HourPart()
        self._looked_up: dict[object, float | None] = {}
        self.tenant = tenant
        self.lasting = None if file is None else self._lasting(file)

    def _lasting(self, file: OwnerFile) -> Lasting:
        upstream = self._upstream
        items = self._item, self._whole_item
        return Lasting(self.tenant, self._pace, *items, file, upstream.clock, upstream.tasks)

    def usable(self, call: Call[Any], found: Found[Any], now: float) -> bool:
        """Return whether what is held of an answer may be told: see the table in `gateway.mirror.reading`.

        What it rests on is noted as asked for, and read anew where that is due.
        """
        is_fresh, item = found.is_fresh(now), self._item(call)
        if self.tenant.whole_at(call) is None and not (item.is_by_call and self.is_too_large(call.record)):
            if is_fresh and not item.is_by_call:
                self._pace.use(item, now, call)
            return is_fresh
        if self._fresh_s(call.record) <= 0:
            return False
        is_young = now < found.until
        if item.is_by_call and item.at is None:
            item.at = found.at
        self._pace.use(item, now, call)
        self._use_slice(call, item, now)
        if item.is_by_call and found.is_old:
            item.is_urgent = not item.is_running
        if item.is_waking and _is_late(item, now - found.at) and self._pace.room(now) >= 1:
            return False
        if item.is_alone:
            return is_fresh or not self._is_asked(item, now)
        if item.is_urgent or item.at is None or not is_young:
            self._renew(item, call, now)
        if not is_young and (not item.is_walked or (found.is_absent and self._is_new_miss(call, now))):
            return False
        # Asked for, a page would come in another order than those beside it: it is told as stale.
        may_be_old = found.answer.is_in_own_order or (item.is_by_call and not call.in_their_order)
        return may_be_old or not found.is_old

    def held(self, now: float) -> list[Mirrored]:
        """Return how each resource is held, in the schema's order."""
        most = self._pace.most_cost
        return [
            mirrored(self.tenant.collection(one), self._whole_item(one), most, now) for one in self._records
        ]

    async def forget(self, record: Record[Any]) -> int:
        """Hold nothing more of a resource, and return how many rows that were."""
        count = await self.tenant.forget(record)
        item = self._whole_item(record)
        item.at, item.failures, item.not_before = None, 0, 0.0
        return count

    async def _take_in(
        self, call: Call[Any], answer: Answer[Any], at: float, cause: Cause = Cause.READ
    ) -> None:
        await self.tenant.learn(call, answer, at, cause)
        self._make_room()
        self.save_soon()

    def save_soon(self) -> None:
        """Let its file follow what is held."""
        if self.lasting is not None:
            self.lasting.save_soon()

    def may_ask_anew(self, now: float) -> bool:
        """Return whether something that is held may be asked for because a client wants it younger."""
        return self._anew.count(now) < _PART_ANEW * (
            self._upstream.budget.hour(self._credential).limit or inf
        )

    def asked_anew(self, at: float) -> None:
        """Note that this was done at a moment."""
        self._anew.add(at)

    def check_look_up(self, record: Record[Any], row_id: int, now: float) -> None:
        """Return where a row may be asked for by an id that a caller gave.

        Raises:
            RateLimitedError: ids that no row has have had their part of the hour, and nobody knows that of this one.
        """
        collection = self.tenant.collection(record)
        if collection.whole_at is None and collection.find(row_id) is None:
            wait_s = self._pace.wait_s(now)
            if wait_s > 0:
                raise RateLimitedError(wait_s, _UNKNOWN)

    def _missed(self, call: Call[Any], at: float) -> None:
        """Note that what a call names is not there, or looked for, as of a moment."""
        self._pace.unknown.add(at)
        self._looked_up[_named(call)] = self.tenant.collection(call.record).whole_at
        if len(self._looked_up) > _MOST_LOOKED_UP:
            del self._looked_up[next(iter(self._looked_up))]

    def is_late(self, call: Call[Any], age_s: float) -> bool:
        """Return whether something that is not fresh is older than it should be by the pace, or has none."""
        item = self._item(call)
        return item.is_alone or _is_late(item, age_s)

    async def learn(self, call: Call[Any], answer: Answer[Any], at: float, now: float) -> None:
        """Take in what a direct read brought that was sent at a moment."""
        await self.tenant.learn(call, answer, at)
        self.save_soon()
        self._learn_cost(self._whole_item(call.record), call, answer)
        item = self._item(call)
        self._use_slice(call, item, now, answer)
        is_whole = self.tenant.whole(call.record) is not None
        if not answer.rows and (call.id is not None or (is_whole and _is_of_a_key(call))):
            self._missed(call, at)
        if item.is_by_call:
            item.at, item.is_waking = at, False
            return
        self._pace.use(item, now, call, was_asked=True)
        self._renew(item, call, now)

    def wrote(self, write: Write[RowT], written: Written[RowT] | None, now: float) -> None:
        """Take in what came of a write that was answered now."""
        following, unsure = follow(self.tenant, write, written, now, self._derivations)
        for record, row_id in following:
            self._start(self._read_next(one(record, row_id, frozenset(record.includes))))
        for path in unsure:
            if (record := self.tenant.record(path)) is not None:
                self._item(listing(record)).is_urgent = True
        self.save_soon()

    def _use_slice(self, call: Call[Any], item: Item, now: float, answer: Answer[Any] | None = None) -> None:
        """Note that a slice would have answered that is not held yet, and begin to read it where that pays."""
        part = self._slice_item(call) if item.is_alone else None
        if part is None:
            return
        self._pace.use(part, now, call, was_asked=answer is not None)
        if answer is not None:
            self._learn_cost(part, call, answer)
        self._renew(part, call, now)

    def _learn_cost(self, item: Item, call: Call[Any], answer: Answer[Any]) -> None:
        """Learn what a first walk will cost from what a page of all that it reads tells."""
        if (
            item.at is not None
            or call.page is None
            or item.is_slice != bool(call.filters)
            or len(call.filters) > 1
        ):
            return
        size, pages = self._upstream.traits.page_size(call.record.path), None
        if answer.paging.total is not None:
            pages = answer.paging.total // size + 1
        elif call.page == 1 and answer.count != size:
            pages = 1
        if pages is not None:
            item.cost = pages if pages == 1 or not item.is_slice else 2 * pages  # it is read twice

    def _item(self, call: Call[Any]) -> Item:
        """Return what is read anew together with an answer: all of a resource, a slice, or that answer alone."""
        fresh_s, bare = self._fresh_s(call.record), call.including(frozenset())
        if self.tenant.is_told_by_call(call):
            return self._pace.item(bare, fresh_s, self._now(), is_by_call=True)
        if not self.is_too_large(call.record):
            return self._whole_item(call.record)
        part = self._slice_item(call)
        if part is not None and self.tenant.whole_at(call) is not None:
            return part
        return self._pace.item(bare, fresh_s, self._now(), is_by_call=True, is_alone=True)

    def _slice_item(self, call: Call[Any]) -> Item | None:
        """Return the slice that an answer belongs to, be it held or not."""
        part, fresh_s = self.tenant.slice_of(call), self._fresh_s(call.record)
        if part is None or not self.is_too_large(call.record):
            return None
        return self._pace.item((call.record.path, part), fresh_s, self._now(), cost=_COST, is_slice=True)

    def _whole_item(self, record: Record[Any]) -> Item:
        return self._pace.item(record.path, self._fresh_s(record), self._now(), cost=_COST)

    def is_too_large(self, record: Record[Any]) -> bool:
        """Return whether no hour has room for a walk of all rows."""
        return self._pace.has_parts and self._whole_item(record).cost > self._pace.most_cost

    def _is_new_miss(self, call: Call[Any], now: float) -> bool:
        """Return whether what is not there is to be looked up, since it was not since a walk."""
        whole_at = self.tenant.collection(call.record).whole_at
        is_known = self._looked_up.get(_named(call)) == whole_at
        if is_known or not self._pace.may_look_up(now) or not self._may_send(Lane.READ):
            return False
        if call.record.key in dict(call.filters):
            self._missed(call, now)  # by a search, which may find others
        return True

    def _renew(self, item: Item, call: Call[Any], now: float) -> None:
        """Begin to read an item anew, where that is due, and has room."""
        if self._pace.is_due(item, now) and self._may_ask(item) and self._pace.begins(item, now):
            part = self.tenant.slice_of(call) if item.is_slice else None
            self._start(
                self._list_anew(item, call) if item.is_by_call else self._walk(item, call.record, part)
            )

    def _is_asked(self, item: Item, now: float) -> bool:
        """Return whether an answer that no walk keeps young is asked for by who wants it: it is due, and has room."""
        is_asked = (
            self._pace.is_due(item, now) and self._may_send(Lane.READ) and self._pace.has_room(item, now)
        )
        if is_asked:
            item.uses, item.is_waking, item.is_urgent = 0, False, False
        return is_asked

    def _may_ask(self, item: Item) -> bool:
        return item.floor_s > 0 and item.cost <= self._pace.most_cost and self._may_send(Lane.WALK)

    def _may_send(self, lane: Lane) -> bool:
        upstream = self._upstream
        return upstream.gate.works and upstream.budget.wait(self._credential, lane) == 0

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin work of the mirror's own: it belongs to no operation, whichever it was that made it due."""
        Context().run(self._upstream.tasks.start, work)

    def _now(self) -> float:
        return self._upstream.gate.now()

    def _session(self, lane: Lane) -> Session:
        session = Session(self._credential, 0, self._now() + _WALK_S)
        session.lane = lane
        return session

    async def walk_all(self) -> None:
        """Walk each collection, be it asked for or not."""
        for record in self._records:
            item = self._whole_item(record)
            if self._pace.begins(item, self._now()):
                await self._walk(item, record)

    async def _walk(self, item: Item, record: Record[Any], part: Part | None = None) -> None:
        """Walk a collection, or a part of one, and hold it as whole."""
        begun, collection = self._moment(), self.tenant.collection(record)
        call = listing(record, None if part is None else {str(record.sliced_by): part.key})
        self.tenant.open_store(*(() if self.lasting is None else (self.lasting.file.follow,)))
        try:
            with because("all of it is asked for often, and kept young"):
                walked = await self._walked(item, call)
        except TooLargeError as error:
            item.cost = error.pages
            if part is None:  # what was held would get ever older
                item.at = collection.whole_at = None
            self._not_walked(item, record, error, "too_large")
        except (GatewayError, NotWholeError) as error:
            self._not_walked(
                item, record, error, "not_whole" if isinstance(error, NotWholeError) else "failed"
            )
        except BaseException:
            self._pace.failed(item, self._now())
            raise
        else:
            self._counted[record.path, "whole"] += 1
            if item.at is None:
                log.info(
                    "%s are mirrored: %d rows, of %d requests", record.rows, len(walked.ids), walked.requests
                )
            if part is None:
                collection.settle(walked, begun)
            else:
                collection.settle_slice(part, walked, begun)
            self.save_soon()
            self._pace.ended(item, begun, self._now(), walked.requests)
            if part is None and self.is_too_large(record):
                item.at = collection.whole_at = None
            item.is_urgent = collection.is_doubted_since(begun)
            await self._derivations.learn(self.tenant)

    async def _walked(self, item: Item, call: Call[Any]) -> Walked:
        session, collection = self._session(Lane.WALK), self.tenant.collection(call.record)
        cut, size = collection.times_cut, self._upstream.traits.page_size(call.record.path)

        async def read(call: Call[Any]) -> Answer[Any]:
            at = self._moment()
            answer = await self._upstream.read(call.including(self._honoured(call)), session)
            await self._take_in(call, answer, at, Cause.WALK)
            if collection.times_cut != cut:
                raise NotWholeError("all of it is more than GATEWAY_MIRROR_ROWS, or it was dropped meanwhile")
            return answer

        last = item.cost // 2 if item.is_slice else collection.pages or item.cost
        whole = call.including(frozenset(call.record.includes))
        return await walk(whole, read, last, size, int(self._pace.most_cost))

    def _not_walked(self, item: Item, record: Record[Any], error: Exception, outcome: str) -> None:
        log.info("%s were not read whole: %s", record.rows, error)
        item.why = error.code if isinstance(error, LaterError) else str(error)  # else with seconds of then
        self._pace.failed(item, self._now())
        self._counted[record.path, outcome] += 1

    async def _list_anew(self, item: Item, call: Call[Any]) -> None:
        """Read a list anew that only PlanDocket can tell."""
        call = call.including(self._honoured(call.including(frozenset(call.record.includes))))
        at = self._moment()
        try:
            with because("the list is asked for often, and kept young"):
                answer = await self._upstream.read(call, self._session(Lane.WALK))
                await self._take_in(call, answer, at)
                self._learn_cost(self._whole_item(call.record), call, answer)
        except BaseException as error:
            self._pace.failed(item, self._now())
            if not isinstance(error, GatewayError):
                raise
        else:
            self._pace.ended(item, at, self._now(), 1)

    async def _read_next(self, call: Call[Any]) -> None:
        """Read a row that a write has touched."""
        at = self._moment()
        session = self._session(Lane.WRITE)
        try:
            with because("a write has touched the row"):
                answer = await self._upstream.read(call.including(self._honoured(call)), session)
        except GatewayError:
            self._item(listing(call.record)).is_urgent = True  # it stays old until a walk tells it
            return
        await self._take_in(call, answer, at)

    def _honoured(self, call: Call[Any]) -> frozenset[str]:
        return self._upstream.traits.honoured(call, self._credential)


def _named(call: Call[Any]) -> object:
    """Return what a call names, whatever it includes: a row, or the list of a key."""
    return call.record.path, call.id, call.filters


def _is_of_a_key(call: Call[Any]) -> bool:
    """Return whether a list is that of another row's natural key."""
    filters = call.record.filters
    return any(name in filters and filters[name].of is not None for name, _ in call.filters)


def _is_late(item: Item, age_s: float) -> bool:
    return age_s > 2 * max(item.planned_s, item.floor_s, 1.0)
