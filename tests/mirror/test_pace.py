# pyright: basic
"""What is read anew, and when: the pace by itself, with time and the hour's attempts as arguments."""

from bisect import bisect_right, insort

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mirror.refresh.hour_room import HourRoom
from gateway.mirror.refresh.pace import Pace

HOUR_S = 3600


class Spent:
    """An hour's attempts."""

    limit: int | None

    def __init__(self, limit: int = 1_000):
        self.limit = limit
        self.attempts = []
        self.writes = []

    def counted_at(self, at):
        """Return how many still count at a moment."""
        return len(self.attempts) - bisect_right(self.attempts, at - HOUR_S)

    def writes_since(self, at):
        """Return how many writes were sent since."""
        return len(self.writes) - bisect_right(self.writes, at)

    def due_to_background(self, now):
        """Return that nothing is: there is no background work."""
        return 0


def read(spent, pace, item, now):
    """Read an item anew if that begins now; return whether it did."""
    if not (pace.is_due(item, now) and pace.begins(item, now)):
        return False
    for _ in range(item.cost):
        insort(spent.attempts, now)
    pace.ended(item, now, now, item.cost)
    return True


def run(pace, spent, items, seconds, start=0, every_s=1.0):
    """Let operations rest on all items, so often, for a while; return how often each was read anew."""
    reads = [0] * len(items)
    now = float(start)
    while now < start + seconds:
        for index, item in enumerate(items):
            pace.use(item, now, call=int(now) % 40, was_asked=item.at is None)
            reads[index] += read(spent, pace, item, now)
        now += every_s
    return reads


def item(pace, cost, name: object = "participants", floor_s=30.0):
    """Return an item that costs so much."""
    found = pace.item(name, floor_s, 0.0)
    found.cost = cost
    return found


def test_what_is_asked_for_often_is_read_whole():
    """After a few direct reads that cost as much."""
    pace = Pace(HourRoom(spent := Spent()))
    participants = item(pace, cost=16)
    assert run(pace, spent, [participants], 60)[0] >= 1


@pytest.mark.parametrize("learned", [1, 151])
@pytest.mark.parametrize("fails", [True, False])
def test_a_cost_that_is_learned_while_it_is_read_leaves_the_room_as_it_was(learned, fails):
    """What was booked when it began is what is given back."""
    pace = Pace(room := HourRoom(Spent()))
    participants, before = item(pace, cost=20), room.left(0)
    assert pace.begins(participants, 0)
    participants.cost = learned
    if fails:
        pace.failed(participants, 0)
    else:
        pace.ended(participants, 0, 0, learned)
    assert room.left(0) == before


def test_what_is_asked_for_seldom_is_not():
    """One operation a minute: a walk would cost more than what is asked."""
    pace = Pace(HourRoom(spent := Spent()))
    assert run(pace, spent, [item(pace, cost=16)], HOUR_S, every_s=60) == [0]


def test_a_small_collection_stays_young_beside_a_large_one():
    """Though it is asked for seldom: it costs one request, and is read every four minutes."""
    pace = Pace(HourRoom(spent := Spent(200)))
    large, small = item(pace, cost=45), item(pace, cost=1, name="categories")
    ages = []
    for now in map(float, range(2 * HOUR_S)):
        for call in range(4):
            pace.use(large, now, call=(4 * now + call) % 400, was_asked=large.at is None)
        read(spent, pace, large, now)
        if now % 20 == 0:
            pace.use(small, now, call=now // 20 % 3, was_asked=small.at is None)
            read(spent, pace, small, now)
            ages.append(small.age(now))
    assert max(ages[len(ages) // 2 :]) <= 240 + 20


def test_a_slow_walk_is_followed_by_rest():
    """Five times as long as it took: else it would be read without end where nothing limits it."""
    pace = Pace(HourRoom(Spent(100_000)))
    slow = item(pace, cost=100, floor_s=1.0)
    slow.is_walked = True
    pace.use(slow, 0.0, call=1)
    assert pace.begins(slow, 0.0)
    pace.ended(slow, 0.0, 20.0, 100)
    pace.use(slow, 99.0, call=1)
    slow.is_walked = True
    assert not pace.is_due(slow, 99.0)
    assert pace.is_due(slow, 100.0)


def test_nothing_is_read_while_nobody_asks():
    """However old it becomes."""
    pace = Pace(HourRoom(spent := Spent()))
    participants = item(pace, cost=16)
    run(pace, spent, [participants], 120)
    before = len(spent.attempts)
    pace.use(participants, 10 * HOUR_S, call="one")
    assert not participants.is_walked
    assert len(spent.attempts) == before


def test_nothing_is_read_anew_sooner_than_it_is_fresh():
    """Also where the hour has room for more."""
    pace = Pace(HourRoom(spent := Spent(limit=100_000)))
    assert run(pace, spent, [item(pace, cost=1)], 600)[0] <= 21


def test_intervals_go_with_the_root_of_cost():
    """Of two that are asked for alike, the one that costs sixteen times as much is read a quarter as often."""
    pace = Pace(HourRoom(spent := Spent()))
    items = [item(pace, 48, "participants", 1.0), item(pace, 3, "contacts", 1.0)]
    large, small = run(pace, spent, items, 2 * HOUR_S)
    assert small / large == pytest.approx(4, rel=0.5)


def test_the_hour_lasts():
    """The walks of its last ten minutes are as many as those of any other, beside writes."""
    pace = Pace(HourRoom(spent := Spent()))
    participants = item(pace, cost=16)
    reads = []
    for minute in range(120):
        for second in range(0, 60, 10):
            insort(spent.attempts, minute * 60.0 + second)
            spent.writes.append(minute * 60.0 + second)
        reads += run(pace, spent, [participants], 60, start=minute * 60)
    assert max(sum(reads[start : start + 10]) for start in range(60, 110)) < 12
    assert min(sum(reads[start : start + 10]) for start in range(60, 110)) >= 2


def test_what_failed_is_tried_again_after_a_pause_that_grows():
    """So a collection that cannot be trusted costs next to nothing."""
    pace = Pace(HourRoom(Spent()))
    participants = item(pace, cost=1)
    tries = 0
    for now in range(HOUR_S):
        pace.use(participants, float(now), call=now, was_asked=True)
        if pace.is_due(participants, float(now)) and pace.begins(participants, float(now)):
            tries += 1
            pace.failed(participants, float(now))
    assert 2 <= tries <= 7


def test_of_the_lists_that_callers_make_up_a_bounded_number_is_known():
    """Those that were used longest ago are forgotten, and never a collection."""
    pace = Pace(HourRoom(Spent()))
    participants = item(pace, cost=1)
    first = pace.item("search 0", 60.0, 0.0, is_by_call=True)
    for number in range(2_000):
        pace.use(
            pace.item(f"search {number}", 60.0, float(number), is_by_call=True), float(number), call=number
        )
    assert len(pace._items) < 600
    assert pace.item("search 0", 60.0, 2_000.0, is_by_call=True) is not first
    assert item(pace, cost=1) is participants


def test_a_larger_one_that_waits_goes_first():
    """Small ones do not eat the room that it waits for."""
    pace = Pace(HourRoom(spent := Spent(limit=200)))
    large, small = item(pace, 40, "participants", 1.0), item(pace, 3, "contacts", 1.0)
    assert min(run(pace, spent, [large, small], 2 * HOUR_S)) >= 2


def test_what_is_asked_directly_leaves_what_walks_to_come_take():
    """Where it has no room, it is told when there will be some."""
    room = HourRoom(spent := Spent())
    spent.attempts = [0.0] * 500
    assert room.left(0, beside=0.05) >= 1
    assert room.wait_s(0, beside=0.05) == 0
    assert room.left(0, beside=0.2) < 1
    wait_s = room.wait_s(0, beside=0.2)
    assert 0 < wait_s <= HOUR_S
    assert room.left(wait_s, beside=0.2) >= 1


@settings(deadline=None, max_examples=40)
@given(
    limit=st.integers(20, 2_000),
    costs=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    bursts=st.lists(st.tuples(st.integers(0, 7_000), st.integers(1, 300)), max_size=6),
)
def test_no_hour_is_ever_overrun(limit, costs, bursts):
    """Whatever is written beside, as long as it finds room: the walks leave the rest."""
    pace = Pace(HourRoom(spent := Spent(limit)))
    items = [item(pace, cost, name) for name, cost in enumerate(costs)]
    for now in range(0, 2 * HOUR_S, 20):
        for at, writes in bursts:
            if at // 20 == now // 20:
                for _ in range(min(writes, limit - spent.counted_at(now))):
                    insort(spent.attempts, float(now))
                    spent.writes.append(float(now))
        run(pace, spent, items, 20, start=now, every_s=10)
        assert spent.counted_at(now + 10) <= limit
