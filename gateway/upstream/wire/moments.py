"""Dates and instants, out of each form that PlanDocket's may have: see `gateway.upstream.wire.cell_forms`. Pure.

Source: the samples show unix seconds, the schema tables say text, and no page names its format.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Time = datetime | date
"""A date where only a date was given."""

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_SECONDS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_COMPACT = re.compile(r"[12][0-9]{7}([0-9]{6})?")
# MySQL's zero date, and what PHP makes of it.
_ZERO = ("0000-00-00", "-0001-11-30")
# No moment in milliseconds or microseconds is before 1973 or after 2286, so that a number's size tells its unit.
_UNITS = ((0, 1e11, 1), (1e11, 1e13, 1e3), (1e14, 1e16, 1e6))


def of_iso(text: str) -> Time:
    """Return the moment of an ISO 8601 text, or of MySQL's with a blank for the T."""
    text = text.strip()
    if text.isdecimal():
        raise ValueError("digits")
    if len(text) <= 10:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def of_unix(value: float) -> Time | None:
    """Return the instant of seconds, milliseconds or microseconds since 1970; 0 is nothing."""
    if value == 0:
        return None
    if isinstance(value, int) and _is_day(str(value)):
        raise ValueError("a day")
    for least, end, unit in _UNITS:
        if least <= abs(value) < end:
            return datetime.fromtimestamp(value / unit, UTC)
    raise ValueError("no time")


def of_unix_text(text: str) -> Time | None:
    """Return the same of a number in a text."""
    text = text.strip()
    if _SECONDS.fullmatch(text) is None or _is_day(text):
        raise ValueError("no number")
    return of_unix(float(text)) if "." in text else of_unix(int(text))


def of_compact(text: str) -> Time:
    """Return the moment of MySQL's digits, 20260501 or 20260501090000."""
    text = text.strip()
    if _COMPACT.fullmatch(text) is None:
        raise ValueError("no digits of a moment")
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    return datetime.strptime(text, "%Y%m%d%H%M%S")  # noqa: DTZ007 - what has no zone gets one where it is read


def of_php(found: dict[str, Any]) -> Time | None:
    """Return the instant of PHP's DateTime as json_encode writes it: its local time and its zone."""
    text, zone = found.get("date"), found.get("timezone")
    if not isinstance(text, str) or not isinstance(zone, str):
        raise ValueError("an object")
    if text.startswith(_ZERO):
        return None
    local = datetime.fromisoformat(text)
    if zone[:1] in ("+", "-"):
        return datetime.fromisoformat(local.isoformat() + zone)
    try:
        return local.replace(tzinfo=UTC if zone in ("UTC", "Z") else ZoneInfo(zone))
    except (OSError, KeyError):
        raise ValueError("no zone") from None


def of_nothing(text: str) -> None:
    """Return None for a zero date."""
    if not text.strip().startswith(_ZERO):
        raise ValueError("no zero date")


def as_text(text: str) -> str:
    """Return an ISO 8601 text as it is; ValueError for any other."""
    if _ISO.fullmatch(text) is None:
        raise ValueError("not ISO 8601")
    of_iso(text)
    return text


def local(read: Callable[[Any], Time | None]) -> Callable[[Any], str | None]:
    """Return what reads a date or a time as ISO 8601: one without a zone stays so."""

    def text_of(value: Any) -> str | None:
        found = read(value)
        return None if found is None else found.isoformat()

    return text_of


def moment(read: Callable[[Any], Time | None]) -> Callable[[Any], str | None]:
    """Return what reads a date or an instant as ISO 8601; without a zone it is UTC."""
    return local(lambda value: _zoned(read(value)))


def instant(read: Callable[[Any], Time | None]) -> Callable[[Any], datetime | None]:
    """Return what reads an instant; without a zone it is UTC, and a date alone is the day's beginning."""

    def instant_of(value: Any) -> datetime | None:
        found = _zoned(read(value))
        if found is None or isinstance(found, datetime):
            return found
        return datetime(found.year, found.month, found.day, tzinfo=UTC)

    return instant_of


def _zoned(found: Time | None) -> Time | None:
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) and found.tzinfo is None else found


def _is_day(digits: str) -> bool:
    """Return whether digits are MySQL's of a day: as seconds they would be of 1970."""
    return len(digits) == 8 and _COMPACT.fullmatch(digits) is not None
