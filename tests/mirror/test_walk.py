# pyright: basic
"""A walk finds every row that was there throughout, whatever is created and deleted between its pages."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.categories.record import CATEGORIES
from gateway.mirror.refresh.collection_walk import NotWholeError, TooLargeError, walk
from gateway.upstream.call import listing
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.wire.page_shapes import Paging


class Server:
    """A list of ids that changes between any two pages."""

    def __init__(self, ids, changes=(), size=3, *, tells_totals=False, heeds_pages=True, comes_first=False):
        self.ids = list(ids)
        self.always = set(self.ids)
        self.asked = []
        self._changes = iter(changes)
        self._next = max(self.ids, default=0) + 1
        self._size = size
        self._tells_totals = tells_totals
        self._heeds_pages = heeds_pages
        self._comes_first = comes_first

    async def page(self, call):
        """Answer a page, and change."""
        self.asked.append(call.page)
        start = (call.page - 1) * self._size if self._heeds_pages else 0
        rows: Any = tuple(map(self.row, self.ids[start : start + self._size]))
        answer = Answer(rows, paging=Paging(total=len(self.ids) if self._tells_totals else None))
        for change in next(self._changes, ()):
            self._change(change)
        return answer

    def row(self, row_id):
        """Return a row."""
        return SimpleNamespace(id=row_id)

    def _change(self, change):
        if change < 0:
            self.ids.insert(0 if self._comes_first else len(self.ids), self._next)
            self._next += 1
        elif self.ids:
            self.always.discard(self.ids.pop(change % len(self.ids)))


LOOP = asyncio.Runner()
"""One for all: to make a loop for each of thousands of walks takes longer than they do."""


def walked(server, last_page=1, size=3, most_pages=1_000):
    """Return what a walk sees."""
    return LOOP.run(walk(listing(CATEGORIES), server.page, last_page, size, most_pages))


def seen(server, last_page=1, size=3):
    """Return the ids of what a walk meets."""
    found = walked(server, last_page, size)
    return found.missed.union(found.ids)


def assert_none_is_missed(server, last_page, changes):
    """Hold that a walk meets every row that was there throughout, or says that it cannot be sure."""
    try:
        met = seen(server, last_page)
    except NotWholeError:
        assert changes
    else:
        assert server.always <= met


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 10])
@pytest.mark.parametrize("last_page", [1, 2, 4, 7])
@pytest.mark.parametrize("tells_totals", [True, False])
def test_a_list_that_stands_still_is_seen_whole(count, last_page, tells_totals):
    """Wherever its end is looked for first."""
    server = Server(range(1, count + 1), tells_totals=tells_totals)
    assert list(walked(server, last_page).ids) == list(range(1, count + 1))


def test_it_is_read_from_its_end():
    """One page after another, an empty one first where the last is full; what was passed is read once more."""
    server = Server(range(1, 10))
    assert walked(server, last_page=3).pages == 4
    assert server.asked == [3, 4, 3, 2, 1]
    assert walked(server, last_page=4).requests == 4


@settings(max_examples=2_000, deadline=None)
@given(
    count=st.integers(0, 20),
    last_page=st.integers(1, 8),
    changes=st.lists(st.lists(st.integers(-2, 20), max_size=4), max_size=12),
    tells_totals=st.booleans(),
)
def test_no_row_that_was_there_throughout_is_missed(count, last_page, changes, tells_totals):
    """A walk that cannot be sure of it says so."""
    server = Server(range(1, count + 1), changes, tells_totals=tells_totals)
    assert_none_is_missed(server, last_page, changes)


@pytest.mark.parametrize("ids", [[9, 8, 7, 6, 5, 4], [1, 2, 3, 9, 5, 6, 7]])
def test_a_list_in_another_order_is_read_twice(ids):
    """A new row in its midst might have pushed one to a page that was read already."""
    server = Server(ids)
    found = walked(server)
    assert list(found.ids) == ids
    assert not found.missed
    assert server.asked == [1, 2, 3, 2, 1, 3, 2, 1]


@settings(max_examples=500, deadline=None)
@given(
    count=st.integers(0, 20),
    last_page=st.integers(1, 8),
    at=st.integers(0, 20),
    changes=st.lists(st.integers(-1, 20), max_size=2),
)
def test_a_row_that_comes_first_hides_none(count, last_page, at, changes):
    """The newest first: what one walk misses the other meets, where few rows come and go meanwhile."""
    server = Server(range(count, 0, -1), [*([()] * at), changes], comes_first=True)
    assert_none_is_missed(server, last_page, changes)


def test_what_only_the_first_of_two_walks_met_is_told():
    """It is there, and nobody knows where."""
    server = Server([6, 5, 4, 3, 2, 1], [(), (), (), (), (-1,)], comes_first=True)
    found = walked(server, last_page=3)
    assert (list(found.ids), found.missed) == ([7, 6, 5, 3, 2, 1], {4})


@pytest.mark.parametrize("tells_totals", [True, False])
def test_pages_that_overlap_each_time_are_not_trusted(tells_totals):
    """Equal rows without an order of their own: one is shown twice, and another never."""
    server = Server([7, 6, 5, 4, 3, 2, 1], tells_totals=tells_totals)
    page = server.page

    async def overlapping(call):
        answer = await page(call)
        return (
            msgspec.structs.replace(answer, rows=(server.row(5), *answer.rows[1:]))
            if call.page == 2
            else answer
        )

    server.page = overlapping
    with pytest.raises(NotWholeError):
        walked(server)


def test_a_list_that_changes_too_much_is_not_trusted():
    """Where as many rows differ as a page has."""
    server = Server([6, 5, 4, 3, 2, 1], [(), (), (0, 0, 0)], comes_first=True)
    with pytest.raises(NotWholeError):
        walked(server, last_page=3)


def test_a_server_that_heeds_no_page_is_not_trusted():
    """It would be read without end."""
    with pytest.raises(NotWholeError):
        walked(Server(range(1, 8), heeds_pages=False))


def test_smaller_pages_than_were_asked_for_are_noticed():
    """Where the server tells that there are more."""
    server = Server(range(1, 11), size=2, tells_totals=True)
    assert seen(server, size=100) == set(range(1, 11))


@pytest.mark.parametrize("last_page", [1, 20])
@pytest.mark.parametrize("tells_totals", [True, False])
def test_what_is_too_large_is_found_out_by_a_few_pages(tells_totals, last_page):
    """Then not one more is read."""
    server = Server(range(1, 1_000), tells_totals=tells_totals)
    with pytest.raises(TooLargeError):
        walked(server, last_page, most_pages=50)
    assert len(server.asked) <= (1 if tells_totals else 8)


@pytest.mark.parametrize("count", [150, 151, 160, 200, 380])
@pytest.mark.parametrize("last_page", [1, 49, 50])
def test_what_is_just_too_large_is_not_read_either(count, last_page):
    """Though a leap passed the end."""
    server = Server(range(1, count + 1))
    with pytest.raises(TooLargeError) as raised:
        walked(server, last_page, most_pages=50)
    assert len(server.asked) <= 14
    assert 50 < raised.value.pages <= count // 3 + 1
    assert walked(Server(range(1, 150)), last_page, most_pages=50).pages == 50


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 29, 30, 31, 299, 300])
def test_a_distant_end_is_found_by_leaps(count):
    """And no row is missed."""
    server = Server(range(1, count + 1))
    assert list(walked(server).ids) == list(range(1, count + 1))
    pages = count // 3 + 1
    assert len(server.asked) <= pages + 2 * pages.bit_length() + 1
