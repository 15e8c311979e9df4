"""What other processes sent is heard of later, and counts as if it had been known in time."""

import random

from gateway.upstream.way.hour_lanes import HOUR_S, Hour, Lane


def test_an_hour_does_not_depend_on_the_order_in_which_it_is_told() -> None:
    """Room, use and what writes are likely, at any moment from then on."""
    drawn = random.Random(7)  # noqa: S311
    for _ in range(30):
        sent = [(drawn.uniform(0, HOUR_S), drawn.choice(list(Lane))) for _ in range(90)]
        in_time, late = Hour(100), Hour(100)
        for at, lane in sorted(sent, key=lambda one: one[0]):
            in_time.spend(at, lane)
        for at, lane in sent:
            late.spend(at, lane)
        for at in (HOUR_S, HOUR_S * 1.3, HOUR_S * 1.9):
            assert late.by_lane(at) == in_time.by_lane(at)
            assert late.resets_in(at) == in_time.resets_in(at)
            for lane in Lane:
                assert late.has_room(at, lane) == in_time.has_room(at, lane)
