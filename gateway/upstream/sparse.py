"""Rows with no more columns than an operation can ask for.

Most of the cost of reading a page is making its values, and most of a row's values nobody selects. Where nothing is
kept across operations nobody but the operation itself sees its rows, so it reads only what it needs of them.
"""

from typing import Any, cast
from weakref import WeakValueDictionary

import msgspec

from gateway.upstream.record import Record, Row, SparseRow

Columns = frozenset[tuple[str, str]]
"""Pairs of a row's kind and the name of a column, or ALL of them: ("Event", "title")."""

ALL = "*"

# Alive as long as somebody reads such rows, or knows how to make response objects of them.
_classes: WeakValueDictionary[tuple[type[Row], frozenset[str]], type[Row]] = WeakValueDictionary()


def row_of(record: Record[Any], columns: Columns | None) -> type[Row]:
    """Return the class of rows with these columns and those that the gateway goes by; None is all."""
    if columns is None or (record.row.kind, ALL) in columns:
        return record.row
    names = record.own_columns | {name for kind, name in columns if kind == record.row.kind}
    fields = [(one.name, one.type) for one in msgspec.structs.fields(record.row) if one.name in names]
    key = record.row, frozenset(name for name, _ in fields)
    found = _classes.get(key)
    if found is None:
        name, own = f"Sparse{record.row.__name__}", [one for one in fields if one[0] != "id"]
        made = msgspec.defstruct(
            name, own, bases=(SparseRow,), namespace={"kind": record.row.kind}, frozen=True, gc=False
        )
        found = _classes[key] = cast(type[Row], made)
    return found
