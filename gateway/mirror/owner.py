"""One owner's mirror: what is held of the tenant, and kept young within the hour."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

from gateway.errors import RateLimitedError
from gateway.mirror.after_writes import follow
from gateway.mirror.disk.lasting import Lasting
from gateway.mirror.disk.owner_file import OwnerFile
from gateway.mirror.elsewhere import Elsewhere
from gateway.mirror.refresh.completion import Completion
from gateway.mirror.refresh.hour_part import HourPart
from gateway.mirror.refresh.hour_room import HourRoom
from gateway.mirror.refresh.item import Item
from gateway.mirror.refresh.items import Items
from gateway.mirror.refresh.pace import Pace
from gateway.mirror.refresh.renewal import Renewal
from gateway.mirror.rows.derived import Derivations
from gateway.mirror.rows.found import Found
from gateway.mirror.rows.tenant import Tenant
from gateway.mirror.shared import Shared
from gateway.mirror.standing import Mirrored, mirrored
from gateway.upstream.call import Call, listing, one
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.credential import Credential
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.write import Write, Written

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
        self._make_room = make_room
        self._room = HourRoom(upstream.budget.hour(credential))
        self._pace = Pace(self._room)
        self._items = Items(self._pace, tenant, fresh_s, upstream.traits.page_size, self._now)
        self._derivations = Derivations(records)
        self._anew = HourPart()
        self._looked_up: dict[object, float | None] = {}
        self.tenant = tenant
        self.lasting = None if file is None else self._lasting(file)
        self.renewal = Renewal(
            upstream,
            credential,
            tenant,
            self._pace,
            self._items,
            self._derivations,
            moment,
            self._changed,
            () if self.lasting is None else (self.lasting.follow,),
            counted,
        )

        self.completion = Completion(tenant, self._pace, self._items, self.renewal, self._now)
        self.shared: Shared | None = None
        """What other processes hold of the same; None where there are none."""

    def join(self, join: Callable[[Elsewhere], Shared]) -> None:
        """Hold from now on what other processes hold, and let them hold what is held here."""
        elsewhere = Elsewhere(
            self.tenant, self._pace, self._items, self.renewal, self._derivations, self._now
        )
        self.shared = self.renewal.shared = join(elsewhere)
        self.tenant.open_store(self.shared.follow)

    def _lasting(self, file: OwnerFile) -> Lasting:
        upstream = self._upstream
        return Lasting(self.tenant, self._pace, self._items, file, upstream.clock, upstream.tasks)

    def usable(self, call: Call[Any], found: Found[Any], now: float) -> bool:
        """Return whether what is held of an answer may be told: see the table in `gateway.mirror.answers.reading`.

        What it rests on is noted as asked for, and read anew where that is due.
        """
        is_fresh, item = found.is_fresh(now), self._items.of(call)
        if self.tenant.whole_at(call) is None and not (
            item.is_by_call and self._items.is_too_large(call.record)
        ):
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
        if item.is_waking and item.is_late(now - found.at) and self._room.left(now) >= 1:
            return False
        if item.is_alone:
            return is_fresh or not self.renewal.is_asked(item, now)
        if item.is_urgent or item.at is None or not is_young:
            self.renewal.renew(item, call, now)
        if not is_young and (not item.is_walked or (found.is_absent and self._is_new_miss(call, now))):
            return False
        # Asked for, a page would come in another order than those beside it: it is told as stale.
        may_be_old = found.answer.is_in_own_order or (item.is_by_call and not call.in_their_order)
        return may_be_old or not found.is_old

    def held(self, now: float) -> list[Mirrored]:
        """Return how each resource is held, in the schema's order."""
        return [self._mirrored(record, now) for record in self._records]

    def _mirrored(self, record: Record[Any], now: float) -> Mirrored:
        items, collection, most = self._items, self.tenant.collection(record), self._pace.most_cost
        slices = [
            mirrored(record, items.whole(record, part), rows, at, most, now, part.key)
            for part, at, rows in sorted(collection.slices, key=lambda held: held[0].key)
        ]
        rows, at = len(collection), collection.whole_at
        return mirrored(record, items.whole(record), rows, at, most, now, slices=slices)

    async def forget(self, record: Record[Any]) -> int:
        """Hold nothing more of a resource, and return how many rows that were."""
        parts = {None, *(part for part, *_ in self.tenant.collection(record).walks)}
        count = await self.tenant.forget(record)
        for item in (self._items.whole(record, part) for part in parts):
            item.at, item.failures, item.not_before = None, 0, 0.0
        return count

    def is_too_large(self, record: Record[Any]) -> bool:
        """Return whether no hour has room for a walk of all rows."""
        return self._items.is_too_large(record)

    def _changed(self) -> None:
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
            wait_s = self._room.unknown_wait_s(now)
            if wait_s > 0:
                raise RateLimitedError(wait_s, _UNKNOWN)

    def check_room(self, call: Call[Any], now: float) -> None:
        """Return where something may be asked for of a resource that no hour has room for: parts come first.

        Where they leave no room it is taken as what nobody has heard of.

        Raises:
            RateLimitedError: that has had its part of the hour, too.
        """
        if self.is_too_large(call.record) and (wait_s := self._pace.wait_s(now)) > 0:
            if not self._room.may_look_up(now):
                raise RateLimitedError(wait_s)
            self._room.unknown.add(now)

    def _missed(self, call: Call[Any], at: float) -> None:
        """Note that what a call names is not there, or looked for, as of a moment."""
        self._room.unknown.add(at)
        self._looked_up[_named(call)] = self.tenant.collection(call.record).whole_at
        if len(self._looked_up) > _MOST_LOOKED_UP:
            del self._looked_up[next(iter(self._looked_up))]

    def is_late(self, call: Call[Any], age_s: float) -> bool:
        """Return whether something that is not fresh is older than it should be by the pace, or has none."""
        item = self._items.of(call)
        return item.is_late(age_s)

    def _now(self) -> float:
        return self._upstream.gate.now()

    async def learn(self, call: Call[Any], answer: Answer[Any], at: float, now: float) -> None:
        """Take in what a direct read brought that was sent at a moment."""
        await self.tenant.learn(call, answer, at)
        self.save_soon()
        self._items.learn_cost(self._items.whole(call.record), call, answer)
        item = self._items.of(call)
        self._use_slice(call, item, now, answer)
        is_whole = self.tenant.whole(call.record) is not None
        if not answer.rows and (call.id is not None or (is_whole and _is_of_a_key(call))):
            self._missed(call, at)
        if item.is_by_call:
            item.at, item.is_waking = at, False
            return
        self._pace.use(item, now, call, was_asked=True)
        self.renewal.renew(item, call, now)

    def wrote(
        self, write: Write[RowT], written: Written[RowT] | None, now: float, *, is_background: bool
    ) -> None:
        """Take in what came of a write that was answered now.

        What it changed beyond its answer is read at once, but for one in the background: a walk tells that.
        """
        following, due = follow(self.tenant, write, written, now, self._derivations)
        for record, row_id in () if is_background else following:
            self.renewal.read_next(one(record, row_id, frozenset(record.includes)))
        for path in due:
            if (record := self.tenant.record(path)) is not None:
                self._items.of(listing(record)).is_urgent = True
                if self.shared is not None:
                    self.shared.doubt(record)
        self.save_soon()

    def _use_slice(self, call: Call[Any], item: Item, now: float, answer: Answer[Any] | None = None) -> None:
        """Note that a slice would have answered that is not held yet, and begin to read it where that pays."""
        part = self._items.slice_of(call) if item.is_alone else None
        if part is None:
            return
        self._pace.use(part, now, call, was_asked=answer is not None)
        if answer is not None:
            self._items.learn_cost(part, call, answer)
        self.renewal.renew(part, call, now)

    def _is_new_miss(self, call: Call[Any], now: float) -> bool:
        """Return whether what is not there is to be looked up, since it was not since a walk."""
        whole_at = self.tenant.collection(call.record).whole_at
        is_known = self._looked_up.get(_named(call)) == whole_at
        if is_known or not self._room.may_look_up(now) or not self.renewal.may_send(Lane.READ):
            return False
        if call.record.key in dict(call.filters):
            self._missed(call, now)  # by a search, which may find others
        return True


def _named(call: Call[Any]) -> object:
    """Return what a call names, whatever it includes: a row, or the list of a key."""
    return call.record.path, call.id, call.filters


def _is_of_a_key(call: Call[Any]) -> bool:
    """Return whether a list is that of another row's natural key."""
    filters = call.record.filters
    return any(name in filters and filters[name].of is not None for name, _ in call.filters)
