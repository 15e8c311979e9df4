"""What an owner's hour has room for, so that writes to come find theirs. Pure: time and attempts are arguments."""

from collections.abc import Sequence
from math import inf, sqrt
from typing import Protocol

from gateway.mirror.refresh.hour_part import HourPart

_HOUR_S = 3600
_MINUTE_S = 60
_LATELY_S = 300.0
_FEWEST_TELLING_S = 900.0  # a burst of writes in less says nothing of an hour
_SPREAD_FROM_S = 300  # sooner, an hour that was just full says nothing of its rest
_PART_UNKNOWN = 0.3  # of the hour, that ids nobody heard of may take where there is room
_PART_SPARE = 0.05  # left for what else has to be asked for: such ids find as much in any case
_LEAST_PART = 0.02  # of the hour, for what is read anew, however full it is
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

    def due_to_background(self, now: float) -> int:
        """Return how many requests are left to background work that goes on."""
        ...


class HourRoom:
    """One owner's."""

    def __init__(self, spending: Spending) -> None:
        self._spending = spending
        self.unknown = HourPart()
        """What was asked for of which nobody has heard: callers choose the ids."""
        self.booked = 0
        """Requests of readings that have begun."""
        self.since = inf
        """When the first use was."""

    @property
    def limit(self) -> int:
        """The requests of an hour."""
        return self._spending.limit or _UNLIMITED

    def left(self, now: float, beside: float = 0.0) -> float:
        """Return how many requests may be spent now so that writes to come find theirs throughout the hour.

        And other requests, of which `beside` go each second.
        """
        return min(self._by_minute(now, beside))

    def wait_s(self, now: float, beside: float) -> float:
        """Return the seconds until one may be spent, if none is until then beside those; an hour at the most."""
        left = self._by_minute(now, beside)
        full = (minute for minute in reversed(range(len(left))) if left[minute] < 1)
        return min(_HOUR_S, (next(full, -1) + 1) * _MINUTE_S)

    def a_second(self, now: float) -> float:
        """Return how many requests a second readings may take from now on, spread over the hour."""
        left, first = self._by_minute(now), _SPREAD_FROM_S // _MINUTE_S
        evenly = min(left[minute] / (minute * _MINUTE_S) for minute in range(first, len(left)))
        return max(evenly, self.limit * _LEAST_PART / _HOUR_S)

    def unknown_wait_s(self, now: float) -> float:
        """Return the seconds until an id may be asked for that nobody has heard of."""
        wait_s = self.unknown.wait_s(_PART_SPARE * self.limit, now)
        if wait_s == 0 or self.left(now) < 1:
            return wait_s
        return self.unknown.wait_s(_PART_UNKNOWN * self.limit, now)

    def may_look_up(self, now: float) -> bool:
        """Return whether what a whole collection has not may be asked for, out of what such find in any case."""
        return self.unknown.wait_s(_PART_SPARE * self.limit, now) == 0

    def _by_minute(self, now: float, beside: float = 0.0) -> Sequence[float]:
        """Return what will be left at each minute of the hour to come, once the writes until then were sent.

        The rate of the last minutes tells of the next one, that of the last hour of the rest.
        """
        since = self._spending.writes_since
        in_hour, lately = since(now - _HOUR_S), since(now - _LATELY_S) / _LATELY_S
        hourly = in_hour / min(_HOUR_S, max(_FEWEST_TELLING_S, now - self.since))
        least = max(self.limit * _PART_SPARE - self.unknown.count(now), self.limit / 10 - in_hour)
        background = self._spending.due_to_background(now)
        left: list[float] = []
        for in_s in range(0, _HOUR_S + 1, _MINUTE_S):
            likely = lately * min(in_s, _MINUTE_S) + hourly * max(0, in_s - _MINUTE_S)
            counted = self._spending.counted_at(now + in_s) + self.booked
            left.append(
                self.limit - counted - background - likely - max(2 * sqrt(likely), least) - beside * in_s
            )
        return left
