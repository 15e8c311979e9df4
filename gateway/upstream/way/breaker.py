"""Keeps requests from a PlanDocket that fails, and finds out with a few whether it is back. Time is an argument.

It is neither slowed further by requests that would fail, nor is the hour spent on them.
"""

import logging
from collections import deque
from enum import Enum
from math import inf

import msgspec

from gateway.errors import UnavailableError
from gateway.upstream.way.retry import LONGEST_PAUSE_S

log = logging.getLogger(__name__)

_WITHIN_S = 10.0
_FEWEST = 20  # attempts: of fewer, half may fail by chance
_FAILED_PART = 0.5
_IN_A_ROW = 3
_SILENCE_S = 5.0  # a proxy that starts again is back sooner
_SHORTEST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 30.0
_LONGEST_WAIT_S = 600.0  # what a server asks for may be a mistake
_PART_OF_OUTAGE = 1 / 30  # a long one costs little of each hour, a short one is over soon after its end


class State(Enum):
    """CLOSED lets every request through, OPEN none, HALF_OPEN one that finds out."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class Attempt(msgspec.Struct, frozen=True):
    """An attempt that was let through, to be told of again: exactly once."""

    era: int
    begun: float


class Breaker:
    """One for all requests to a tenant.

    It opens when nothing gets through: three attempts in a row failed, and five seconds passed since the first of
    them began. That needs neither many at once nor many a second. Where some get through it opens when at least
    half of twenty or more within ten seconds failed.

    While it is open one attempt is let through every two seconds, a thirtieth of the outage later once that
    is more, half a minute at most. It does not wait for the one before, which may hang. The first that succeeds
    closes it. A server that asks to be left alone for longer than a repeat may wait opens it at once, and is
    asked no sooner; but every ten minutes.
    """

    def __init__(self) -> None:
        self._recent: deque[tuple[float, bool]] = deque()  # when attempts ended, and whether they failed
        self._in_a_row = 0
        self._silent_since = -inf
        self._open_since: float | None = None
        self._next_probe = 0.0
        self._probes = 0
        self.era = 0
        """How often it opened or closed."""

    def state(self, now: float) -> State:
        """Return where it stands."""
        if self._open_since is None:
            return State.CLOSED
        return State.HALF_OPEN if self._probes or now >= self._next_probe else State.OPEN

    def admits(self, now: float) -> bool:
        """Return whether an attempt may begin."""
        return self._open_since is None or now >= self._next_probe

    def check(self, now: float) -> None:
        """Raise UnavailableError where no attempt may begin."""
        if not self.admits(now):
            raise UnavailableError(
                "PlanDocket failed too often just now and is not asked for some seconds: try again then.",
                never_left=True,
            )

    def admit(self, now: float) -> Attempt:
        """Let an attempt begin.

        Raises:
            UnavailableError: it may not.
        """
        self.check(now)
        if self._open_since is not None:
            pause = max(_SHORTEST_PAUSE_S, (now - self._open_since) * _PART_OF_OUTAGE)
            self._next_probe = now + min(pause, _LONGEST_PAUSE_S)
            self._probes += 1
        return Attempt(self.era, now)

    def succeed(self, attempt: Attempt, now: float) -> None:
        """Note that PlanDocket answered, be it with a refusal: it works."""
        if attempt.era != self.era:
            return  # begun before it last opened or closed: that was judged already
        self._in_a_row, self._silent_since = 0, now
        if self._open_since is None:
            self._count(now, failed=False)
        else:
            self._turn(None)
            log.warning("PlanDocket answers again")

    def fail(self, attempt: Attempt, now: float, wait_s: float = 0.0) -> None:
        """Note that no answer came, or one that says that PlanDocket fails and asks for so many seconds of quiet."""
        if attempt.era != self.era:
            return
        wait_s = min(wait_s, _LONGEST_WAIT_S)
        if self._open_since is not None:
            self._probes -= 1
            self._next_probe = max(self._next_probe, now + wait_s)
            return
        self._count(now, failed=True)
        if not self._in_a_row:
            self._silent_since = max(self._silent_since, attempt.begun)
        self._in_a_row += 1
        is_silent = self._in_a_row >= _IN_A_ROW and now - self._silent_since >= _SILENCE_S
        if is_silent or self._is_bad() or wait_s > LONGEST_PAUSE_S:
            self._turn(now)
            self._next_probe = now + max(_SHORTEST_PAUSE_S, wait_s)
            log.warning("PlanDocket fails: until it answers again it is asked every few seconds only")

    def give_back(self, attempt: Attempt) -> None:
        """Note that an attempt came to no outcome: it was given up, or not sent in the end."""
        if attempt.era == self.era and self._open_since is not None:
            self._probes -= 1
            self._next_probe = attempt.begun

    def _turn(self, open_since: float | None) -> None:
        self._open_since = open_since
        self._probes = 0
        self._in_a_row = 0
        self.era += 1
        self._recent.clear()

    def _count(self, now: float, *, failed: bool) -> None:
        self._recent.append((now, failed))
        while self._recent[0][0] <= now - _WITHIN_S:
            self._recent.popleft()

    def _is_bad(self) -> bool:
        failures = sum(failed for _, failed in self._recent)
        return len(self._recent) >= _FEWEST and failures >= _FAILED_PART * len(self._recent)
