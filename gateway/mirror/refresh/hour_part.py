"""Requests of one kind that were sent in the last hour: of an hour they may have a part. Pure."""

from collections import deque
from math import ceil

_HOUR_S = 3600.0


class HourPart:
    """When they were sent, the oldest first."""

    def __init__(self) -> None:
        self._sent = deque[float]()

    def count(self, now: float) -> int:
        """Return how many were sent in the hour before a moment."""
        while self._sent and self._sent[0] <= now - _HOUR_S:
            self._sent.popleft()
        return len(self._sent)

    def wait_s(self, most: float, now: float) -> float:
        """Return the seconds until fewer than so many count; all of the hour where that is never."""
        if self.count(now) < most:
            return 0.0
        over = len(self._sent) - ceil(most)
        return self._sent[over] + _HOUR_S - now if over < len(self._sent) else _HOUR_S

    def add(self, at: float) -> None:
        """Count one that is sent at a moment."""
        self._sent.append(at)
