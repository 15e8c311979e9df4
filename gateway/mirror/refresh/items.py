"""What is read anew together, as the pace knows it: a collection, a part of one, or one answer."""

from collections.abc import Callable
from typing import Any

from gateway.mirror.refresh.item import Item
from gateway.mirror.refresh.pace import Pace
from gateway.mirror.rows.held import Part
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.call import Call
from gateway.upstream.record import Record
from gateway.upstream.wire.json_rows import Answer

_COST = 20  # requests that a walk is taken to cost until a page tells


class Items:
    """One owner's."""

    def __init__(
        self,
        pace: Pace,
        tenant: Tenant,
        fresh_s: Callable[[Record[Any]], float],
        page_size: Callable[[str], int],
        now: Callable[[], float],
    ) -> None:
        self._pace = pace
        self._tenant = tenant
        self._fresh_s = fresh_s
        self._page_size = page_size
        self._now = now

    def of(self, call: Call[Any]) -> Item:
        """Return what is read anew together with an answer: all of a resource, a slice, or that answer alone."""
        fresh_s, bare = self._fresh_s(call.record), call.including(frozenset())
        if self._tenant.is_told_by_call(call):
            return self._pace.item(bare, fresh_s, self._now(), is_by_call=True)
        if not self.is_too_large(call.record):
            return self.whole(call.record)
        part = self.slice_of(call)
        if part is not None and self._tenant.whole_at(call) is not None:
            return part
        return self._pace.item(bare, fresh_s, self._now(), is_by_call=True, is_alone=True)

    def slice_of(self, call: Call[Any]) -> Item | None:
        """Return the slice that an answer belongs to, be it held or not."""
        part = self._tenant.slice_of(call)
        return None if part is None or not self.is_too_large(call.record) else self.whole(call.record, part)

    def whole(self, record: Record[Any], part: Part | None = None) -> Item:
        """Return all of a resource, or of a part of it."""
        name = record.path if part is None else (record.path, part)
        is_slice = part is not None
        return self._pace.item(name, self._fresh_s(record), self._now(), cost=_COST, is_slice=is_slice)

    def is_too_large(self, record: Record[Any]) -> bool:
        """Return whether no hour has room for a walk of all rows."""
        return self._pace.has_parts and self.whole(record).cost > self._pace.most_cost

    def learn_cost(self, item: Item, call: Call[Any], answer: Answer[Any]) -> None:
        """Learn what a first walk will cost from what a page of all that it reads tells."""
        if (
            item.at is not None
            or call.page is None
            or item.is_slice != bool(call.filters)
            or len(call.filters) > 1
        ):
            return
        size, pages = self._page_size(call.record.path), None
        if answer.paging.total is not None:
            pages = answer.paging.total // size + 1
        elif call.page == 1 and answer.count != size:
            pages = 1
        if pages is not None:
            item.cost = pages if pages == 1 or not item.is_slice else 2 * pages  # it is read twice
