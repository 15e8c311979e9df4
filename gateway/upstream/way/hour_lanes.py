"""The requests of any sixty minutes, counted exactly, and how they are shared between what they are for."""

import math
from bisect import bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from math import inf

HOUR_S = 3600.0
_RECENTLY_S = 300.0
_MINUTE_S = 60.0
_DEVIATIONS = 3
_PART_APART = 0.05  # of the hour, that background work leaves beside all that others are likely to need


class Lane(Enum):
    """What a request is for."""

    READ = "read"
    WRITE = "write"
    WALK = "walk"
    """To keep what is held young: whoever sends it sees to it that reads and writes find room."""
    CHECK = "check"
    """Whether PlanDocket still accepts the key."""
    BACKGROUND = "background"
    """For what nobody waits for: out of what the others leave, and at most half of the hour."""


WAITED_FOR = (Lane.READ, Lane.WRITE)
"""What operations send for whoever waits for their answer."""


class Hour:
    """The attempts of the last sixty minutes, each with its time: never more than `limit` in any hour.

    Questions about a moment to come are answered as if nothing else were sent until then: so what has no
    room now has room from some moment on.
    """

    def __init__(self, limit: int | None, aside: int = 0) -> None:
        self.limit = limit
        """What reads and writes may have; None is unlimited: then nothing is counted."""
        self._aside = aside
        self._attempts: deque[float] = deque()
        self._by_lane = defaultdict[Lane, deque[float]](deque)  # but reads, which are the rest
        self._writes = self._by_lane[Lane.WRITE]
        self._writing_since = 0.0
        self._background = self._by_lane[Lane.BACKGROUND]
        self._asked_for = deque[float]()  # what operations wait for, be it read or written
        self._asked_since = 0.0
        self.background_at = -inf
        """When background work last asked for room, be it that it got some."""
        # What was found out for one read since the last attempt: up to here no room, from there on room.
        self._no_room_at = -inf
        self._room_at = inf

    def used(self, now: float) -> int:
        """Return how many attempts the last hour holds."""
        for times in (self._attempts, self._asked_for, *self._by_lane.values()):
            while times and times[0] <= now - HOUR_S:
                times.popleft()
        return len(self._attempts)

    def by_lane(self, now: float) -> Mapping[Lane, int]:
        """Return how many attempts of each lane the last hour holds; together they are `used`."""
        used = self.used(now)
        others = {lane: len(self._by_lane[lane]) for lane in Lane if lane is not Lane.READ}
        return {Lane.READ: used - sum(others.values()), **others}

    def counted_at(self, at: float) -> int:
        """Return how many of the attempts so far still count at a moment, now or to come."""
        return _after(at - HOUR_S, self._attempts)

    def writes_since(self, at: float) -> int:
        """Return how many writes were sent since a moment, with what was read for them; none of the background's."""
        return _after(at, self._writes)

    def due_to_background(self, now: float) -> int:
        """Return how many requests the mirror leaves to background work that goes on: a quarter of the hour in all."""
        if self.limit is None or self.background_at <= now - HOUR_S:
            return 0
        return max(0, self.limit // 4 - _after(now - HOUR_S, self._background))

    def resets_in(self, now: float) -> float | None:
        """Return the seconds until the oldest attempt leaves."""
        return self._attempts[0] + HOUR_S - now if self.used(now) else None

    def spend(self, now: float, lane: Lane) -> None:
        """Count an attempt."""
        if self.limit is None:
            return
        self.used(now)
        self._no_room_at, self._room_at = -inf, inf
        _put(self._attempts, now)
        if lane is Lane.WRITE:
            self._writing_since = min(self._writing_since, now) if self._writes else now
        if lane is not Lane.READ:
            _put(self._by_lane[lane], now)
        if lane in WAITED_FOR:
            self._asked_since = min(self._asked_since, now) if self._asked_for else now
            _put(self._asked_for, now)

    def give_back(self, at: float, lane: Lane) -> None:
        """Take out an attempt that was counted at a moment, and came to nothing."""
        self._no_room_at, self._room_at = -inf, inf
        asked_for = (self._asked_for,) if lane in WAITED_FOR else ()
        for times in (self._attempts, self._by_lane[lane], *asked_for):
            with suppress(ValueError):  # it may have left the hour by now
                times.remove(at)

    def has_room(self, at: float, lane: Lane, requests: int = 1) -> bool:
        """Return whether so many attempts may go at a moment, now or to come.

        Writes may have the whole hour. Reads leave them what they had of it and a tenth more, or all that an
        hour of such writes comes to. Beyond that, checks of the key have what was set aside. Of what background work
        has taken, reads and writes share the rest.
        """
        if self.limit is None:
            return True
        if lane is Lane.BACKGROUND:
            return self._has_room_in_background(self.limit, at, requests)
        if lane is not Lane.READ:
            most = self.limit + (self._aside if lane is Lane.CHECK else 0)
            return _after(at - HOUR_S, self._attempts) + requests <= most
        if at <= self._no_room_at:
            return False
        if requests == 1 and at >= self._room_at:
            return True
        has_room = self._has_room_for_reads(self.limit, at, requests)
        if requests == 1 and has_room:
            self._room_at = at
        elif requests == 1:
            self._no_room_at = at
        return has_room

    def _has_room_for_reads(self, limit: int, at: float, requests: int) -> bool:
        used = _after(at - HOUR_S, self._attempts)
        if used + requests + self.least_for_writes > limit:
            return False
        shared = limit - _after(at - HOUR_S, self._background)
        read = used - _after(at - HOUR_S, self._writes) - (limit - shared) + requests
        return read <= shared / 2 or read + self.writes_an_hour(at) <= shared

    def _has_room_in_background(self, limit: int, at: float, requests: int) -> bool:
        """Return whether there is room beside what operations and walks are likely to need in an hour.

        An hour of operations is what was seen of them with three deviations more; walks, which take whatever is
        left, need what they took, up to a quarter of the hour.
        """
        background = _after(at - HOUR_S, self._background) + requests
        used = _after(at - HOUR_S, self._attempts) + requests
        apart = self.least_for_writes + limit * _PART_APART
        if background > limit // 2 or used + apart > limit:
            return False
        asked = _carried_on(self._asked_for, self._asked_since, at)
        walks = min(limit / 4, _after(at - HOUR_S, self._by_lane[Lane.WALK]))
        return background + asked + walks + apart <= limit

    @property
    def least_for_writes(self) -> int:
        """What reads leave to writes, whatever was seen of them: a tenth."""
        return 0 if self.limit is None else max(self.limit // 10, min(1, self.limit - 1))

    def writes_an_hour(self, at: float) -> float:
        """Return how many writes are likely in an hour; at most half of it, so that reads have the other half.

        The last hour tells, with three standard deviations more than was seen of it: reads that have spent the
        hour cannot give it back. Where the last five minutes alone come to more, more are likely.
        """
        if self.limit is None or not self._writes:
            return 0.0
        return min(self.limit / 2, _carried_on(self._writes, self._writing_since, at))


def _put(times: deque[float], at: float) -> None:
    """Add a time to others that are in order; what other processes sent is heard of later."""
    if times and at < times[-1]:
        insort(times, at)
    else:
        times.append(at)


def _carried_on(times: Sequence[float], since: float, at: float) -> float:
    """Return how many requests an hour brings if those go on that were sent since a moment."""
    return max(
        _at_that_pace(times, since, at, HOUR_S, _DEVIATIONS), _at_that_pace(times, since, at, _RECENTLY_S, 0)
    )


def _at_that_pace(times: Sequence[float], since: float, at: float, span_s: float, deviations: float) -> float:
    """Return what those of the last `span_s` come to in an hour if they go on, but for the busiest minute.

    That is counted as it was: a hundred confirmed at once are no sign that another hundred follow.
    """
    every = list(times)
    seen = every[bisect_right(every, at - span_s) :]
    burst = _busiest_minute(seen)
    steady = len(seen) - burst
    seen_for_s = max(_MINUTE_S, min(span_s, at - since) - _MINUTE_S)
    return burst + (steady + deviations * math.sqrt(steady)) * HOUR_S / seen_for_s


def _after(begin: float, times: Sequence[float]) -> int:
    """Return how many of the times, in order, are after `begin`."""
    return len(times) - bisect_right(times, begin)


def _busiest_minute(times: Sequence[float]) -> int:
    """Return how many of the times, in order, the fullest sixty seconds hold."""
    most = begin = 0
    for end, at in enumerate(times):
        while times[begin] <= at - _MINUTE_S:
            begin += 1
        most = max(most, end - begin + 1)
    return most
