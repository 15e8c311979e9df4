"""One operation's way to PlanDocket: who asks, what it may cost, and what it cost so far."""

from collections.abc import Mapping
from math import inf
from typing import Protocol

from gateway.errors import TooComplexError
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_lanes import WAITED_FOR, Lane


class Throttle(Protocol):
    """Bounds what whoever brought a key may cost with keys that PlanDocket refuses."""

    def check(self) -> None:
        """Return if the key, which PlanDocket has not accepted yet, may be tried.

        Raises:
            UnauthenticatedError: it was refused for this operation already.
            TooManyFailuresError: too many were refused that came from the same place.
            OverloadedError: too many were refused, wherever they came from.
        """
        ...

    def note_refused(self) -> None:
        """Note that PlanDocket does not know the key."""
        ...


class Session:
    """Given along with every read and write of an operation."""

    def __init__(
        self,
        credential: Credential,
        max_calls: int,
        deadline: float,
        throttle: Throttle | None = None,
        kept_for_s: Mapping[str, float] | None = None,
    ) -> None:
        self.credential = credential
        self.throttle = throttle
        """None where the key is nothing that a caller chooses."""
        self.deadline = deadline
        """When the operation must have ended, as `Clock.monotonic` counts: nothing is repeated beyond it."""
        self.cut_at = inf
        """When its requests that still run are given up, so that there is time to tell what was done: of a mutation."""
        self.calls = 0
        """Requests sent for it, reads and writes."""
        self.is_accepted = False
        """Whether PlanDocket accepted the key for any request of it."""
        self.lane = Lane.READ
        """WRITE while a mutation looks up what it writes: that is part of the write."""
        self.is_background = False
        """Whether nobody waits for it: it has what is left of the hour."""
        self._max_calls = max_calls
        self._reads = 0
        self._kept_for_s = kept_for_s or {}
        self._answered = 0
        self._kept_until = inf

    @property
    def calls_left(self) -> int:
        """How many more reads the operation may cost."""
        return self._max_calls - self._reads

    def in_hour(self, lane: Lane) -> Lane:
        """Return as what a request of the operation counts in the hour that is sent for a purpose."""
        return Lane.BACKGROUND if self.is_background and lane in WAITED_FOR else lane

    def check(self, lane: Lane, requests: int = 1) -> None:
        """Raise TooComplexError unless the operation may send so many more requests."""
        if lane is Lane.READ and self._reads + requests > self._max_calls:
            raise TooComplexError(self._max_calls)

    def answered(self, method: str, path: str, now: float) -> None:
        """Note that PlanDocket answered a request."""
        kept_for_s = self._kept_for_s.get(path.partition("/")[0], 0.0) if method == "GET" else 0.0
        self._answered += 1
        self._kept_until = min(self._kept_until, now + kept_for_s)

    def to_repeat(self, at: float) -> int:
        """Return how many of its answered requests the operation would send again, were it repeated at a moment.

        None as long as all of the answers are kept fresh; else it counts as many as there were.
        """
        return 0 if at < self._kept_until else self._answered

    def count(self, lane: Lane) -> None:
        """Count a request about to be sent."""
        self.calls += 1
        if lane is Lane.READ:
            self._reads += 1

    def give_back(self, lane: Lane) -> None:
        """Take back a request that never left."""
        self.calls -= 1
        if lane is Lane.READ:
            self._reads -= 1
