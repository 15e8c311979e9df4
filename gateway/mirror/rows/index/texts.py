"""How values are written down, so that they compare in SQLite as they do for readers."""

import re
from datetime import datetime

from gateway.mirror.rows.list_order import LONGEST_VALUE, Value, as_utc, folded
from gateway.upstream.wire.natural_keys import comparable

NULL = b""
"""What stands for null where rows are ordered: SQLite has it behind all numbers and texts."""
LONGEST_SHORT = 2
"""Characters of words that are too short for an index of three in a row."""

_QUARTER_S = 900
_NO_LETTER = re.compile(r"[^\w\n]|_")
_START = re.compile(r"(?<![^\W_])[^\W_].?")


def written(text: str) -> str:
    """Return a text that SQLite takes: without lone surrogates, and without zeros, at which its functions stop."""
    return text.encode(errors="replace").decode().replace("\0", " ")


def exact(value: Value) -> Value:
    """Return a value as it is compared exactly."""
    return written(comparable(value)) if isinstance(value, str) else value


def whole(value: Value) -> Value:
    """Return a value as it is compared where case and accents count for nothing."""
    return written(folded(value)) if isinstance(value, str) else value


def key(value: Value) -> Value | bytes:
    """Return what rows are ordered by."""
    if value is None:
        return NULL
    return written(folded(value))[:LONGEST_VALUE] if isinstance(value, str) else value


def moment_key(moment: datetime | str | None) -> str | bytes:
    """Return a moment as rows are ordered by it; a date is its midnight in UTC."""
    return as_utc(moment) or NULL


def quarter(moment: datetime | str | None) -> int | None:
    """Return in which quarter of an hour since 1970 a moment lies."""
    text = as_utc(moment)
    return None if text is None else int(datetime.fromisoformat(text).timestamp() // _QUARTER_S)


def searchable(text: str | None) -> str:
    """Return a text as it is searched, in one line."""
    return written(folded(text or "")).replace("\n", " ")


def spaced(lines: str) -> str:
    """Return folded lines with blanks for all but letters and digits: words begin a line, or stand behind blanks."""
    return _NO_LETTER.sub(" ", lines)


def starts(line: str) -> set[str]:
    """Return the first two letters of each word of a folded text, or its only one."""
    return {spaced(start) for start in _START.findall(line)}
