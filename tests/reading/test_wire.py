# pyright: basic
"""JSON to rows, in every shape that the documentation leaves possible."""

import logging
from datetime import UTC, datetime

import pytest

from gateway.categories.record import CATEGORIES
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.errors import UnreadableError
from gateway.events.record import EVENTS
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.page_shapes import Paging, read_paging
from gateway.upstream.wire import decode, read_id, read_list, read_row, read_single

NONE = frozenset()


def event(row_id=1, **columns):
    """Return an event as it comes."""
    return {"id": row_id, "event_key": f"e{row_id}", "title": "T", "is_visible": True, **columns}


def participant(**columns):
    """Return a participant as it comes."""
    return {"id": 1, "event_id": 2, "contact_id": 3, "is_confirmed": True, **columns}


LISTS = {
    "a bare array": [event(1), event(2)],
    "data": {"data": [event(1), event(2)]},
    "data with meta": {"data": [event(1), event(2)], "meta": {"request_id": "req_1"}},
    "items in data": {"data": {"items": [event(1), event(2)]}},
    "the resource's name in data": {"data": {"events": [event(1), event(2)], "other": [1]}},
    "some name in data": {"data": {"list": [event(1), event(2)], "count": 2}},
    "data in data": {"data": {"data": [event(1), event(2)], "links": [{"url": None}]}},
    "Laravel's paginator": {
        "current_page": 1,
        "data": [event(1), event(2)],
        "first_page_url": "x",
        "last_page": 1,
        "links": [{"url": None, "label": "1", "active": True}],
        "next_page_url": None,
        "per_page": 100,
        "total": 2,
    },
    "Laravel's paginator in data": {
        "data": {"current_page": 1, "data": [event(1), event(2)], "links": [{"url": None}], "total": 2},
        "meta": {"request_id": "req_1"},
    },
    "items without an envelope": {"items": [event(1), event(2)]},
    "the resource's name without an envelope": {"events": [event(1), event(2)], "meta": {}},
}


@pytest.mark.parametrize("payload", LISTS.values(), ids=LISTS.keys())
def test_lists(payload):
    """The rows are found in each of the usual places."""
    assert [row.id for row in read_list(EVENTS, payload, NONE).rows] == [1, 2]


@pytest.mark.parametrize("payload", [[], {"data": []}, {"data": {}}, {"data": {"items": []}}, {"items": []}])
def test_empty_lists(payload):
    """No rows are no error."""
    assert read_list(EVENTS, payload, NONE).rows == ()


@pytest.mark.parametrize("payload", [{"data": event(7)}, event(7), {"data": {**event(7), "tags": [1]}}])
def test_a_single_row_for_a_list(payload):
    """The samples show a list's `data` as one row."""
    assert [row.id for row in read_list(EVENTS, payload, NONE).rows] == [7]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        1,
        "x",
        True,
        {"data": None},
        {"data": "x"},
        {"data": {"x": 1}},
        {"data": {"a": [], "b": []}},
        [1],
        [None],
    ],
)
def test_what_is_no_list(payload):
    """Where rows cannot be told from anything else, it is unreadable, not empty."""
    with pytest.raises(UnreadableError):
        read_list(EVENTS, payload, NONE)


@pytest.mark.parametrize("payload", [event(7), {"data": event(7)}, {"data": event(7), "meta": {}}])
def test_single_rows(payload):
    """One row comes in an envelope or bare."""
    assert [row.id for row in read_single(EVENTS, payload, NONE).rows] == [7]


@pytest.mark.parametrize(
    "payload", [None, [], "x", {"data": None}, {"data": []}, {"data": [event(7)][:0]}, {}]
)
def test_what_is_no_single_row(payload):
    """Anything else than an object with an id is unreadable."""
    with pytest.raises(UnreadableError):
        read_single(EVENTS, payload, NONE)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b'"\xff"', b"NaN", b"[" * 100_000])
def test_what_is_no_json(body):
    """A body that is not JSON is unreadable, however it fails."""
    with pytest.raises(UnreadableError):
        decode(body)


@pytest.mark.parametrize(
    ("record", "raw", "row_id"),
    [
        (EVENTS, {"id": 5}, 5),
        (EVENTS, {"id": "5"}, 5),
        (EVENTS, {"event_id": 5}, 5),
        (EVENTS, {"id": 5, "event_id": 6}, 5),
        (EVENTS, {"id": None, "event_id": 6}, 6),
        (PARTICIPANTS, {"participant_id": 1, "event_id": 2, "contact_id": 3}, 1),
        (PARTICIPANTS, {"id": 1, "event_id": 2, "contact_id": 3}, 1),
        (CONTACTS, {"contact_id": 4, "category_id": 9}, 4),
        (CATEGORIES, {"category_id": 8, "parent_category_id": 1}, 8),
    ],
)
def test_ids(record, raw, row_id):
    """A row's id stands under `id`, else under its own name."""
    assert read_id(record, raw) == row_id


@pytest.mark.parametrize(
    ("record", "raw"),
    [
        (PARTICIPANTS, {"event_id": 2, "contact_id": 3}),
        (CATEGORIES, {"parent_category_id": 1}),
        (CONTACTS, {"event_id": 1}),
        (EVENTS, {}),
        (EVENTS, {"id": None}),
        (EVENTS, {"id": "x"}),
        (EVENTS, {"id": True}),
        (EVENTS, {"id": 1.5}),
        (EVENTS, {"id": [1]}),
        (EVENTS, {"id": {}}),
    ],
)
def test_no_id(record, raw):
    """Another resource's key is never taken for a row's own."""
    with pytest.raises(UnreadableError):
        read_id(record, raw)


NINE = datetime(2026, 5, 1, 9, 0, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)
SECONDS = int(NINE.timestamp())

MOMENTS = [
    ("2026-05-01T09:00:00+00:00", NINE),
    ("2026-05-01T11:00:00+02:00", NINE),
    ("2026-05-01T09:00:00Z", NINE),
    ("2026-05-01T09:00:00.000000Z", NINE),
    ("2026-05-01T09:00:00", NINE),
    ("2026-05-01 09:00:00", NINE),
    ("2026-05-01T09:00", NINE),
    (SECONDS, NINE),
    (float(SECONDS), NINE),
    (str(SECONDS), NINE),
    (f" {SECONDS} ", NINE),
    ("", None),
    ("  ", None),
    ("0000-00-00 00:00:00", None),
    ("0000-00-00", None),
    (None, None),
]


@pytest.mark.parametrize(("value", "moment"), MOMENTS)
def test_instants(value, moment):
    """Moments are read in each form, text without a zone as UTC."""
    row = read_row(PARTICIPANTS, participant(created_at=value))

    assert row.created_at == moment
    assert row.created_at is None or row.created_at.tzinfo is not None


@pytest.mark.parametrize(("value", "moment"), MOMENTS)
def test_moments_of_events(value, moment):
    """An event's moments are read in the same forms."""
    found = read_row(EVENTS, event(date_from=value)).date_from
    assert (found and datetime.fromisoformat(found)) == moment


def test_a_date_stays_a_date():
    """Where an event's day alone is told, no hour is made up."""
    found = read_row(EVENTS, event(date_from="2026-05-01")).date_from

    assert found == "2026-05-01"


def test_a_date_is_an_instant_where_one_is_wanted():
    """A timestamp of which the day alone is told is the day's beginning."""
    assert read_row(PARTICIPANTS, participant(created_at="2026-05-01")).created_at == MIDNIGHT


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "2026-13-01",
        "01.05.2026",
        "2026-05-01T25:00",
        "1e9",
        True,
        [],
        {},
        10**20,
        "9" * 30,
        -(10**20),
        1e308,
    ],
)
def test_unreadable_moments(value, caplog):
    """A moment that cannot be read is null, and the log names the column, never the value."""
    assert read_row(PARTICIPANTS, participant(created_at=value)).created_at is None
    assert [record.message for record in caplog.records] == [
        "PlanDocket sent an unreadable participants.created_at"
    ]


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        (False, False),
        (1, True),
        (0, False),
        ("1", True),
        ("0", False),
        ("true", True),
        ("false", False),
    ],
)
def test_booleans(value, flag):
    """Booleans are read in each form."""
    assert read_row(PARTICIPANTS, participant(is_confirmed=value)).is_confirmed is flag
    assert read_row(CONTACTS, {"id": 1, "has_account": value}).has_account is flag


@pytest.mark.parametrize("value", ["yes", 2, "", [], {}, -1])
def test_unreadable_booleans(value):
    """What is no boolean is not guessed at."""
    assert read_row(CONTACTS, {"id": 1, "has_account": value}).has_account is None
    with pytest.raises(UnreadableError):
        read_row(PARTICIPANTS, participant(is_confirmed=value))


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3), ("3", 3), (" 3 ", 3), (None, None), ("x", None), (2.5, None)]
)
def test_integers(value, number):
    """Integers are read from numbers and from text."""
    assert read_row(CONTACTS, {"id": 1, "rating": value}).rating == number


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), ("", ""), (4109, "4109"), (None, None), (True, None), ([], None)]
)
def test_texts(value, text):
    """Texts are read as they are; a number where a text is due is its digits."""
    assert read_row(CONTACTS, {"id": 1, "postal_code": value}).postal_code == text


@pytest.mark.parametrize(
    ("value", "keys"),
    [(["a", "b"], ("a", "b")), ([], ()), (None, None), ("a", None), ([None], None), ({}, None)],
)
def test_lists_of_keys(value, keys):
    """A list of keys is one, or null."""
    assert read_row(CATEGORIES, {"id": 1, "title": "T", "event_keys": value}).event_keys == keys


def test_an_unreadable_column_costs_only_itself(caplog):
    """One odd value is null with a warning that tells the column and nothing of the row."""
    caplog.set_level(logging.DEBUG)
    row = read_row(CONTACTS, {"id": 1, "rating": "canary-value", "email": "ada@example.org"})

    assert (row.rating, row.email) == (None, "ada@example.org")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "PlanDocket sent an unreadable contacts.rating")
    ]


@pytest.mark.parametrize(
    ("record", "column"),
    [
        (PARTICIPANTS, "event_id"),
        (PARTICIPANTS, "contact_id"),
        (PARTICIPANTS, "is_confirmed"),
        (EVENTS, "event_key"),
        (EVENTS, "title"),
        (EVENTS, "is_visible"),
        (CATEGORIES, "title"),
    ],
)
@pytest.mark.parametrize("how", ["missing", "null", "unreadable"])
def test_what_is_never_null(record, column, how):
    """A row without one of these is unreadable, and the message names the column only."""
    raw = {**event(), **participant(), "title": "canary"}
    del raw[column]
    if how != "missing":
        raw[column] = None if how == "null" else {"canary": 1}
    with pytest.raises(UnreadableError, match=column) as caught:
        read_row(record, raw)

    assert "canary" not in str(caught.value)


def test_what_may_be_missing():
    """Every other column may be left out."""
    assert read_row(CONTACTS, {"id": 1}).email is None


def test_unknown_columns_are_passed_over():
    """A column PlanDocket adds one day changes nothing."""
    assert read_row(EVENTS, event(brand_new={"x": 1})).id == 1


def whole_contact(**columns):
    """Return a contact with every column."""
    names = CONTACTS.row.__struct_fields__
    return {**dict.fromkeys(names), "id": 3, **columns}


def test_embedded_rows():
    """A whole row embedded is a row of its own, and the link names it."""
    raw = participant(contact=whole_contact(email="ada@example.org"))
    answer = read_list(PARTICIPANTS, [raw], frozenset({"contact"}))

    assert answer.links == {"contact": {1: 3}}
    [contact] = answer.embedded[ContactRow].values()
    assert isinstance(contact, ContactRow)
    assert (contact.id, contact.email) == (3, "ada@example.org")


def test_excerpts():
    """An embedded row that lacks a column gives its id and no row."""
    raw = participant(contact={"id": 3, "email": "ada@example.org"})
    answer = read_list(PARTICIPANTS, [raw], frozenset({"contact"}))

    assert answer.links == {"contact": {1: 3}}
    assert answer.embedded == {}


@pytest.mark.parametrize("value", [None, [], {}, False])
def test_nothing_embedded(value):
    """A relation that leads nowhere is told as such."""
    answer = read_list(PARTICIPANTS, [participant(category=value)], frozenset({"category"}))

    assert answer.links == {"category": {1: None}}


def test_an_ignored_include():
    """An include that no row shows was ignored: it is missing among the links."""
    answer = read_list(PARTICIPANTS, [participant(contact=None)], frozenset({"category", "contact"}))

    assert answer.links == {"contact": {1: None}}


def test_lists_embedded():
    """A to-many relation gives ids in order, null being none."""
    raws = [{"id": 1, "events": [event(5), event(4)]}, {"id": 2, "events": None}, {"id": 6, "events": []}]
    answer = read_list(CONTACTS, raws, frozenset({"events"}))

    assert answer.links == {"events": {1: (5, 4), 2: (), 6: ()}}


def test_values_embedded():
    """A plain value comes as it is, zero too."""
    raws = [
        event(1, participant_count=0, opening_hours=[]),
        event(2, participant_count=7, opening_hours=None),
    ]
    answer = read_list(EVENTS, raws, frozenset({"participant_count", "opening_hours"}))

    assert answer.links == {"participant_count": {1: 0, 2: 7}, "opening_hours": {1: [], 2: None}}


@pytest.mark.parametrize("value", ["canary", 7, [1]])
def test_unreadable_embeds(value):
    """What is no embedded row is unreadable, without its content in the message."""
    with pytest.raises(UnreadableError) as caught:
        read_list(PARTICIPANTS, [participant(contact=value)], frozenset({"contact"}))

    assert "canary" not in str(caught.value)


PAGINGS = {
    "nothing": ({}, Paging()),
    "a request id": ({"meta": {"request_id": "req_1"}}, Paging()),
    "meta": (
        {"meta": {"current_page": 1, "per_page": 2, "last_page": 3, "total": 5}},
        Paging(total=5, more=True, size=2),
    ),
    "meta at the end": (
        {"meta": {"current_page": 3, "per_page": 2, "last_page": 3, "total": 5}},
        Paging(total=5, more=False, size=2),
    ),
    "meta under other names": (
        {"meta": {"page": 1, "page_size": 2, "total_pages": 3, "total_count": 5}},
        Paging(total=5, more=True, size=2),
    ),
    "meta.pagination": (
        {"meta": {"pagination": {"current_page": 1, "per_page": 2, "total_pages": 3, "total": 5}}},
        Paging(total=5, more=True, size=2),
    ),
    "pagination": (
        {"pagination": {"page": 3, "limit": 2, "page_count": 3, "total_items": 5}},
        Paging(total=5, more=False, size=2),
    ),
    "a total alone": ({"meta": {"total": 2}}, Paging(total=2, more=False)),
    "a larger total alone": ({"total": 5}, Paging(total=5)),
    "links.next": ({"links": {"next": "/api/v1/events?page=2"}}, Paging(more=True)),
    "links.next null": ({"links": {"next": None}}, Paging(more=False)),
    "meta.links.next": ({"meta": {"links": {"next": "x"}}}, Paging(more=True)),
    "next_page_url": ({"next_page_url": "x"}, Paging(more=True)),
    "next_page_url null": ({"next_page_url": None}, Paging(more=False)),
    "has_more": ({"has_more": True}, Paging(more=True)),
    "has_more false": ({"meta": {"has_more": False}}, Paging(more=False)),
    "links that are a list": ({"links": [{"url": None}]}, Paging()),
    "odd values": ({"meta": {"total": "five", "per_page": True, "current_page": None}}, Paging()),
}


@pytest.mark.parametrize(("around", "paging"), PAGINGS.values(), ids=PAGINGS.keys())
def test_paging(around, paging):
    """What is told beside two rows about their list."""
    assert read_paging({"data": [{}, {}], **around}, [{}, {}], 2) == paging


def test_paging_of_a_bare_array():
    """An array tells nothing but itself."""
    assert read_paging([{}, {}], [{}, {}], 2) == Paging()


def test_paging_inside_data():
    """A paginator in the envelope's `data` tells it there."""
    data = {"current_page": 1, "data": [{}, {}], "last_page": 2, "per_page": 2, "total": 4}

    assert read_paging({"data": data}, data, 2) == Paging(total=4, more=True, size=2)


def test_numbers_in_text():
    """Totals are read from text as ids and ratings are."""
    around = {"meta": {"total": "5", "per_page": "2"}}

    assert read_paging({"data": [{}, {}], **around}, [{}, {}], 2) == Paging(total=5, size=2)
