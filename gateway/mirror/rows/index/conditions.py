"""Conditions as SQL: one that is null there is false, and `Not` turns that round."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.mirror.rows.index import texts
from gateway.mirror.rows.index.layout import Layout
from gateway.mirror.rows.index.question import (
    Between,
    Condition,
    Every,
    IsSet,
    LeadsTo,
    Not,
    OneOf,
    Search,
    Some,
    Through,
)
from gateway.mirror.rows.index.search import matches, rank

Layouts = Mapping[str, Layout]
"""By path."""

_NO_RANK = "ifnull(0, 0)"  # a number alone would be taken as that of a column to order by


class Bound:
    """The values of a statement, each under a name."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __call__(self, value: Any) -> str:
        """Take a value, and return what stands for it."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def list(self, values: Iterable[Any]) -> str:
        """Take values, and return what stands for them behind IN; null is equal to nothing, and left out."""
        held = [value for value in values if value is not None]
        return f"(SELECT value FROM json_each({self(msgspec.json.encode(held).decode())}))"


def sql_of(layouts: Layouts, layout: Layout, condition: Condition, bind: Bound) -> str:
    """Return a condition of the rows of a resource's table."""
    match condition:
        case Every(conditions) | Some(conditions):
            word, none = (" AND ", "1") if isinstance(condition, Every) else (" OR ", "0")
            found = [sql_of(layouts, layout, one, bind) for one in conditions]
            return f"({word.join(found)})" if found else none
        case Not(inner):
            return f"NOT ifnull({sql_of(layouts, layout, inner, bind)}, 0)"
        case Through(include, passing):
            other = layouts[layout.ones[include].record.path]
            inner = sql_of(layouts, other, passing, bind)
            return f"{layout.to(include)} IN (SELECT id FROM {other.name} WHERE {inner})"
        case Search(words, sees_sensitive):
            return _searched(layouts, layout, words, bind, sees_sensitive=sees_sensitive)
        case _:
            return _of_columns(layout, condition, bind)


def seeks(layouts: Layouts, layout: Layout, condition: Condition, bind: Bound) -> str | None:
    """Return those parts of a condition that indexes tell, all of which hold; None where there are none."""
    all_ = condition.conditions if isinstance(condition, Every) else (condition,)
    found = [one for one in all_ if isinstance(one, LeadsTo | Through | Search) or _is_sought(layout, one)]
    found += [one for one in all_ if isinstance(one, Every) and one.conditions]
    told = [
        seeks(layouts, layout, one, bind) if isinstance(one, Every) else sql_of(layouts, layout, one, bind)
        for one in found
    ]
    return " AND ".join(f"({one})" for one in told if one is not None) or None


def _is_sought(layout: Layout, condition: Condition) -> bool:
    if not isinstance(condition, OneOf):
        return False
    return condition.is_folded or layout.value(condition.column) in (*layout.indexes, "id")


def _of_columns(layout: Layout, condition: OneOf | Between | IsSet | LeadsTo, bind: Bound) -> str:
    match condition:
        case OneOf(column, values, is_folded):
            name = layout.whole(column) if is_folded else layout.value(column)
            return f"{name} IN {bind.list(map(texts.whole if is_folded else texts.exact, values))}"
        case IsSet(column):
            return f"{layout.value(column)} != ''"
        case LeadsTo(include, ids):
            found = bind.list(one for one in ids if one > 0)
            if include in layout.ones:
                return f"{layout.to(include)} IN {found}"
            return f"id IN (SELECT id FROM {layout.links(include)} WHERE other IN {found})"
        case Between(column, start, before):
            name = layout.key(column)
            bounds = [f"{name} >= {bind(texts.moment_key(start))}"] if start else []
            bounds += [f"{name} < {bind(texts.moment_key(before) if before else texts.NULL)}"]
            return " AND ".join(bounds) if start or before else "1"


def _searched(
    layouts: Layouts, layout: Layout, words: tuple[str, ...], bind: Bound, *, sees_sensitive: bool
) -> str:
    """Return that each word is in the row, or in one of those that it leads to and that are searched, too."""
    record = layout.record
    places = [name for name in record.searched if name in layout.ones and layout.ones[name].record.texts]

    def found(words: tuple[str, ...], place: str | None) -> str:
        row_id, of = ("id", record) if place is None else (layout.to(place), layout.ones[place].record)
        told = matches(of, words, bind, sees_sensitive=sees_sensitive)
        return " AND ".join(f"{row_id} IN ({one})" for one in told)

    all_ = [None, *places] if record.texts else places
    if len(all_) == 1 and words:  # so that one index is asked once for all words
        return f"({found(words, all_[0])})"
    each = (" OR ".join(f"({found((word,), place)})" for place in all_) or "0" for word in words)
    return " AND ".join(f"({one})" for one in each) or "1"


def rank_of(layouts: Layouts, layout: Layout, search: Search | None, bind: Bound) -> str:
    """Return what tells how well rows match: where they have no texts, how well the row that they lead to does."""
    if search is None:
        return _NO_RANK
    place = ranked_through(layout)
    record, row_id = layout.record, f"{layout.name}.id"
    if place is not None:
        record, row_id = layout.ones[place].record, layout.to(place)
    if not record.texts:
        return _NO_RANK
    found = rank(record, search.words, bind, row_id, sees_sensitive=search.sees_sensitive)
    return f"ifnull({found}, x'')"


def ranked_through(layout: Layout) -> str | None:
    """Return the include that leads to the row by which rows are ranked; None where it is their own."""
    return (
        None
        if layout.record.texts
        else next((name for name in layout.record.searched if name in layout.ones), None)
    )
