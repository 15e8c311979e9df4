"""Waiting for what only the whole of a resource answers, or the whole of a part of one."""

from collections.abc import Callable
from typing import Any

from gateway.errors import MirrorIncompleteError
from gateway.mirror.refresh.item import Item
from gateway.mirror.refresh.items import Items
from gateway.mirror.refresh.pace import Pace
from gateway.mirror.refresh.renewal import Renewal
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.call import Call

_PAGE_S = 0.3  # that a page of a walk takes, about
_MOST_TO_WAIT_FOR = 20  # requests of a walk, where what is held is too old: some seconds
_SOON_S = 60.0  # when there may be room where there is none


class Completion:
    """One owner's."""

    def __init__(
        self, tenant: Tenant, pace: Pace, items: Items, renewal: Renewal, now: Callable[[], float]
    ) -> None:
        self._tenant = tenant
        self._pace = pace
        self._items = items
        self._renewal = renewal
        self._now = now

    async def at(self, call: Call[Any], within_s: float, *, not_before: float) -> float:
        """Return since when all rows of a list's collection or part are held.

        What is too old is read before where that takes some seconds at the most; else, and where there is no room for
        it, what is held answers, however old, while it is read.

        Raises:
            MirrorIncompleteError: nothing of the kind is held.
        """
        item, now = self._item(call), self._now()
        at = self._tenant.whole_at(call)
        self._pace.use(item, now, call, was_asked=at is None)
        is_wanted = at is not None and self._tenant.collection(call.record).is_wanted_since(at)
        if at is not None and at >= not_before and not is_wanted and not self._is_too_old(item, now - at):
            if now - at >= item.floor_s:
                self._renewal.renew(item, call, now)
            return at
        if within_s > 0 and self._renewal.begin(item, call, now):
            if at is None or at < not_before or item.cost <= _MOST_TO_WAIT_FOR:
                await self._renewal.ended(item, within_s)
            at = self._tenant.whole_at(call)
        if at is None:
            raise self._lack(call, item)
        return at

    def is_late(self, call: Call[Any], age_s: float) -> bool:
        """Return whether what is held is older than it should be."""
        return self._is_too_old(self._item(call), age_s)

    def _is_too_old(self, item: Item, age_s: float) -> bool:
        return item.is_late(age_s) if item.floor_s > 0 else age_s > item.rests_s

    def _item(self, call: Call[Any]) -> Item:
        part = self._items.slice_of(call)
        return self._items.whole(call.record) if part is None else part

    def _lack(self, call: Call[Any], item: Item) -> MirrorIncompleteError:
        rows, now = call.record.rows, self._now()
        if item.cost > self._pace.most_cost:
            by = call.record.sliced_by
            mend = "" if by is None else ": ask for those of one event, or of some, by 'eventKey' or 'events'"
            return MirrorIncompleteError(f"There are more {rows} than the hour has requests to read{mend}.")
        wait_s = max(0.0 if item.is_running else _SOON_S, item.not_before - now) + item.cost * _PAGE_S
        failed = f": the last reading came to nothing ({item.why})" if item.failures else ""
        return MirrorIncompleteError(
            f"Only all {rows} answer this, and they are not read yet{failed}.", wait_s
        )
