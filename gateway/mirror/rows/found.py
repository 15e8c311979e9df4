"""Puts an answer together of what is held: rows, what includes tell of them, and how old the oldest part is."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any, Generic, cast

import msgspec

from gateway.mirror.rows.collection import Collection
from gateway.mirror.rows.held import SELF, Held, leads_to
from gateway.mirror.rows.lists import Page
from gateway.upstream.call import Call
from gateway.upstream.record import Many, Record, RowT
from gateway.upstream.wire.flaws import Flaw, Place
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.page_shapes import Paging


class Found(msgspec.Struct, Generic[RowT], frozen=True):
    """What is held of an answer."""

    answer: Answer[RowT]
    at: float
    """When the oldest request was sent that it rests on."""
    until: float
    """When the first part of it is fresh no more."""
    is_old: bool = False
    """Whether a write may have changed it since."""
    is_absent: bool = False
    """Whether it is a single row that is not there, or the list of a key that is not."""

    def is_fresh(self, now: float) -> bool:
        """Return whether all of it is fresh, and none may have been changed."""
        return now < self.until and not self.is_old


class Putting(Generic[RowT]):
    """Puts an answer together of what is held."""

    def __init__(
        self,
        collections: "dict[str, Collection[Any]]",
        fresh_until: Callable[[Record[Any], float], float],
        call: Call[RowT],
        now: float,
    ) -> None:
        self._collections = collections
        self._fresh_until = fresh_until
        self._now = now
        self.call = call
        self.collection: Collection[RowT] = collections[call.record.path]
        self.again_at = inf
        """When a part gets old without which the answer is one, too."""
        self._at, self._until = inf, inf
        self._is_old = False
        self._links: dict[str, dict[int, Any]] = {name: {} for name in call.include}
        self._embedded: dict[type[Any], dict[int, Any]] = {}
        self._flaws: dict[Place, tuple[Flaw, ...]] = {}

    def page(self, page: Page) -> Found[RowT] | None:
        """Return a page that PlanDocket told."""
        behind, record = page.behind, self.call.record
        if behind is not None:
            until = self._fresh_until(record, page.behind_at)
            if self._now < until and page.behind_at > page.old_since:
                self.again_at = min(self.again_at, until)
            else:
                behind = None
        self._flaws.update(page.flaws)
        ids, left_out, paging = page.ids, page.left_out, page.paging
        if page.is_old:  # rows that went since are left out
            places = [place for place in range(len(ids) + len(left_out)) if place not in left_out]
            gone = [place for place, row_id in zip(places, ids, strict=True) if not self._holds(row_id)]
            ids, left_out = tuple(filter(self._holds, ids)), tuple(sorted((*left_out, *gone)))
            if paging.total is not None:
                paging = msgspec.structs.replace(paging, total=paging.total - len(gone))
        return self.together(ids, paging, page.at, behind, is_old=page.is_old, left_out=left_out)

    def _holds(self, row_id: int) -> bool:
        return self.collection.find(row_id) is not None

    def together(
        self,
        ids: Iterable[int],
        paging: Paging,
        at: float,
        behind: int | None = None,
        *,
        is_old: bool = False,
        left_out: tuple[int, ...] = (),
    ) -> Found[RowT] | None:
        """Return these rows as an answer, of which the list itself was told at a moment."""
        self.rests_on(self.call.record, at)
        rows: list[RowT] = []
        for row_id in ids:
            held = self.collection.find(row_id)
            if held is None or not self._add(held):
                return None
            rows.append(held.row)
        answer = Answer(
            tuple(rows), self._links, self._embedded, paging, behind, left_out=left_out, flaws=self._flaws
        )
        return Found(answer, self._at, self._until, self._is_old or is_old)

    def rests_on(self, record: Record[Any], at: float) -> None:
        """Note that the answer rests on what was told of a resource at a moment."""
        self._at, self._until = min(self._at, at), min(self._until, self._fresh_until(record, at))

    def _add(self, held: Held) -> bool:
        record, include, row_id = self.call.record, self.call.include, held.row.id
        self.rests_on(record, held.at)
        self._is_old = self._is_old or not held.old.isdisjoint((SELF, *include))
        if not all(self._follow(record, held, name) for name in include):
            return False
        if held.flaws:
            told = (one for one in held.flaws if one.column not in record.includes or one.column in include)
            if found := tuple(told):
                self._flaws[(record.path, row_id)] = found
        return True

    def _follow(self, record: Record[Any], held: Held, name: str) -> bool:
        """Put in what an include tells of a row, and the rows that it leads to; return whether that is held."""
        other, key = leads_to(record).get(name, (None, None))
        if key is not None:
            value = _leading(getattr(held.row, key))
        elif name in held.links:
            value = held.links[name]
            self.rests_on(record, held.told_at[name])
        else:
            return False
        self._links[name][held.row.id] = value
        if other is None:
            return True
        is_many = isinstance(record.includes[name], Many)
        targets = cast("tuple[int, ...]", value if is_many else (value,) if value else ())
        return all(self._embed(other, row_id, is_needed=key is not None) for row_id in targets)

    def _embed(self, record: Record[Any], row_id: int, *, is_needed: bool) -> bool:
        """Put in a row that an include leads to. One that is not needed is left out where it is not fresh."""
        others = self._collections[record.path]
        target = others.find(row_id)
        if target is None:
            return not is_needed
        if not is_needed and others.whole_at is None:
            until = self._fresh_until(record, target.at)
            if self._now >= until or SELF in target.old:
                return True
            self.again_at = min(self.again_at, until)
        else:
            self.rests_on(record, target.at)
            self._is_old = self._is_old or SELF in target.old
        self._embedded.setdefault(record.row, {})[row_id] = target.row
        if target.flaws:
            self._flaws[(record.path, row_id)] = target.flaws
        return True


def _leading(row_id: int | None) -> int | None:
    """Return a foreign key that leads to a row; None where it is null, or 0, which is written for null."""
    return row_id if row_id and row_id > 0 else None
