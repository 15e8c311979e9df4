"""Keeps requests from a PlanDocket that fails, and finds out with one whether it is back. Time is an argument.

It is neither slowed further by requests that would fail, nor is the hour spent on them.
"""

import logging
from collections import deque
from enum import Enum

from gateway.errors import UnavailableError

log = logging.getLogger(__name__)

_WITHIN_S = 10.0
_FEWEST = 20  # attempts: of fewer, half may fail by chance
_FAILED_PART = 0.5
_OPEN_S = 5.0
_SLICE_S = 0.5  # attempts are counted together for so long: few numbers, however many attempts


class State(Enum):
    """CLOSED lets every request through, OPEN none, HALF_OPEN the one that finds out."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Breaker:
    """One for all requests to a tenant.

    It opens when at least half of twenty or more attempts within ten seconds failed. Five seconds later
    one attempt is let through: its success closes it, its failure opens it for five seconds more.
    """

    def __init__(self) -> None:
        self._recent = _Recent()
        self._open_until: float | None = None
        self._is_probing = False
        self._era = 0

    def state(self, now: float) -> State:
        """Return where it stands."""
        if self._open_until is None:
            return State.CLOSED
        return State.OPEN if now < self._open_until else State.HALF_OPEN

    def check(self, now: float) -> None:
        """Raise UnavailableError where no attempt may begin."""
        if self._open_until is not None and (now < self._open_until or self._is_probing):
            raise UnavailableError(
                "PlanDocket failed too often just now and is not asked for some seconds: try again then.",
                never_left=True,
            )

    def admit(self, now: float) -> int:
        """Let an attempt begin, and return what its outcome is to be told with: exactly once.

        Raises:
            UnavailableError: it may not.
        """
        self.check(now)
        self._is_probing = self._open_until is not None
        return self._era

    def succeed(self, era: int, now: float) -> None:
        """Note that PlanDocket answered, be it with a refusal: it works."""
        if era != self._era:
            return  # begun before it last opened or closed: that was judged already
        if self._open_until is None:
            self._recent.add(now, failed=0)
        else:
            self._turn(None)
            log.warning("PlanDocket answers again")

    def fail(self, era: int, now: float) -> None:
        """Note that no answer came, or one that says that PlanDocket fails."""
        if era != self._era:
            return
        self._recent.add(now, failed=1)
        if self._open_until is not None or self._recent.is_bad():
            self._turn(now + _OPEN_S)
            log.warning("PlanDocket fails: it is not asked for %.0f s", _OPEN_S)

    def give_back(self, era: int) -> None:
        """Note that an attempt came to no outcome: it was given up, or not sent in the end."""
        if era == self._era:
            self._is_probing = False

    def _turn(self, open_until: float | None) -> None:
        self._open_until = open_until
        self._is_probing = False
        self._era += 1
        self._recent = _Recent()


class _Recent:
    """The attempts of the last ten seconds; up to one slice of them is forgotten early."""

    def __init__(self) -> None:
        self._slices: deque[list[float]] = deque()  # since when, attempts, failures
        self._attempts = 0.0
        self._failures = 0.0

    def add(self, now: float, failed: int) -> None:
        slices = self._slices
        if not slices or now >= slices[-1][0] + _SLICE_S:
            slices.append([now, 0, 0])
        slices[-1][1] += 1
        slices[-1][2] += failed
        self._attempts += 1
        self._failures += failed
        while slices[0][0] <= now - _WITHIN_S:
            _, attempts, failures = slices.popleft()
            self._attempts -= attempts
            self._failures -= failures

    def is_bad(self) -> bool:
        return self._attempts >= _FEWEST and self._failures >= _FAILED_PART * self._attempts
