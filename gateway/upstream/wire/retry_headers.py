"""What headers say of when to come again, in every form that servers give it. Pure.

PlanDocket sends none of them yet; rate-limit headers are announced, and what stands before it may send its own.
Source: /en/getting-started/rate-limiting.html; RFC 9110, 10.2.3
"""

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

HOUR_S = 3600.0
_UNIX_S = 1e9  # less is a number of seconds from now: unix seconds passed it in 2001
_UNIX_MS = 1e11  # more is in milliseconds: as seconds it would be after the year 5000
_LARGEST = 1e18

Headers = Mapping[str, str]
"""By their names in small letters."""


def retry_after(headers: Headers, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, at most an hour; None where it is missing or unreadable.

    A date is read against the server's own `Date`, else against `now`, in unix seconds: clocks differ.
    """
    text = headers.get("retry-after", "")
    seconds = number(text)
    if seconds is None and (at := _date(text)) is not None:
        here = _date(headers.get("date", ""))
        seconds = max(0.0, at - (now if here is None else here))
    return None if seconds is None else min(seconds, HOUR_S)


def resets_in(headers: Headers, now: float) -> float | None:
    """Return the seconds until `X-RateLimit-Reset`, at most an hour; None where it is missing or unreadable.

    It is announced in unix seconds; milliseconds, and seconds from now, are taken as such.
    """
    reset = number(headers.get("x-ratelimit-reset", ""))
    if reset is None:
        return None
    if reset > _UNIX_MS:
        reset /= 1000
    seconds = reset if reset < _UNIX_S else reset - now
    return min(max(0.0, seconds), HOUR_S)


def number(text: str) -> float | None:
    """Return a number that is not negative; None for any other text."""
    try:
        found = float(text)
    except ValueError:
        return None
    return min(found, _LARGEST) if math.isfinite(found) and found >= 0 else None


def _date(text: str) -> float | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
