"""One owner's mirror as other processes of the gateway see it: what they hold comes in here, and what they ask for."""

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Any

import msgspec

from gateway.mirror.after_writes import follow_elsewhere
from gateway.mirror.refresh.item import Demand, Item
from gateway.mirror.refresh.items import Items
from gateway.mirror.refresh.pace import Pace
from gateway.mirror.refresh.renewal import Renewal
from gateway.mirror.rows.derived import Derivations
from gateway.mirror.rows.held import SELF, Part
from gateway.mirror.rows.kept import KeptWalk
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.call import Call, listing
from gateway.upstream.call import one as row_call
from gateway.upstream.record import Record, Row
from gateway.upstream.write import Write


class Asked(msgspec.Struct, array_like=True):
    """What a collection was asked for, or a part of it, since that was told last."""

    path: str
    part: Part | None
    demand: Demand
    cost: int


class Planned(msgspec.Struct, array_like=True):
    """What the process that walks has planned for a collection, or a part of it, and from what."""

    path: str
    part: Part | None
    is_walked: bool
    planned_s: float
    cost: int
    counted: tuple[float, float, float]


class Elsewhere:
    """What a process does for others, and others for it."""

    def __init__(
        self,
        tenant: Tenant,
        pace: Pace,
        items: Items,
        renewal: Renewal,
        derivations: Derivations,
        now: Callable[[], float],
    ) -> None:
        self.tenant = tenant
        self._pace = pace
        self._items = items
        self._renewal = renewal
        self._derivations = derivations
        self._now = now
        self._planned: list[Planned] = []

    def decide(self, *, decides: bool) -> None:
        """Say here what is walked, and when, from now on; or let another process say it."""
        if decides and not self._pace.decides:
            for one in self._planned:
                self._item(one.path, one.part).count_on(one.counted, self._now())
        self._pace.decides = decides

    def walks(self, record: Record[Any]) -> list[KeptWalk]:
        """Return what is held whole of a resource."""
        found = list[KeptWalk]()
        for part, at, order, pages in self.tenant.collection(record).walks:
            item = self._items.whole(record, part)
            found.append(KeptWalk(record.path, part, at, order, pages, item.cost, item.planned_s, False))
        return found

    def includes(self, record: Record[Any], begun: float) -> tuple[str, ...]:
        """Return what a walk from a moment on was told of a resource's rows (and SELF), as far as that still holds."""
        names = (SELF, *sorted(self._renewal.includes_of_walks(record)))
        collection = self.tenant.collection(record)
        return tuple(name for name in names if not collection.is_touched_since(name, begun))

    async def settle(self, record: Record[Any], walks: Sequence[KeptWalk]) -> None:
        """Be whole as another process is."""
        collection, now = self.tenant.collection(record), self._now()
        collection.settle_as(walks, now)
        for walk in walks:
            item = self._items.whole(record, walk.part)
            item.at, item.cost, item.planned_s, item.is_walked = walk.at, walk.cost, walk.planned_s, True
            item.is_awaited = False
            item.is_urgent = collection.is_wanted_since(walk.at)
        if collection.whole_at is None:
            self._items.whole(record).at = None
        self._renewal.wake()
        await self._derivations.learn(self.tenant)

    def doubt(self, record: Record[Any], doubted_at: float, wanted_at: float) -> None:
        """Take in since when only a walk tells what came of a write that another process sent."""
        collection = self.tenant.collection(record)
        if doubted_at > -inf:
            collection.doubt(doubted_at)
        if wanted_at > -inf:
            collection.want(wanted_at)
        whole_at = collection.whole_at
        if whole_at is None or collection.is_wanted_since(whole_at):
            self._items.of(listing(record)).is_urgent = True

    def written(self, write: Write[Any], before: Row | None, after: Row | None) -> None:
        """Take in what a write of another process means for what each process keeps for itself, as lists."""
        follow_elsewhere(self.tenant, write, before, after, self._now())

    def asked(self) -> list[Asked]:
        """Return what was asked for here since the last time."""
        found = list[Asked]()
        for name, item in self._pace.walked:
            if item.untold.uses:
                path, part = _of(name)
                found.append(Asked(path, part, item.untold, item.cost))
                item.untold = Demand()
        return found

    def serve(self, asked: Iterable[Asked]) -> None:
        """Count what was asked for elsewhere, and read anew what is due."""
        now = self._now()
        for one in asked:
            item = self._item(one.path, one.part)
            if item.at is None:
                item.cost = one.cost
            self._pace.add(item, one.demand, now)
            self._renewal.renew(item, self._call(one.path, one.part), now)

    def keep_untold(self, asked: Iterable[Asked]) -> None:
        """Tell later what could not be told now."""
        for one in asked:
            item = self._item(one.path, one.part)
            untold = item.untold
            untold.uses += one.demand.uses
            untold.requests += one.demand.requests
            untold.paid += one.demand.paid

    def walk(self, path: str, part: Part | None) -> bool:
        """Begin to read all of a resource, or of a part, that another process waits for; return whether that runs."""
        return self._renewal.begin(self._item(path, part), self._call(path, part), self._now())

    def not_walked(self, path: str, part: Part | None) -> None:
        """Let those go on who wait here for a walk of another process."""
        self._item(path, part).is_awaited = False
        self._renewal.wake()

    def wait_no_more(self) -> None:
        """Let all go on who wait here for a walk of another process."""
        for _, item in self._pace.walked:
            item.is_awaited = False
        self._renewal.wake()

    def walk_soon(self, record: Record[Any]) -> None:
        """Let a resource be walked as soon as it is asked for: something of it was written, nobody knows what."""
        self._items.of(listing(record)).is_urgent = True
        self.tenant.collection(record).doubt(self._now())

    def read_next(self, record: Record[Any], row_id: int) -> None:
        """Begin to read a row of which nobody knows how it is."""
        self._renewal.read_next(row_call(record, row_id, frozenset(record.includes)))

    def plan(self) -> list[Planned]:
        """Return what is planned here."""
        return [
            Planned(*_of(name), item.is_walked, item.planned_s, item.cost, item.counted)
            for name, item in self._pace.walked
        ]

    def follow_plan(self, planned: list[Planned]) -> None:
        """Go by what the process that walks has planned."""
        self._planned = planned
        for one in planned:
            item = self._item(one.path, one.part)
            item.is_walked, item.planned_s, item.cost = one.is_walked, one.planned_s, one.cost

    def _item(self, path: str, part: Part | None) -> Item:
        return self._items.whole(self._record(path), part)

    def _call(self, path: str, part: Part | None) -> Call[Any]:
        record = self._record(path)
        return listing(record, None if part is None else {str(record.sliced_by): part.key})

    def _record(self, path: str) -> Record[Any]:
        return next(record for record in self.tenant.records if record.path == path)


def _of(name: Any) -> tuple[str, Part | None]:
    """Return the collection that an item's name stands for, and the part of it."""
    return (name, None) if isinstance(name, str) else name
