"""What is worth being read anew, and when, so that an hour's requests keep answers as young as they can be. Pure.

Intervals go with the square root of cost over demand, which keeps answers youngest on the whole. Source: Cho and
Garcia-Molina, "Synchronizing a database to improve freshness", SIGMOD 2000.
A collection is walked while asking directly would cost as much; before its first walk, once it would have.
"""

from collections.abc import Hashable
from math import exp, inf, sqrt
from typing import Protocol

import msgspec

from gateway.mirror.hour_part import HourPart

_HOUR_S = 3600
_MINUTE_S = 60.0
_MEMORY_S = 300.0  # demand of so long ago counts for a third
_FEWEST_S = 60.0  # what was counted in less is no rate
_FEWEST_TELLING_S = 900.0  # a burst of writes in less says nothing of an hour
_PLANS_EVERY_S = 10.0
_SPREAD_FROM_S = 300  # sooner, an hour that was just full says nothing of its rest
_WAITS_S = 20.0  # for so long a larger walk's turn is kept
_LONGEST_BY_CALL_S = 600.0
_LONGEST_SLICE_S = 900.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30.0, 1800.0
_MOST_CALLS = 1_000
_MOST_LISTS = 500
_LOOKS_EVERY_S = 1.0  # for room, where there was none
_RESTS = 5  # times as long as it took
_SMALL = 2  # requests: what costs no more goes at once
_LONGEST_SMALL_S = 210.0  # such a collection gets no older while it is asked for
_LARGEST_PART = 0.25  # of the hour, for one walk
_PART_UNKNOWN = 0.3  # of the hour, that ids nobody heard of may take where there is room
_PART_SPARE = 0.05  # left for what else has to be asked for: such ids find as much in any case
_FEWEST_FOR_PARTS = 100
_UNLIMITED = 20_000  # requests an hour that walks go by where there is no limit


class Spending(Protocol):
    """An hour's attempts, as the budget counts them."""

    limit: int | None

    def counted_at(self, at: float) -> int:
        """Return how many of the attempts so far still count at a moment."""
        ...

    def writes_since(self, at: float) -> int:
        """Return how many writes were sent since a moment, with what was read for them."""
        ...


class Item(msgspec.Struct):
    """What is read anew together: a collection, or a list that only PlanDocket can tell."""

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
    noted_at: float = 0.0
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
    blocked_at: float = -_WAITS_S
    overdue: float = 0.0

    def age(self, now: float) -> float:
        """Return for how long it was not read anew."""
        return now - self.at if self.at is not None else float(_HOUR_S)

    def note(self, now: float, operations: float, requests: float) -> None:
        """Count operations that rest on it, which asked directly cost so many requests."""
        kept = exp((self.noted_at - now) / _MEMORY_S)
        self._weight = self._weight * kept + (1 - kept) * _MEMORY_S
        self._operations = self._operations * kept + operations
        self._requests = self._requests * kept + requests
        self.noted_at = now

    @property
    def demand(self) -> float:
        """Operations a second that rest on it."""
        return self._operations / max(self._weight, _FEWEST_S)

    @property
    def direct(self) -> float:
        """Requests a second that they would cost, asked directly."""
        return self._requests / max(self._weight, _FEWEST_S)


class Pace:
    """One owner's items, and what the hour has for them."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending
        self.unknown = HourPart()
        """What was asked for of which nobody has heard: callers choose the ids."""
        self._items: dict[Hashable, Item] = {}
        self._since = inf  # the first use
        self._k = 0.0
        self._planned_at = float("-inf")
        self._booked = 0
        self._begins_at = -inf

    @property
    def _limit(self) -> int:
        return self._spending.limit or _UNLIMITED

    @property
    def most_cost(self) -> float:
        """How many requests a walk may take at the most: beyond, its rows are asked for."""
        return _LARGEST_PART * self._limit

    @property
    def has_parts(self) -> bool:
        """Whether what is larger than that is held in parts: an hour of a few requests has no room for them either."""
        return self._limit >= _FEWEST_FOR_PARTS

    def item(
        self,
        name: Hashable,
        floor_s: float,
        now: float,
        *,
        cost: int = 1,
        is_by_call: bool = False,
        is_slice: bool = False,
        is_alone: bool = False,
    ) -> Item:
        """Return what is known under a name."""
        found = self._items.get(name)
        if found is None:
            if is_by_call:
                self._make_room()
            found = self._items[name] = Item(
                floor_s,
                is_by_call,
                cost,
                is_slice=is_slice,
                is_alone=is_alone,
                is_walked=is_by_call,
                noted_at=now,
            )
        return found

    def resume(self, item: Item, at: float, cost: int, planned_s: float, now: float) -> None:
        """Go on with an item as it was before a restart: demand is to be seen again before anything is decided."""
        item.at, item.cost, item.planned_s, item.is_walked = at, max(1, cost), planned_s, True
        self._begins_at = now + _MINUTE_S

    def use(self, item: Item, now: float, call: Hashable, *, was_asked: bool = False) -> None:
        """Note that something rests on an item: a call, which asked directly costs a request while none is fresh."""
        self._since = min(self._since, now)
        seen_at = item.calls.get(call)
        is_new = seen_at is None or now - seen_at >= item.floor_s
        if is_new:
            item.calls[call] = now
            if len(item.calls) > _MOST_CALLS:
                del item.calls[next(iter(item.calls))]
        item.note(now, 1.0, 1.0 if is_new else 0.0)
        item.is_waking = item.is_waking or now - item.used_at > max(item.planned_s, item.floor_s)
        item.used_at = now
        item.uses += 1
        item.paid += was_asked
        self._plan(now)

    def _make_room(self) -> None:
        """Forget the list that was used longest ago where there are many: callers choose what they search for."""
        lists = [name for name, item in self._items.items() if item.is_by_call]
        if len(lists) >= _MOST_LISTS:
            idle = [name for name in lists if not self._items[name].is_running]
            self._items.pop(min(idle, key=lambda name: self._items[name].noted_at, default=None), None)

    def begins(self, item: Item, now: float) -> bool:
        """Return whether an item that is due is read anew from now on, its requests booked; else it has no room."""
        if not self.has_room(item, now):
            return False
        item.is_running, item.is_urgent, item.is_waking, item.uses = True, False, False, 0
        item.booked = item.cost
        self._booked += item.booked
        return True

    def has_room(self, item: Item, now: float) -> bool:
        """Return whether an item that is due may be read anew; if not, others give way to it for a while."""
        item.overdue = item.age(now) / max(item.planned_s, 1.0)
        waits = (item.cost > _SMALL or item.is_alone) and self._others_wait(item, now)
        if waits or self.room(now) < item.cost:
            item.blocked_at = now
            return False
        return True

    def ended(self, item: Item, begun: float, now: float, cost: int) -> None:
        """Note that an item was read anew, from a moment on until now."""
        self._booked -= item.booked
        item.is_running, item.at, item.cost, item.failures = False, begun, max(1, cost), 0
        item.rests_s = _RESTS * (now - begun)

    def failed(self, item: Item, now: float) -> None:
        """Note that reading an item anew came to nothing: it is tried again after a pause, longer each time."""
        self._booked -= item.booked
        item.is_running = False
        item.not_before = now + min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**item.failures)
        item.failures += 1

    def room(self, now: float) -> float:
        """Return how many requests may be spent now so that writes to come find theirs throughout the hour."""
        return min(self._room(now, in_s) for in_s in range(0, _HOUR_S + 1, int(_MINUTE_S)))

    def wait_s(self, now: float) -> float:
        """Return the seconds until an id may be asked for that nobody has heard of."""
        wait_s = self.unknown.wait_s(_PART_SPARE * self._limit, now)
        if wait_s == 0 or self.room(now) < 1:
            return wait_s
        return self.unknown.wait_s(_PART_UNKNOWN * self._limit, now)

    def may_look_up(self, now: float) -> bool:
        """Return whether what a whole collection has not may be asked for, out of what such find in any case."""
        return self.unknown.wait_s(_PART_SPARE * self._limit, now) == 0

    def is_due(self, item: Item, now: float) -> bool:
        """Return whether an item shall be read anew, as soon as there is room."""
        if (
            item.is_running
            or not item.is_walked
            or now < max(item.not_before, self._begins_at)
            or now < item.blocked_at + _LOOKS_EVERY_S
        ):
            return False
        if item.at is None or item.is_urgent:
            return True
        age = item.age(now)
        if age < item.rests_s:
            return False
        if item.is_by_call and not item.is_alone and age >= max(_LONGEST_BY_CALL_S, 2 * self._longest()):
            return True
        if _is_small(item) and age >= max(item.floor_s, _LONGEST_SMALL_S):
            return True
        if item.is_slice and age >= _LONGEST_SLICE_S:
            return True
        return age >= item.floor_s and item.uses * age >= self._k**2 * item.cost

    def _longest(self) -> float:
        return max(
            (item.planned_s for item in self._items.values() if item.is_walked and not item.is_by_call),
            default=0.0,
        )

    def _others_wait(self, item: Item, now: float) -> bool:
        """Return whether something more overdue found no room lately."""
        return any(
            other is not item and other.overdue > item.overdue and now - other.blocked_at < _WAITS_S
            for other in self._items.values()
        )

    def _room(self, now: float, in_s: float) -> float:
        counted = self._spending.counted_at(now + in_s)
        return self._limit - counted - self._booked - self._forecast(now, in_s)

    def _forecast(self, now: float, in_s: float) -> float:
        """Return how many writes are likely until then, and some more."""
        lately = self._spending.writes_since(now - _MEMORY_S) / _MEMORY_S
        in_hour = self._spending.writes_since(now - _HOUR_S)
        watched_s = min(_HOUR_S, max(_FEWEST_TELLING_S, now - self._since))
        likely = lately * min(in_s, _MINUTE_S) + in_hour / watched_s * max(0.0, in_s - _MINUTE_S)
        spare = self._limit * _PART_SPARE - self.unknown.count(now)
        return likely + max(2 * sqrt(likely), spare, self._limit / 10 - in_hour)

    def _plan(self, now: float) -> None:
        if now < max(self._planned_at + _PLANS_EVERY_S, self._begins_at):
            return
        self._planned_at = now
        for item in self._items.values():
            item.note(now, 0.0, 0.0)
        self._choose()
        spans = range(_SPREAD_FROM_S, _HOUR_S + 1, int(_MINUTE_S))
        a_second = max(min(self._room(now, in_s) / in_s for in_s in spans), self._limit * 0.02 / _HOUR_S)
        self._k = _stretch([item for item in self._items.values() if item.is_walked], a_second)
        for item in self._items.values():
            item.planned_s = _interval(item, self._k)

    def _choose(self) -> None:
        """Say which collections are walked: see the module's docstring."""
        for item in self._items.values():
            if item.is_by_call:
                continue
            if item.cost > self.most_cost:
                item.is_walked = False
            elif item.at is None and not item.is_walked:
                has_paid = item.paid >= min(3, item.cost + 1)
                item.is_walked = has_paid and item.direct * max(item.floor_s, _MEMORY_S) >= item.cost
            else:
                share = item.direct * max(item.planned_s, item.floor_s, _MEMORY_S) / item.cost
                item.is_walked = share >= (0.5 if item.is_walked else 1.0)


def _is_small(item: Item) -> bool:
    return item.cost <= _SMALL and not item.is_by_call


def _interval(item: Item, k: float) -> float:
    planned = k * sqrt(item.cost / item.demand) if item.demand > 0 else 0.0
    if _is_small(item):
        planned = min(planned, _LONGEST_SMALL_S)
    return max(planned, item.floor_s, item.rests_s, 1.0)


def _stretch(items: list[Item], a_second: float) -> float:
    """Return the factor by which all intervals grow so that their requests are so many a second; 0 where all fit."""

    def spent(k: float) -> float:
        return sum(item.cost / _interval(item, k) for item in items if item.demand > 1e-9)

    low, high = 0.0, 1.0
    if spent(low) <= a_second:
        return low
    while spent(high) > a_second and high < 1e9:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) > a_second else (low, middle)
    return high
