# pyright: basic
"""Which requests answer what is wanted: the plan's own facts, and what following it costs at the most."""

from math import ceil

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.mirror.answers.plan import Way, after_first_list, lists_by_filter, pages_of, rows_by_id

QUIET = settings(derandomize=True, deadline=None, max_examples=250, database=None)


def test_nothing_missing_costs_nothing():
    """One request for each of no rows."""
    assert rows_by_id(0, pages_left=None) is Way.EACH
    assert rows_by_id(0, pages_left=3) is Way.EACH


def test_one_row_is_read_alone():
    """However small the collection."""
    assert rows_by_id(1, pages_left=1) is Way.EACH
    assert rows_by_id(1, pages_left=None) is Way.EACH


def test_rows_are_scanned_where_the_pages_are_no_more_than_the_rows():
    """Of two equally dear ways the walk also tells the rest."""
    assert rows_by_id(3, pages_left=3) is Way.SCAN
    assert rows_by_id(60, pages_left=3) is Way.SCAN
    assert rows_by_id(3, pages_left=4) is Way.EACH


def test_a_collection_read_to_its_end_is_not_scanned_again():
    """What it does not hold is asked for by id: the list may lag behind."""
    assert rows_by_id(60, pages_left=0) is Way.EACH


def test_a_page_shows_the_size_where_many_rows_are_missing():
    """Two rows are not worth it, three are."""
    assert rows_by_id(2, pages_left=None) is Way.EACH
    assert rows_by_id(3, pages_left=None) is Way.PAGE


def test_pages_of_unknown_number_end_with_the_rows():
    """No more pages are read than rows are missing."""
    assert rows_by_id(5, pages_left=None, pages_read=4) is Way.PAGE
    assert rows_by_id(5, pages_left=None, pages_read=5) is Way.EACH


def test_lists_come_out_of_a_wider_one_with_fewer_pages():
    """At as many pages as lists, each list is as cheap and tells less than nothing too much."""
    assert lists_by_filter(12, pages=11, tells_totals=True, affordable=25) is Way.SCAN
    assert lists_by_filter(12, pages=12, tells_totals=True, affordable=25) is Way.EACH
    assert lists_by_filter(12, pages=0, tells_totals=True, affordable=25) is Way.SCAN


def test_two_lists_are_not_worth_a_look():
    """Where the wider list's size is unknown."""
    assert lists_by_filter(2, pages=None, tells_totals=True, affordable=25) is Way.EACH
    assert lists_by_filter(2, pages=None, tells_totals=False, affordable=25) is Way.EACH


def test_the_first_list_hints_where_totals_are_told():
    """Else only the wider list's first page does."""
    assert lists_by_filter(3, pages=None, tells_totals=True, affordable=25) is Way.FIRST
    assert lists_by_filter(3, pages=None, tells_totals=False, affordable=25) is Way.PAGE


def test_more_lists_than_affordable_are_tried_as_a_walk():
    """One for each cannot end; a walk may."""
    assert lists_by_filter(30, pages=None, tells_totals=True, affordable=25) is Way.SCAN


def test_the_first_lists_total_decides():
    """1,536 rows are 16 pages for 11 lists left; 120 rows are two."""
    assert after_first_list(128, 12, 100) is Way.EACH
    assert after_first_list(10, 12, 100) is Way.PAGE
    assert after_first_list(None, 12, 100) is Way.EACH


def test_pages_of_a_list():
    """An empty list has one page too: to see that it is empty costs a request."""
    assert [pages_of(total, 100) for total in (0, 1, 100, 101, 1500)] == [1, 1, 1, 2, 15]


def follow_by_id(wanted, rows, size, *, totals, is_seen):
    """Return the requests that rows at these positions of a collection cost; those behind its end are not there."""
    pages = ceil(rows / size) or 1
    if not totals and rows % size == 0 and rows:
        pages += 1  # a full last page looks as if more followed
    left, read, missing = (pages if is_seen else None), 0, set(wanted)
    while True:
        match rows_by_id(len(missing), pages_left=left, pages_read=read):
            case Way.SCAN:
                return pages + sum(position >= rows for position in missing)
            case Way.PAGE:
                read += 1
                missing -= set(range((read - 1) * size, read * size)) & set(range(rows))
                left = pages - read if totals or read == pages else None
            case _:
                return read + len(missing)


@QUIET
@given(
    st.integers(0, 400),
    st.integers(1, 40),
    st.sets(st.integers(0, 450), max_size=60),
    st.booleans(),
    st.booleans(),
)
@example(300, 100, set(range(0, 300, 5)), True, False)
@example(300, 100, {297, 298, 299}, False, False)
def test_rows_never_cost_more_than_twice_the_single_reads(rows, size, wanted, totals, is_seen):
    """And, where totals are told, at most one more than the cheaper of single reads and a walk."""
    there = {position for position in wanted if position < rows}
    cost = follow_by_id(there, rows, size, totals=totals, is_seen=is_seen)

    assert cost <= 2 * len(there)
    if totals or is_seen:
        scan = max(1, ceil(rows / size)) + (not totals and rows > 0 and rows % size == 0)
        assert cost <= min(len(there), scan) + (not is_seen)


@QUIET
@given(
    st.integers(0, 400),
    st.integers(1, 40),
    st.sets(st.integers(0, 450), min_size=1, max_size=60),
    st.booleans(),
)
def test_rows_that_are_not_there_cost_a_walk_more_at_the_most(rows, size, wanted, totals):
    """A walk does not find them, so each is asked for as well; the page that told the size is one more."""
    assert follow_by_id(wanted, rows, size, totals=totals, is_seen=False) <= 2 * len(wanted) + totals


def follow_lists(totals_of_lists, others, size, *, totals, seen):
    """Return the requests that these lists cost, when a wider one holds them and `others` rows besides."""
    lists, rows = len(totals_of_lists), sum(totals_of_lists) + others
    pages = pages_of(rows, size)
    way = lists_by_filter(lists, pages=pages if seen else None, tells_totals=totals, affordable=1000)
    cost = 0
    if way is Way.FIRST:
        cost, lists = 1, lists - 1
        way = after_first_list(totals_of_lists[0], len(totals_of_lists), size)
    if way is Way.PAGE:
        left = pages - 1 if totals or rows < size else None
        way = Way.SCAN if left is not None and left < len(totals_of_lists) else Way.EACH
        cost += way is Way.EACH
    return cost + (pages if way is Way.SCAN else lists)


@QUIET
@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=40),
    st.integers(0, 500),
    st.integers(1, 100),
    st.booleans(),
    st.booleans(),
)
@example([128, 96, 141, 110, 165, 103, 134, 118, 150, 92, 137, 126], 0, 100, True, False)
@example([1] * 20, 0, 100, True, False)
def test_lists_never_cost_more_than_twice_one_for_each(lengths, others, size, totals, seen):
    """Only one more where totals are told; the cheapest where the wider list's size is known."""
    cost = follow_lists(lengths, others, size, totals=totals, seen=seen)

    assert cost <= 2 * len(lengths)
    if seen:
        assert cost == min(len(lengths), pages_of(sum(lengths) + others, size))
    assert cost <= len(lengths) + 1
