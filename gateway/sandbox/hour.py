"""The rate limit: requests in any sixty minutes."""

from collections import deque

HOUR_S = 3600


class Hour:
    """At most `per_hour` requests in any sixty minutes of one key; None is unlimited.

    Whether PlanDocket counts fixed or sliding hours, and refused requests too, is
    not said; here the hour slides and a request answered 429 does not count.
    Source: /en/getting-started/rate-limiting.html
    """

    def __init__(self, per_hour: int | None) -> None:
        self._per_hour = per_hour
        self._taken: deque[float] = deque()  # seconds, oldest first

    def take(self, now: float) -> bool:
        """Count a request at `now` (seconds); False when the hour is spent."""
        if self._per_hour is None:
            return True
        while self._taken and self._taken[0] <= now - HOUR_S:
            self._taken.popleft()
        if len(self._taken) >= self._per_hour:
            return False
        self._taken.append(now)
        return True
