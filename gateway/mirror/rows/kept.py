"""What an owner's file holds, and what of it is held again after a restart. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, cast

import msgspec

from gateway.mirror.rows.held import Order, Part, leads_to
from gateway.upstream.record import Record
from gateway.upstream.wire.flaws import Flaw


class KeptRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A row as it was held."""

    row: Any
    links: dict[str, Any]
    flaws: tuple[Flaw, ...]
    old: tuple[str, ...]
    at: float
    """When it was told; what includes tell of it may be older."""


class KeptWalk(msgspec.Struct, frozen=True):
    """A collection that was held whole, or a part of one, beside its rows."""

    path: str
    part: Part | None
    at: float
    order: Order
    pages: int
    cost: int
    planned_s: float
    is_doubted: bool


class KeptPage(msgspec.Struct, frozen=True):
    """A list's page that only PlanDocket can tell."""

    path: str
    filters: tuple[tuple[str, str], ...]
    page: int | None
    ids: tuple[int, ...]
    total: int | None
    at: float


class Notes(msgspec.Struct, frozen=True):
    """All that a file holds beside rows, and when that was written."""

    boot: bytes
    at: float
    unix: float
    costs: dict[str, int]
    """By path, how many requests a walk of all rows is known to take, or taken to."""
    walks: list[KeptWalk]
    pages: list[KeptPage]


class Kept(msgspec.Struct, frozen=True):
    """What a file holds, by this boot's clock."""

    notes: Notes
    rows: Mapping[str, list[KeptRow]]
    """By path, of all resources."""


def taken_up(records: Iterable[Record[Any]]) -> dict[str, Record[Any]]:
    """Return, by path, whose rows a restart takes up where these are mirrored: also those that they lead to."""
    mirrored = list(records)
    led_to = (other for record in mirrored for other, _ in leads_to(record).values())
    return {record.path: record for record in (*mirrored, *led_to)}


def resumed(kept: Kept, records: Mapping[str, Record[Any]], since: float) -> Kept:
    """Return the same with rows as old as the walk that brought them: what it found unchanged was not written anew.

    Of other rows nobody knows how old what includes tell of them is: that is left out. So are parts and other rows
    that were told before a moment: they may be gone since, and nobody would hear of it.
    """
    held = [one for one in kept.notes.walks if one.part is None or one.at >= since]
    walks = {(one.path, one.part and one.part.filters): one.at for one in held}
    rows: dict[str, list[KeptRow]] = {path: [] for path in kept.rows}
    others, led_to = list[tuple[str, KeptRow]](), defaultdict[tuple[str, int], float](lambda: -inf)
    for path, found in kept.rows.items():
        column, leads = records[path].slice_column, leads_to(records[path])
        leads = {name: other.path for name, (other, _) in leads.items() if (other.path, None) not in walks}
        for one in found:
            at = walks.get((path, None))
            if at is None and column is not None:
                at = walks.get((path, ((column, getattr(one.row, column)),)))
            if at is None:
                others.append((path, one))
                continue
            rows[path].append(msgspec.structs.replace(one, at=at))
            for name, other in leads.items():
                ids: Any = one.links.get(name)
                for row_id in cast("tuple[int, ...]", ids if isinstance(ids, tuple) else (ids,)):
                    led_to[other, row_id] = max(at, led_to[other, row_id])
    for path, one in others:
        at = max(one.at, led_to[path, one.row.id])
        if at >= since:
            rows[path].append(msgspec.structs.replace(one, at=at, links={}))
    return Kept(msgspec.structs.replace(kept.notes, walks=held), rows)
