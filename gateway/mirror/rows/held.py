"""A row as it is held, and what is told of rows without them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from gateway.mirror.rows.store import Filters
from gateway.upstream.record import Many, One, Record
from gateway.upstream.wire.flaws import Flaw

SELF = ""
"""Stands for a row itself, among what its includes tell."""


class Held(msgspec.Struct, gc=False):
    """A row, what includes tell of it, and since when: the sending times of what told them."""

    row: Any
    at: float
    is_member_at: float
    """When the collection itself, or a read of the row, last had it; an include alone is no sign."""
    links: Mapping[str, Any]
    """By include: an id or None, a tuple of ids, or a value. What is missing is not known."""
    told_at: Mapping[str, float]
    """By include, when it was told."""
    flaws: tuple[Flaw, ...] = ()
    old: frozenset[str] = frozenset()
    """Includes that may tell something else since, by a write; SELF for the row."""


class Passing(msgspec.Struct, frozen=True):
    """Which rows pass filters, without the rows."""

    count: int
    is_old: bool
    """Whether a row, or an include that filters, may be another by now: then others may pass, or stand elsewhere."""


class Part(msgspec.Struct, frozen=True):
    """Which rows are read together where all are too many."""

    filters: Filters
    """What they pass: the id of another resource's row, in a column."""
    key: str
    """That row's natural key, by which PlanDocket lists them."""


class Order(msgspec.Struct, frozen=True):
    """PlanDocket's order of rows that were walked together."""

    is_descending: bool = False
    places: Mapping[int, int] = {}
    """By id, where each stood; empty where that is by id."""


@cache
def leads_to(record: Record[Any]) -> Mapping[str, tuple[Record[Any], str | None]]:
    """Return, by include, whose rows it leads to, and the column that names the row where one does."""
    return {
        name: (embed.record, embed.key if isinstance(embed, One) else None)
        for name, embed in record.includes.items()
        if isinstance(embed, One | Many)
    }
