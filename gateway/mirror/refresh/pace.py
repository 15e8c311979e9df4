"""What is worth being read anew, and when, so that an hour's requests keep answers as young as they can be. Pure.

Intervals go with the square root of cost over demand, which keeps answers youngest on the whole. Source: Cho and
Garcia-Molina, "Synchronizing a database to improve freshness", SIGMOD 2000.
A collection is walked while asking directly would cost as much; before its first walk, once it would have.
"""

from collections.abc import Hashable
from math import inf

from gateway.mirror.refresh.hour_room import HourRoom
from gateway.mirror.refresh.item import SMALL, Demand, Item

_MINUTE_S = 60.0
_PLANS_EVERY_S = 10.0
_WAITS_S = 20.0  # for so long a larger walk's turn is kept
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30.0, 1800.0
_MOST_LISTS = 500
_LOOKS_EVERY_S = 1.0  # for room, where there was none
_RESTS = 5  # times as long as it took
_LARGEST_PART = 0.25  # of the hour, for one walk
_FEWEST_FOR_PARTS = 100
_PRECISION = 0.001
_IDLE = 1e-9  # operations a second


class Pace:
    """One owner's items, and what the hour has for them."""

    def __init__(self, room: HourRoom) -> None:
        self._room = room
        self._items: dict[Hashable, Item] = {}
        self._k = 0.0
        self._walks_a_second = 0.0
        self._planned_at = -inf
        self._begins_at = -inf
        self.decides = True
        """Whether it says here what is walked, and when: where another process does, this one follows it."""

    @property
    def most_cost(self) -> float:
        """How many requests a walk may take at the most: beyond, its rows are asked for."""
        return _LARGEST_PART * self._room.limit

    @property
    def has_parts(self) -> bool:
        """Whether what is larger than that is held in parts: an hour of a few requests has no room for them either."""
        return self._room.limit >= _FEWEST_FOR_PARTS

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
                faded_at=now,
            )
        return found

    def resume(self, item: Item, at: float, cost: int, planned_s: float, now: float) -> None:
        """Go on with an item as it was before a restart: demand is to be seen again before anything is decided."""
        item.at, item.cost, item.planned_s, item.is_walked = at, max(1, cost), planned_s, True
        self._begins_at = now + _MINUTE_S

    @property
    def walked(self) -> list[tuple[Hashable, Item]]:
        """What is read as a whole or in parts, by its name."""
        return [(name, item) for name, item in self._items.items() if not item.is_by_call]

    def add(self, item: Item, demand: Demand, now: float) -> None:
        """Note what an item was asked for in other processes."""
        self._room.since = min(self._room.since, now)
        item.add(demand, now)
        self._plan(now)

    def use(self, item: Item, now: float, call: Hashable, *, was_asked: bool = False) -> None:
        """Note that something rests on an item: a call, which asked directly costs a request while none is fresh."""
        self._room.since = min(self._room.since, now)
        item.use(now, call, was_asked=was_asked)
        self._plan(now)

    def _make_room(self) -> None:
        """Forget the list that was used longest ago where there are many: callers choose what they search for."""
        lists = [name for name, item in self._items.items() if item.is_by_call]
        if len(lists) >= _MOST_LISTS:
            idle = [name for name in lists if not self._items[name].is_running]
            self._items.pop(min(idle, key=lambda name: self._items[name].used_at, default=None), None)

    def begins(self, item: Item, now: float) -> bool:
        """Return whether an item that is due is read anew from now on, its requests booked; else it has no room."""
        if not self.has_room(item, now):
            return False
        item.is_running, item.is_urgent, item.is_waking, item.uses = True, False, False, 0
        item.booked = item.cost
        self._room.booked += item.booked
        return True

    def has_room(self, item: Item, now: float) -> bool:
        """Return whether an item that is due may be read anew; if not, others give way to it for a while."""
        item.overdue = item.age(now) / max(item.planned_s, 1.0)
        waits = (item.cost > SMALL or item.is_alone) and self._others_wait(item, now)
        beside = self._walks_a_second if item.is_alone else 0.0
        if waits or self._room.left(now, beside) < item.cost:
            item.blocked_at = now
            return False
        return True

    def wait_s(self, now: float) -> float:
        """Return the seconds until there is room beside walks for what is asked for directly."""
        return self._room.wait_s(now, self._walks_a_second)

    def ended(self, item: Item, begun: float, now: float, cost: int) -> None:
        """Note that an item was read anew, from a moment on until now."""
        self._room.booked -= item.booked
        item.is_running, item.at, item.cost, item.failures = False, begun, max(1, cost), 0
        item.rests_s = _RESTS * max(0.0, now - begun)  # moments are told ahead of a clock that stands

    def failed(self, item: Item, now: float) -> None:
        """Note that reading an item anew came to nothing: it is tried again after a pause, longer each time."""
        self._room.booked -= item.booked
        item.is_running = False
        item.not_before = now + min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**item.failures)
        item.failures += 1

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
        if age >= item.longest_s:
            return True
        return age >= item.floor_s and item.uses * age >= self._k**2 * item.cost

    def _others_wait(self, item: Item, now: float) -> bool:
        """Return whether something more overdue found no room lately."""
        return any(
            other is not item and other.overdue > item.overdue and now - other.blocked_at < _WAITS_S
            for other in self._items.values()
        )

    def _plan(self, now: float) -> None:
        if now < max(self._planned_at + _PLANS_EVERY_S, self._begins_at):
            return
        self._planned_at = now
        for item in self._items.values():
            item.fade(now)
        self._choose()
        self._k = _stretch(
            [item for item in self._items.values() if item.is_walked], self._room.a_second(now)
        )
        for item in self._items.values():
            if self.decides or item.is_by_call:
                item.planned_s = item.interval_s(self._k)
        walked = (item for item in self._items.values() if item.is_walked and not item.is_alone)
        self._walks_a_second = sum(item.cost / item.planned_s for item in walked if item.demand > _IDLE)

    def _choose(self) -> None:
        """Say which collections are walked: see the module's docstring."""
        for item in self._items.values():
            if item.is_by_call or not self.decides:
                continue
            if item.cost > self.most_cost:
                item.is_walked = False
            elif item.at is None and not item.is_walked:
                has_paid = item.paid >= min(3, item.cost + 1)
                item.is_walked = has_paid and item.direct * item.lasts_s >= item.cost
            else:
                share = item.direct * max(item.planned_s, item.lasts_s) / item.cost
                item.is_walked = share >= (0.5 if item.is_walked else 1.0)


def _stretch(items: list[Item], a_second: float) -> float:
    """Return the factor by which all intervals grow so that their requests are so many a second; 0 where all fit."""

    def spent(k: float) -> float:
        return sum(item.cost / item.interval_s(k) for item in items if item.demand > _IDLE)

    low, high = 0.0, 1.0
    if spent(low) <= a_second:
        return low
    while spent(high) > a_second and high < 1e9:
        low, high = high, 2 * high
    while high - low > _PRECISION * high:
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle) > a_second else (low, middle)
    return high
