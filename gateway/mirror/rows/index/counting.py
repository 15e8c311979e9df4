"""How many rows pass, and how many of them have what. Counts of all rows are kept, and follow what is written."""

from collections import Counter
from collections.abc import Collection, Generator, Iterable
from contextlib import contextmanager
from heapq import nsmallest
from typing import Any

from gateway.mirror.rows.index.base import Base
from gateway.mirror.rows.index.conditions import Bound, sql_of
from gateway.mirror.rows.index.question import By, Condition, Every, OneOf
from gateway.mirror.rows.list_order import Value
from gateway.upstream.record import Many, One, Record

_ALL = Every()


def count(base: Base, record: Record[Any], where: Condition) -> Generator[None, None, int]:
    """Return how many rows pass."""
    found = _counts(base, By(record), where)[None]
    yield from ()
    return found


def facet(
    base: Base, by: By, where: Condition, most: int
) -> Generator[None, None, tuple[tuple[Value, int], ...]]:
    """Return the most frequent values of a column, or ids that an include leads to: see `Index.facet`."""
    found = nsmallest(most, _counts(base, by, where).items(), _most_first)
    yield from ()
    return tuple(found)


def quarters(base: Base, by: By, where: Condition) -> Generator[None, None, tuple[tuple[int, int], ...]]:
    """Return counts by quarter of an hour since 1970, in order; rows without a moment count nowhere."""
    found = sorted(_counts(base, by, where).items())
    yield from ()
    return tuple(found)


@contextmanager
def corrected(base: Base, record: Record[Any], row_ids: Iterable[int]) -> Generator[None]:
    """Correct the counts of all rows by what is written to these rows meanwhile.

    Those of others that lead to them are counted anew: whoever leads to a row that is not there leads nowhere.
    """
    base.counts = {by: counts for by, counts in base.counts.items() if by.other is not record}
    own, rows = [by for by in base.counts if by.record is record], OneOf("id", tuple(row_ids))
    before = [_counted(base, by, rows) for by in own]
    yield
    for by, old in zip(own, before, strict=True):
        counts, new = base.counts[by], _counted(base, by, rows)
        counts.update(new)
        counts.subtract(old)
        _drop_zeros(counts, old)


def _drop_zeros(counts: Counter[Any], values: Collection[Any]) -> None:
    for value in values:
        if not counts[value]:
            del counts[value]


def _most_first(found: tuple[Value, int]) -> tuple[int, bool, Any]:
    value, n = found
    return -n, value is None, value


def _counts(base: Base, by: By, where: Condition) -> Counter[Any]:
    if where != _ALL:
        return _counted(base, by, where)
    if by not in base.counts:
        base.counts[by] = _counted(base, by, where)
    return base.counts[by]


def _counted(base: Base, by: By, where: Condition) -> Counter[Any]:
    bind, layout, path = Bound(), base.layouts[by.record.path], by.path
    passing, embed = sql_of(base.layouts, layout, where, bind), by.record.includes.get(path)
    if isinstance(embed, Many):
        statement = _of_links(layout.name, layout.links(path), embed.record.path, passing)
    elif isinstance(embed, One):
        to = layout.to(path)
        held = f"(SELECT id FROM {embed.record.path} WHERE id = {to})"
        counts = f"SELECT {to}, count(*) AS n FROM {layout.name} WHERE {passing} GROUP BY {to}"
        statement = f"SELECT {held} AS value, sum(n) AS n FROM ({counts}) GROUP BY 1"
    elif by.is_quarter:
        name = layout.quarter(path)
        statement = (
            f"SELECT {name}, count(*) FROM {layout.name} WHERE {name} IS NOT NULL AND ({passing}) GROUP BY 1"
        )
    elif path:
        name = layout.value(path)
        statement = (
            f"SELECT {name} AS value, count(*) AS n FROM {layout.name} WHERE {passing} GROUP BY {name}"
        )
    else:
        statement = f"SELECT NULL, count(*) FROM {layout.name} WHERE {passing}"
    return Counter(dict(base.rows(statement, bind.values)))


def _of_links(name: str, links: str, other: str, passing: str) -> str:
    """Return counts by the rows that links lead to, and of rows that have none."""
    held = f"SELECT {links}.id, other FROM {links} CROSS JOIN {other} ON {other}.id = other"
    found = f"(SELECT id FROM {name} WHERE {passing})"
    return (
        f"SELECT other AS value, count(*) AS n FROM ({held}) WHERE id IN {found} GROUP BY other UNION ALL "
        f"SELECT NULL, n FROM (SELECT count(*) AS n FROM {found} WHERE id NOT IN (SELECT id FROM ({held}))) WHERE n"
    )
