"""Which attempts are repeated, when, and how many of them. Pure: time and chance are arguments.

To repeat what fails helps where one server of several is gone or starts again, and harms where all of
them are busy: so it is done twice at most, at random moments, and for about a tenth of the calls.
"""

import random
from collections.abc import Callable

from gateway.errors import TimedOutError, UnavailableError

_MOST_REPEATS = 2
_FIRST_PAUSE_S = 0.1  # at the longest; twice as long with each repeat
LONGEST_PAUSE_S = 2.0
"""The longest wait before a repeat."""
_FOR_A_CALL = 0.1
_FOR_A_SECOND = 1 / 30  # the floor for a quiet gateway: 120 repeats an hour
_MOST_SAVED = 10.0  # also what there is at the start

# What stands before PlanDocket says these; 500 is its own failure, and likely to come again.
_PASSING = frozenset({502, 503, 504})


def is_repeatable(method: str, outcome: int | UnavailableError) -> bool:
    """Return whether a request that came to this status or error may be sent again.

    A GET changes nothing, so it may be although it arrived: also where the connection broke before the
    answer was whole. Where an answer does not come in time it is not, for that would take as long again.
    A write may be only where it is certain that it never left the gateway. Nothing is where somebody must
    mend what stood in the way.
    """
    if isinstance(outcome, int):
        return method == "GET" and outcome in _PASSING
    if outcome.is_lasting:
        return False
    return outcome.never_left or (method == "GET" and not isinstance(outcome, TimedOutError))


class Retries:
    """How many repeats there may be: one for ten calls, one every thirty seconds, and ten saved up."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._saved = _MOST_SAVED
        self._since: float | None = None

    def count(self, now: float) -> None:
        """Count a call, not its repeats: it brings a tenth of one."""
        passed = 0.0 if self._since is None else now - self._since
        self._since = now
        self._saved = min(_MOST_SAVED, self._saved + _FOR_A_CALL + passed * _FOR_A_SECOND)

    def pause(
        self, repeats: int, now: float, deadline: float | None = None, at_least_s: float = 0.0
    ) -> float | None:
        """Take one repeat after so many, and return the seconds to wait before it; None where there is none.

        Any moment up to the longest pause is equally likely, so that many who failed together do not
        come back together. A server may ask for a longer pause; one that would outlast the longest of
        all, or the deadline, is not worth it.
        """
        if repeats >= _MOST_REPEATS or at_least_s > LONGEST_PAUSE_S or self._saved < 1:
            return None
        longest = min(LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**repeats)
        pause = max(at_least_s, longest * self._jitter())
        if deadline is not None and now + pause >= deadline:
            return None
        self._saved -= 1
        return pause
