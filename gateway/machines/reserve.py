"""One process' part of the hour for when Redis cannot be reached. Pure: time is an argument, in seconds.

It is a fixed part, never a share of what was left: others may have spent that since.
"""

from collections import defaultdict, deque
from math import inf


def size(limit: int, processes: int) -> int:
    """Return how many requests of an hour each reserve has."""
    return max(1, limit // 20 // processes)


class Reserve:
    """It is a process' own until an hour after Redis last heard of it, as the process knows without asking."""

    def __init__(self, size: int, window_s: float) -> None:
        self.size = size
        self.slot = 0
        """Which of the reserves it is; 0 is none."""
        self._window_s = window_s
        self._usable_at = inf
        self._heard_at = -inf
        self._spent = defaultdict[bytes, deque[float]](deque)

    def hold(self, slot: int, usable_in_s: float, sent_at: float, now: float) -> None:
        """Take what Redis answered to a greeting that was sent at a moment."""
        self.slot, self._usable_at, self._heard_at = slot, now + usable_in_s, sent_at

    def claim(self, now: float) -> int:
        """Return which one is still its own, 0 for none: later than an hour, another may have it."""
        return self.slot if now < self._heard_at + self._window_s else 0

    def usable_in_s(self, now: float) -> float:
        """Return the seconds until it may be used."""
        return max(0.0, self._usable_at - now)

    def take(self, owner: bytes, now: float) -> bool:
        """Spend one of an owner's requests, and return whether there was one."""
        if not self.claim(now) or now < self._usable_at or self._count(owner, now) >= self.size:
            return False
        self._spent[owner].append(now)
        return True

    def give_back(self, owner: bytes, at: float) -> None:
        """Take back what was spent at a moment, and never left."""
        self._spent[owner].remove(at)

    def is_untouched(self, now: float) -> bool:
        """Return whether nothing of it was spent in the last hour: then another may have it at once."""
        return not any(self._count(owner, now) for owner in list(self._spent))

    def _count(self, owner: bytes, now: float) -> int:
        spent = self._spent[owner]
        while spent and spent[0] <= now - self._window_s:
            spent.popleft()
        if not spent:
            del self._spent[owner]
        return len(spent)
