"""How many rows pass, and how many of them have what."""

from collections.abc import Generator
from typing import Any

from gateway.mirror.index.base import Base
from gateway.mirror.index.conditions import Bound, sql_of
from gateway.mirror.index.question import Condition
from gateway.mirror.list_order import Value
from gateway.upstream.record import Many, One, Record


def count(base: Base, record: Record[Any], where: Condition) -> Generator[None, None, int]:
    """Return how many rows pass."""
    bind = Bound()
    passing = sql_of(base.layouts, base.layouts[record.path], where, bind)
    found = base.value(f"SELECT count(*) FROM {record.path} WHERE {passing}", bind.values)
    yield from ()
    return found


def facet(
    base: Base, record: Record[Any], where: Condition, path: str, most: int
) -> Generator[None, None, tuple[tuple[Value, int], ...]]:
    """Return the most frequent values of a column, or ids that an include leads to: see `Index.facet`."""
    bind, layout, embed = Bound(), base.layouts[record.path], record.includes.get(path)
    passing = sql_of(base.layouts, layout, where, bind)
    if isinstance(embed, Many):
        counted = _of_links(layout.name, layout.links(path), embed.record.path, passing)
    elif isinstance(embed, One):
        to = layout.to(path)
        held = f"(SELECT id FROM {embed.record.path} WHERE id = {to})"
        counts = f"SELECT {to}, count(*) AS n FROM {layout.name} WHERE {passing} GROUP BY {to}"
        counted = f"SELECT {held} AS value, sum(n) AS n FROM ({counts}) GROUP BY 1"
    else:
        name = layout.value(path)
        counted = f"SELECT {name} AS value, count(*) AS n FROM {layout.name} WHERE {passing} GROUP BY {name}"
    order = f"ORDER BY n DESC, value IS NULL, value LIMIT {bind(most)}"
    found = base.rows(f"SELECT value, n FROM ({counted}) {order}", bind.values)
    yield from ()
    return tuple(found)


def _of_links(name: str, links: str, other: str, passing: str) -> str:
    """Return counts by the rows that links lead to, and of rows that have none."""
    held = f"SELECT {links}.id, other FROM {links} CROSS JOIN {other} ON {other}.id = other"
    found = f"(SELECT id FROM {name} WHERE {passing})"
    return (
        f"SELECT other AS value, count(*) AS n FROM ({held}) WHERE id IN {found} GROUP BY other UNION ALL "
        f"SELECT NULL, n FROM (SELECT count(*) AS n FROM {found} WHERE id NOT IN (SELECT id FROM ({held}))) WHERE n"
    )


def quarters(
    base: Base, record: Record[Any], where: Condition, column: str
) -> Generator[None, None, tuple[tuple[int, int], ...]]:
    """Return counts by quarter of an hour since 1970, in order; rows without a moment count nowhere."""
    bind, layout = Bound(), base.layouts[record.path]
    passing, name = sql_of(base.layouts, layout, where, bind), layout.quarter(column)
    counts = f"SELECT {name}, count(*) FROM {layout.name} WHERE {name} IS NOT NULL AND ({passing})"
    found = base.rows(f"{counts} GROUP BY 1 ORDER BY 1", bind.values)
    yield from ()
    return tuple(found)
