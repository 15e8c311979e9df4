"""When something was sent, or answered: so that of any two it is known which was first."""

from collections.abc import Callable
from math import inf, nextafter

AHEAD_S = 0.001
"""No moment is further ahead of the clock than this."""
STALE_S = 86_400.0
"""For so long after it was asked for, what is held may answer while PlanDocket cannot be asked."""


class Moments:
    """A clock of which no two readings are equal, in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last = -inf

    def __call__(self) -> float:
        """Return the time, be it the least bit later than it is."""
        self._last = max(self._now(), nextafter(self._last, inf))
        return self._last
