"""How the values of a row's columns are read, each in every form the documentation leaves possible. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from types import NoneType
from typing import Any, cast, get_args, get_type_hints

import msgspec

from gateway.upstream.record import Instant, Int, Moment, Row

_DATE = r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ISO = re.compile(rf"{_DATE}(T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}[+-][0-9]{{2}}:[0-9]{{2}})?")


class Column(msgspec.Struct, frozen=True):
    """How one column is read."""

    name: str
    read: Callable[[Any], Any]
    required: bool


@cache
def columns(row: type[Row]) -> tuple[Column, ...]:
    """Return how to read each column of a row but its id, which has a rule of its own."""
    hints = get_type_hints(row, include_extras=True)
    names = (found.name for found in msgspec.structs.fields(row) if found.name != "id")
    return tuple(Column(name, _reader(hints[name]), not _is_nullable(hints[name])) for name in names)


@cache
def moments(row: type[Row]) -> tuple[str, ...]:
    """Return the columns whose text msgspec takes as it is: `is_iso` tells whether it is as it should be."""
    return tuple(column.name for column in columns(row) if column.read is _read_moment)


@lru_cache(maxsize=10_000)  # dates come again and again
def is_iso(text: str | None) -> bool:
    """Return whether a moment is null, or written as `Moment` has it."""
    return text is None or _ISO.fullmatch(text) is not None


def is_moment(row: type[Row], name: str) -> bool:
    """Return whether a column holds a date or an instant."""
    return any(
        column.name == name and column.read in (_read_moment, _read_instant) for column in columns(row)
    )


def _is_nullable(hint: Any) -> bool:
    return hint is Any or NoneType in get_args(hint)


def _reader(hint: Any) -> Callable[[Any], Any]:
    if hint in _READERS:
        return _READERS[hint]
    [kind] = [kind for kind in get_args(hint) if kind is not NoneType]
    return _READERS[kind]


def read_int(value: Any) -> int:
    """Return an integer given as number or text; ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not an integer")
    number = int(value)
    if not -(2**31) <= number < 2**31:
        raise ValueError("no integer that GraphQL's Int can hold")
    return number


def _read_bool(value: Any) -> bool:
    if value in (True, 1, "1", "true"):
        return True
    if value in (False, 0, "0", "false"):
        return False
    raise ValueError("not a boolean")


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError("not a text")


def _read_texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return tuple(_read_text(item) for item in cast(list[Any], value))


def _read_moment(value: Any) -> str | None:
    """Return the ISO 8601 text of a date or an instant."""
    moment = _read_time(value)
    return None if moment is None else moment.isoformat()


def _read_time(value: Any) -> datetime | date | None:
    """Return a date where only a date was given, else an instant.

    Accepts ISO 8601, unix seconds as number or text; "" and MySQL's zero date are null. Text
    without a zone is read as UTC. Source: samples (unix) against schema tables (string).
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        raise ValueError("not a time")
    text = value.strip()
    if not text or text.startswith("0000-00-00"):
        return None
    # Eight digits are ISO 8601's basic date, 20260501; anything longer is unix seconds.
    if text.isdecimal() and len(text) > 8:
        return datetime.fromtimestamp(int(text), UTC)
    if len(text) <= 10:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_instant(value: Any) -> datetime | None:
    moment = _read_time(value)
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)


_READERS: dict[Any, Callable[[Any], Any]] = {
    Any: lambda value: value,
    Int: read_int,
    Instant: _read_instant,
    Moment: _read_moment,
    bool: _read_bool,
    str: _read_text,
    tuple[str, ...]: _read_texts,
}
