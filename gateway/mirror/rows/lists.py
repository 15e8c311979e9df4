"""One resource's lists of one owner, page by page, as PlanDocket told them: the ids on each."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from math import inf
from typing import Any

import msgspec

from gateway.upstream.call import Call
from gateway.upstream.wire.flaws import Flaws
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.page_shapes import Paging

ANY_LIST = ""
"""Stands for every list, among the filters that lists have."""


class Page(msgspec.Struct):
    """A list's page."""

    ids: tuple[int, ...]
    paging: Paging
    at: float
    behind: int | None = None
    """The id of the row right before it."""
    behind_at: float = inf
    """When that was told."""
    left_out: tuple[int, ...] = ()
    flaws: Flaws = {}
    """Of the rows that were left out."""
    old_since: float = -inf
    """When a write may have changed it."""

    @property
    def is_old(self) -> bool:
        """Whether a write may have changed it since it was read."""
        return self.old_since > self.at


class Lists:
    """Pages by the call that reads them, without its includes; the least recently used go first."""

    def __init__(self, most_pages: int) -> None:
        self.size: int | None = None
        """How many rows the whole collection was last seen to have."""
        self._most_pages = most_pages
        self._pages: OrderedDict[Call[Any], Page] = OrderedDict()
        self._touched: dict[str, float] = {}  # by filter: when a write last changed which rows pass it

    def clear(self) -> None:
        """Keep nothing more."""
        self._pages.clear()

    def find(self, call: Call[Any]) -> Page | None:
        """Return the page that a call reads."""
        page = self._pages.get(bare := call.page_told)
        if page is not None:
            self._pages.move_to_end(bare)
        return page

    def keep(self, call: Call[Any], answer: Answer[Any], at: float) -> None:
        """Keep a page that was asked for at a moment."""
        bare, ids = call.page_told, tuple(row.id for row in answer.rows)
        before = self._pages.get(bare)
        if before is not None and before.at > at:
            return
        page = Page(ids, answer.paging, at, left_out=answer.left_out, flaws=_of_left_out(call, ids, answer))
        page.old_since = max(self._touched.get(name, -inf) for name in (ANY_LIST, *dict(call.filters)))
        if before is not None and before.ids == ids and before.behind_at > before.old_since:
            page.behind, page.behind_at = before.behind, before.behind_at
        self._pages[bare] = page
        self._pages.move_to_end(bare)
        while len(self._pages) > self._most_pages:
            self._pages.popitem(last=False)

    def latest(self, count: int) -> list[tuple[Call[Any], Page]]:
        """Return so many pages at the most, those used last first."""
        return list(islice(reversed(self._pages.items()), count))

    def resume(self, call: Call[Any], page: Page) -> None:
        """Keep a page that was held before a restart."""
        self._pages.setdefault(call, page)

    def join(self, call: Call[Any], next_call: Call[Any], last_id: int, first_id: int) -> bool:
        """Remember that a page's last row, by its id, stands right before the first of the next.

        Returns whether that is new.
        """
        one, other = (self._pages.get(found.page_told) for found in (call, next_call))
        if not one or not other or one.ids[-1:] != (last_id,) or other.ids[:1] != (first_id,):
            return False
        at = min(one.at, other.at)
        if one.is_old or other.is_old or (other.behind == last_id and other.behind_at >= at):
            return False
        other.behind, other.behind_at = last_id, at
        return True

    def age(self, at: float, pages: Iterable[Page] | None = None, *, filtered_by: str = ANY_LIST) -> None:
        """Note that a write may have changed lists with a filter at a moment: all of them, or these alone."""
        self.touch(at, filtered_by)
        for page in [page for _, page in self.filtered(filtered_by)] if pages is None else pages:
            page.old_since = at

    def touch(self, at: float, filtered_by: str = ANY_LIST) -> None:
        """Note that what was asked for before a moment may tell lists with a filter as they are no more."""
        self._touched[filtered_by] = at

    def filtered(self, filtered_by: str) -> Iterator[tuple[Call[Any], Page]]:
        """Yield the lists with a filter."""
        for call, page in self._pages.items():
            if filtered_by == ANY_LIST or any(name == filtered_by for name, _ in call.filters):
                yield call, page


def _of_left_out(call: Call[Any], ids: tuple[int, ...], answer: Answer[Any]) -> Flaws:
    if not answer.left_out:
        return {}
    return {
        place: found
        for place, found in answer.flaws.items()
        if place[0] == call.record.path and place[1] not in ids
    }
