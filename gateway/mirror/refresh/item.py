"""What is read anew together, and what is known of it: its cost, its age, and who asks for it."""

from collections.abc import Hashable
from math import exp, inf, sqrt

import msgspec

_NEVER_S = 3600.0
MEMORY_S = 300.0  # demand of so long ago counts for a third
_FEWEST_S = 60.0  # what was counted in less is no rate
_MOST_CALLS = 1_000
SMALL = 2  # requests: what costs no more goes at once
_LONGEST_SMALL_S = 210.0  # such a collection gets no older while it is asked for
_LONGEST_SLICE_S = 900.0


class Demand(msgspec.Struct, array_like=True):
    """What an item was asked for."""

    uses: int = 0
    """Operations that rested on it."""
    requests: int = 0
    """That they would have cost, asked directly."""
    paid: int = 0
    """That they did cost."""


class Item(msgspec.Struct):
    """A collection, a part of one, or a list that only PlanDocket can tell."""

    floor_s: float
    """The least age at which it is read anew."""
    is_by_call: bool = False
    cost: int = 1
    """Requests that reading it takes."""
    is_alone: bool = False
    """Whether it is an answer of a collection that no hour has room for: it comes behind all others."""
    is_slice: bool = False
    """Whether it is the rows of a collection that pass a filter: all of them no hour has room for."""
    at: float | None = None
    """When it was last read anew; None before the first time."""
    is_walked: bool = False
    planned_s: float = 0.0
    is_running: bool = False
    is_awaited: bool = False
    """Whether another process was told to read it at once, and has not said yet what came of it."""
    is_urgent: bool = False
    """Whether it is due at once: a write may have changed it."""
    uses: int = 0
    """Operations that rested on it since."""
    is_waking: bool = False
    """Whether it is asked for again, after longer than it takes until it is read anew, and was not read since."""
    used_at: float = -inf
    _operations: float = 0.0
    _requests: float = 0.0
    _weight: float = 0.0
    """For how many seconds both were counted, those long ago for less."""
    paid: float = 0.0
    """Requests that were spent on it directly, before its first walk."""
    faded_at: float = 0.0
    calls: dict[Hashable, float] = {}
    """Reads that rest on it, and when each would have been asked last."""
    rests_s: float = 0.0
    """Since its last reading began, for so long there is none: that took its time, and the loop's."""
    not_before: float = 0.0
    """It came to nothing lately: it is not tried until then."""
    failures: int = 0
    """Readings in a row that came to nothing."""
    why: str = ""
    """Why the last of them did."""
    booked: int = 0
    """Requests that its reading was taken to cost when it began: the cost may be learned meanwhile."""
    untold: Demand = msgspec.field(default_factory=Demand)
    """What it was asked for here, and who walks was not told of yet."""
    blocked_at: float = -inf
    """When it was due last and found no room."""
    overdue: float = 0.0

    def age(self, now: float) -> float:
        """Return for how long it was not read anew."""
        return now - self.at if self.at is not None else _NEVER_S

    def use(self, now: float, call: Hashable, *, was_asked: bool) -> None:
        """Count an operation that rests on it by a call, which asked directly costs a request while none is fresh."""
        seen_at = self.calls.get(call)
        is_new = seen_at is None or now - seen_at >= self.floor_s
        if is_new:
            self.calls[call] = now
            if len(self.calls) > _MOST_CALLS:
                del self.calls[next(iter(self.calls))]
        self.add(Demand(1, int(is_new), int(was_asked)), now)
        untold = self.untold
        untold.uses, untold.requests, untold.paid = (
            untold.uses + 1,
            untold.requests + is_new,
            untold.paid + was_asked,
        )

    def add(self, demand: Demand, now: float) -> None:
        """Count what it was asked for, here or in another process."""
        self.fade(now)
        self._operations += demand.uses
        self._requests += demand.requests
        self.is_waking = self.is_waking or now - self.used_at > max(self.planned_s, self.floor_s)
        self.used_at = now
        self.uses += demand.uses
        self.paid += demand.paid

    @property
    def counted(self) -> tuple[float, float, float]:
        """What was counted: operations, the requests they would cost, and for how many seconds."""
        return self._operations, self._requests, self._weight

    def count_on(self, counted: tuple[float, float, float], now: float) -> None:
        """Go on from what another process counted until now."""
        self._operations, self._requests, self._weight = counted
        self.faded_at = now

    def fade(self, now: float) -> None:
        """Let what was counted so far tell less than what is counted from now on."""
        kept = exp((self.faded_at - now) / MEMORY_S)
        self._weight = self._weight * kept + (1 - kept) * MEMORY_S
        self._operations *= kept
        self._requests *= kept
        self.faded_at = now

    @property
    def demand(self) -> float:
        """Operations a second that rest on it."""
        return self._operations / max(self._weight, _FEWEST_S)

    @property
    def direct(self) -> float:
        """Requests a second that they would cost, asked directly."""
        return self._requests / max(self._weight, _FEWEST_S)

    @property
    def longest_s(self) -> float:
        """The age at which it is due while it is asked for, however seldom that is."""
        if self.is_slice:
            return _LONGEST_SLICE_S
        return inf if self.cost > SMALL or self.is_by_call else max(self.floor_s, _LONGEST_SMALL_S)

    @property
    def lasts_s(self) -> float:
        """For how long a walk saves requests at the least: a small one, that follows upon a request, is soon again."""
        return self.floor_s if self.cost <= SMALL else max(self.floor_s, MEMORY_S)

    def interval_s(self, k: float) -> float:
        """Return the seconds between two readings where all intervals are stretched by a factor."""
        planned = k * sqrt(self.cost / self.demand) if self.demand > 0 else 0.0
        return max(min(planned, self.longest_s), self.floor_s, self.rests_s, 1.0)

    def is_late(self, age_s: float) -> bool:
        """Return whether something is so old that it should have been read anew long ago."""
        longest_s = (
            _LONGEST_SLICE_S if self.is_alone else inf
        )  # what is asked for once a day is planned for days
        return age_s > min(longest_s, 2 * max(self.planned_s, self.floor_s, 1.0))
