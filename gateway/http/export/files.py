"""Rows as the bytes of a file: CSV (RFC 4180), or a JSON object on each line (ndjson.org).

A spreadsheet is told that it is UTF-8 by a byte-order mark, finds texts in quotes, so that it can leave them as they
are, and no formula: a text that it may take for one has an apostrophe before it. A telephone number is none.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from gateway.http.export.asked import Asked

MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}

_BYTE_ORDER_MARK = "\ufeff"
_FORMULA = re.compile("[=+\\-@\t\r\n\uff0b\uff0d\uff1d\uff20]")
"""Begins one; Excel reads the wide forms too, in some languages."""
_PHONE = re.compile(r"\+[0-9][0-9 ()/.-]*")

Node = Mapping[str, Any]


def begun(asked: Asked) -> bytes:
    """Return what stands before all rows: the columns' names."""
    if asked.form != "csv":
        return b""
    mark = _BYTE_ORDER_MARK if asked.is_for_spreadsheet else ""
    return (mark + _lines([asked.columns], asked)).encode()


def rows(nodes: Sequence[Node], asked: Asked) -> bytes:
    """Return rows, as an operation answered them."""
    if asked.form == "csv":
        return _lines(
            ([_cell(node, column, asked) for column in asked.columns] for node in nodes), asked
        ).encode()
    return b"".join(msgspec.json.encode(node) + b"\n" for node in nodes)


def _lines(lines: Iterable[Sequence[Any]], asked: Asked) -> str:
    text = io.StringIO()
    quoting = csv.QUOTE_NONNUMERIC if asked.is_for_spreadsheet else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=asked.separator, quoting=quoting).writerows(lines)
    return text.getvalue()


def _cell(node: Node, column: str, asked: Asked) -> str | int | float:
    """Return a value as a cell has it: null is empty, several values stand behind each other, and JSON is JSON."""
    name, _, other = column.partition(".")
    value: Any = node[name]
    if other and isinstance(value, list):
        value = "; ".join(str(_plain(one[other])) for one in cast("list[Node]", value))
    elif other:
        value = None if value is None else value[other]
    plain = _plain(value)
    return _defused(plain) if asked.is_for_spreadsheet and isinstance(plain, str) else plain


def _plain(value: Any) -> str | int | float:
    match value:
        case None:
            return ""
        case bool() | list() | dict():
            return msgspec.json.encode(value).decode()
        case _:
            return value


def _defused(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not _PHONE.fullmatch(text) else text
