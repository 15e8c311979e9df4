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
from gateway.upstream.wire.flaws import Flaw, Reason
from gateway.upstream.wire.json_bounds import decode
from gateway.upstream.wire.json_rows import read_id, read_list, read_single
from gateway.upstream.wire.page_shapes import Paging, read_paging

NONE = frozenset()


def event(row_id=1, **columns):
    """Return an event as it comes."""
    return {"id": row_id, "event_key": f"e{row_id}", "title": "T", "is_visible": True, **columns}


def participant(**columns):
    """Return a participant as it comes."""
    return {"id": 1, "event_id": 2, "contact_id": 3, "is_confirmed": True, **columns}


def read_row(record, raw):
    """Return a row that is read alone."""
    [row] = read_single(record, raw, NONE).rows
    return row


def flaws_of(record, raw):
    """Return what is wrong with a row, by its columns, as far as callers are told."""
    found = read_single(record, raw, NONE).flaws.get((record.path, raw.get("id")), ())
    return {flaw.column: flaw.reason for flaw in found if flaw.is_told}


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
    "by index": {"0": event(1), "2": event(2)},
    "by index in data": {"data": {"0": event(1), "2": event(2)}, "meta": {"total": 2}},
    "by id": {"data": {"17": event(1), "3": event(2)}},
    "by index under a name": {"data": {"events": {"1": event(1), "5": event(2)}}},
    "data in data in data": {"data": {"data": {"data": {"1": event(1), "2": event(2)}}}},
    "rows in envelopes": {"data": [{"data": event(1)}, {"event": event(2)}]},
    "columns' names beside the rows": {"data": [event(1), event(2)], "title": "Events", "country": "DE"},
    "an id beside the rows": {"id": "req_1", "data": [event(1), event(2)]},
    "rows given twice": {"data": [event(1), event(2), event(1), event(2)]},
}


@pytest.mark.parametrize("payload", LISTS.values(), ids=LISTS.keys())
def test_lists(payload):
    """The rows are found in each of the usual places."""
    assert [row.id for row in read_list(EVENTS, payload, NONE).rows] == [1, 2]


@pytest.mark.parametrize(
    "payload",
    [[], {}, {"data": []}, {"data": {}}, {"data": {"items": []}}, {"items": []}, {"data": {"data": {}}}],
)
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
        {"error": "No."},
        {"errors": ["No."]},
        {"errors": {"email": ["No."]}},
        {"errors": [{"status": "403", "detail": "No."}]},
        {"data": {"x": {"0": 1}}},
        [1],
        [None],
    ],
)
def test_what_is_no_list(payload):
    """Where rows cannot be told from anything else, it is unreadable, not empty."""
    with pytest.raises(UnreadableError):
        read_list(EVENTS, payload, NONE)


@pytest.mark.parametrize(
    "payload",
    [
        event(7),
        {"data": event(7)},
        {"data": event(7), "meta": {}},
        {"data": {"data": event(7)}},
        {"data": {"event": event(7)}},
        {"data": [event(7)]},
        event(7, data={"new": "column"}),
    ],
)
def test_single_rows(payload):
    """One row comes in an envelope or bare."""
    assert [row.id for row in read_single(EVENTS, payload, NONE).rows] == [7]


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "x",
        {"data": None},
        {"data": []},
        {},
        {"data": [event(7), event(8)]},
        {"data": {"title": "T"}},
    ],
)
def test_what_is_no_single_row(payload):
    """Anything else than one object with an id is unreadable."""
    with pytest.raises(UnreadableError):
        read_single(EVENTS, payload, NONE)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff", b'"\xff"', b"NaN", b"[" * 100_000])
def test_what_is_no_json(body):
    """A body that is not JSON is unreadable, however it fails."""
    with pytest.raises(UnreadableError):
        decode(body)


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff", "\ufeff\n\ufeff "])
def test_byte_order_marks(mark):
    """Each file of PHP's that was saved with one writes it before the JSON."""
    assert decode(f'{mark}{{"data": []}}'.encode()) == {"data": []}


@pytest.mark.parametrize(
    ("record", "raw", "row_id"),
    [
        (EVENTS, {"id": 5}, 5),
        (EVENTS, {"id": "5"}, 5),
        (EVENTS, {"event_id": 5}, 5),
        (EVENTS, {"id": 5, "event_id": 6}, 5),
        (EVENTS, {"id": None, "event_id": 6}, 6),
        (EVENTS, {"id": 5.0}, 5),
        (EVENTS, {"id": " 5 "}, 5),
        (EVENTS, {"id": "0005"}, 5),
        (EVENTS, {"id": 0, "event_id": 6}, 6),
        (EVENTS, {"id": 2**31 - 1}, 2**31 - 1),
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
        (EVENTS, {"id": 0}),
        (EVENTS, {"id": -1}),
        (EVENTS, {"id": 2**31}),
        (EVENTS, {"id": str(2**31)}),
        (EVENTS, {"id": "1_0"}),
        (EVENTS, {"id": [1]}),
        (EVENTS, {"id": {}}),
    ],
)
def test_no_id(record, raw):
    """Another resource's key is never taken for a row's own, and keys count from 1 to what GraphQL can hold."""
    with pytest.raises(ValueError, match="id"):
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
    (SECONDS * 1000, NINE),
    (str(SECONDS * 1000), NINE),
    (SECONDS * 1_000_000, NINE),
    (f"{SECONDS}.000", NINE),
    ("20260501090000", NINE),
    (20260501090000, NINE),
    ("2026-05-01T09:00:00+0000", NINE),
    ({"date": "2026-05-01 09:00:00.000000", "timezone_type": 3, "timezone": "UTC"}, NINE),
    ({"date": "2026-05-01 11:00:00.000000", "timezone_type": 3, "timezone": "Europe/Berlin"}, NINE),
    ({"date": "2026-05-01 11:00:00.000000", "timezone_type": 1, "timezone": "+02:00"}, NINE),
    (0, None),
    ("0", None),
    (0.0, None),
    ("null", None),
    ("-0001-11-30T00:00:00+00:00", None),
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
        "2026-02-30",
        "2026-02-30T09:00:00+00:00",
        "2026-05-01T99:99:99+00:00",
        "0000-01-01",
        {"date": "2026-05-01 09:00:00", "timezone": "Atlantis"},
        {"date": "2026-05-01 09:00:00"},
        -(10**20),
        1e308,
    ],
)
def test_unreadable_moments(value, caplog):
    """A moment that cannot be read is null, and the log names the column, never the value."""
    assert read_row(PARTICIPANTS, participant(created_at=value)).created_at is None
    assert [record.message for record in caplog.records] == [
        "PlanDocket sent an unreadable participants.created_at in 1 of its rows (ids: 1)"
    ]
    raw = event(date_from=value)
    assert read_row(EVENTS, raw).date_from is None
    assert flaws_of(EVENTS, raw) == {"date_from": Reason.UNREADABLE}


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
        (1.0, True),
        (0.0, False),
        ("TRUE", True),
        ("False", False),
        (" 1 ", True),
        ("yes", True),
        ("No", False),
        ("on", True),
        ("OFF", False),
        ("Y", True),
        ("n", False),
        ("t", True),
        ("F", False),
        ("\u0001", True),
        ("\u0000", False),
        ("", False),
    ],
)
def test_booleans(value, flag):
    """Booleans are read in each form."""
    assert read_row(PARTICIPANTS, participant(is_confirmed=value)).is_confirmed is flag
    assert read_row(CONTACTS, {"id": 1, "has_account": value}).has_account is flag


@pytest.mark.parametrize("value", ["maybe", 2, [], {}, -1, 0.5, "10"])
def test_unreadable_booleans(value):
    """What is no boolean is not guessed at: null, or where that is none, false and told."""
    assert read_row(CONTACTS, {"id": 1, "has_account": value}).has_account is None
    raw = participant(is_confirmed=value)
    assert read_row(PARTICIPANTS, raw).is_confirmed is False
    assert flaws_of(PARTICIPANTS, raw) == {"is_confirmed": Reason.UNREADABLE}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        ("3", 3),
        (" 3 ", 3),
        (83.0, 83),
        ("83.0", 83),
        ("+3", 3),
        ("003", 3),
        ("x", None),
        (2.5, None),
        ("2.5", None),
        (True, None),
        (2**31, None),
        (str(2**31), None),
        (1e300, None),
        ("1_0", None),
        ("٣", None),
    ],
)
def test_integers(value, number):
    """Integers are read from numbers and from text; what is none is null, and told."""
    raw = {"id": 1, "rating": value}
    assert read_row(CONTACTS, raw).rating == number
    assert ("rating" in flaws_of(CONTACTS, raw)) is (number is None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (4109, "4109"),
        (4109.0, "4109"),
        (0.5, "0.5"),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_texts(value, text):
    """Texts are read as they are; a number where a text is due is its digits."""
    assert read_row(CONTACTS, {"id": 1, "postal_code": value}).postal_code == text


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (["a", "b"], ("a", "b")),
        ([], ()),
        (None, None),
        ("a", ("a",)),
        ("a, b", ("a", "b")),
        ("", ()),
        ('["a", "b"]', ("a", "b")),
        ("null", None),
        ([None, "", "a"], ("a",)),
        ([2027], ("2027",)),
        ({}, ()),
        ({"0": "a", "2": "b"}, ("a", "b")),
    ],
)
def test_lists_of_keys(value, keys):
    """A list of keys is one, or null."""
    assert read_row(CATEGORIES, {"id": 1, "title": "T", "event_keys": value}).event_keys == keys


@pytest.mark.parametrize("value", [7, True, {"a": 1}, [["a"]], [{"key": "a"}], '["a"', "{}"])
def test_unreadable_lists_of_keys(value):
    """They restrict, so what cannot be read must not look like null, which is no restriction."""
    raw = {"id": 1, "title": "T", "event_keys": value}
    assert read_row(CATEGORIES, raw).event_keys == ()
    assert flaws_of(CATEGORIES, raw) == {"event_keys": Reason.UNREADABLE}


def test_an_unreadable_column_costs_only_itself(caplog):
    """One odd value is null with a warning that tells the column and nothing of the row."""
    caplog.set_level(logging.DEBUG)
    row = read_row(CONTACTS, {"id": 1, "rating": "canary-value", "email": "ada@example.org"})

    assert (row.rating, row.email) == (None, "ada@example.org")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("WARNING", "PlanDocket sent an unreadable contacts.rating in 1 of its rows (ids: 1)")
    ]


@pytest.mark.parametrize(
    ("record", "column", "value"),
    [
        (PARTICIPANTS, "is_confirmed", False),
        (EVENTS, "event_key", ""),
        (EVENTS, "title", ""),
        (EVENTS, "is_visible", False),
        (CATEGORIES, "title", ""),
    ],
)
@pytest.mark.parametrize("how", ["missing", "null", "unreadable"])
def test_what_is_never_null(record, column, value, how, caplog):
    """Something stands in for it, and that is told; the log names the column only."""
    raw = {
        **event(),
        **participant(),
        "title": "canary",
        column: {"canary": 1} if how == "unreadable" else None,
    }
    if how == "missing":
        del raw[column]

    assert getattr(read_row(record, raw), column) == value
    assert flaws_of(record, raw).keys() == {column}
    assert "canary" not in caplog.text
    assert column in caplog.text


@pytest.mark.parametrize(
    ("record", "column", "value"),
    [
        (EVENTS, "country", "DE"),
        (CONTACTS, "rating", 3),
        (CATEGORIES, "is_visible", True),
        (CATEGORIES, "applicant_visibility", "selectable"),
        (CATEGORIES, "account_access_enabled", True),
        (CATEGORIES, "sort_order", 0),
    ],
)
def test_documented_defaults(record, column, value):
    """What is null or missing is what PlanDocket documents for it, and no flaw; what cannot be read is null and one."""
    raw = {**event(), "title": "T"}
    for given in ({}, {column: None}):
        assert getattr(read_row(record, raw | given), column) == value
        assert flaws_of(record, raw | given) == {}
    assert getattr(read_row(record, raw | {column: [[]]}), column) is None
    assert flaws_of(record, raw | {column: [[]]}) == {column: Reason.UNREADABLE}


@pytest.mark.parametrize("column", ["event_id", "contact_id"])
def test_foreign_keys(column):
    """None leads nowhere, which is no flaw; one that cannot be read does neither, and is."""
    for value in (None, "", 0, "0"):
        raw = participant(**{column: value})
        assert not getattr(read_row(PARTICIPANTS, raw), column)
        assert flaws_of(PARTICIPANTS, raw) == {}
    raw = participant(**{column: 2**31})
    assert getattr(read_row(PARTICIPANTS, raw), column) is None
    assert flaws_of(PARTICIPANTS, raw) == {column: Reason.UNREADABLE}


UNREADABLE_ROWS = {
    "no id": ({"title": "T"}, None),
    "an id beyond 2^31": (event(2**31), 2**31),
    "the same as text": ({**event(), "id": str(2**31)}, 2**31),
    "an id beyond any": (event(2**70), None),
    "an id of 0": (event(0), 0),
    "no object": (7, None),
    "null": (None, None),
    "a list": ([event(8), event(9)], None),
}


@pytest.mark.parametrize(("raw", "row_id"), UNREADABLE_ROWS.values(), ids=UNREADABLE_ROWS.keys())
def test_a_row_that_cannot_be_read_loses_itself(raw, row_id, caplog):
    """It is left out, its place is known, and it is named in the answer and the log."""
    answer = read_list(EVENTS, {"data": [event(1), raw, event(2)]}, NONE)

    assert [row.id for row in answer.rows] == [1, 2]
    assert (answer.left_out, answer.count) == ((1,), 3)
    assert answer.flaws[("events", row_id)] == (Flaw("id", Reason.UNREADABLE),)
    assert len(caplog.records) == 1


def test_one_line_in_the_log_for_a_column(caplog):
    """However many rows have it: with how many they are, and the first ids."""
    read_list(EVENTS, [event(i, date_from="soon") for i in range(1, 101)], NONE)

    assert [record.message for record in caplog.records] == [
        "PlanDocket sent an unreadable events.date_from in 100 of its rows (ids: 1, 2, 3, 4, 5, …)"
    ]


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


@pytest.mark.parametrize("value", [None, [], {}, False, "", 0, "0", {"data": None}, {"data": []}])
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


@pytest.mark.parametrize(
    "wrap", [lambda row: {"data": row}, lambda row: [row], lambda row: {"category": row}]
)
def test_embedded_rows_in_envelopes(wrap):
    """Single rows and lists of them are taken out of what is around them."""
    include = frozenset({"category", "contact"})
    raw = participant(category=wrap({"id": 8}), contact={"data": whole_contact()})
    assert read_list(PARTICIPANTS, [raw], include).links == {"category": {1: 8}, "contact": {1: 3}}

    for events in (
        {"data": [event(5), event(4)]},
        {"0": event(5), "7": event(4)},
        [{"data": event(5)}, event(4), event(5)],
    ):
        assert read_list(CONTACTS, [{"id": 1, "events": events}], frozenset({"events"})).links == {
            "events": {1: (5, 4)}
        }


@pytest.mark.parametrize("value", ["canary", 7, [1], {"title": "canary"}, {"id": 2**31}])
def test_unreadable_embeds(value, caplog):
    """What is no embedded row leads nowhere, and that is told; the row it stands in stays, and so do its neighbours."""
    include = frozenset({"category"})
    answer = read_list(
        PARTICIPANTS, [participant(category=value), participant(id=2, category={"id": 8})], include
    )

    assert answer.links == {"category": {1: None, 2: 8}}
    assert answer.flaws[("participants", 1)][-1] == Flaw("category", Reason.UNREADABLE)
    assert "canary" not in caplog.text


def test_an_unreadable_one_of_many():
    """It costs itself, not the others in its list."""
    answer = read_list(
        CONTACTS, [{"id": 1, "events": [event(5), {"title": "T"}, event(4)]}], frozenset({"events"})
    )

    assert answer.links == {"events": {1: (5, 4)}}
    assert answer.flaws[("contacts", 1)][-1] == Flaw("events", Reason.UNREADABLE)


@pytest.mark.parametrize(
    ("value", "count"),
    [("7", 7), (7.0, 7), ({"count": 7}, 7), ("", None), (None, None), ("many", None), (-1, None), ([], None)],
)
def test_counts(value, count):
    """A number of participants is one, or null."""
    answer = read_list(EVENTS, [event(participant_count=value)], frozenset({"participant_count"}))

    assert answer.links == {"participant_count": {1: count}}


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
    "a total below the rows": ({"meta": {"total": 1}}, Paging()),
    "a total of nothing": ({"meta": {"total": 0, "current_page": 1, "last_page": 2}}, Paging(more=True)),
    "a negative total": ({"meta": {"total": -1, "per_page": -1}}, Paging()),
    "pages of no rows": ({"meta": {"per_page": 0}}, Paging()),
    "whole floats": (
        {"meta": {"total": 5.0, "per_page": 2.0, "page": 1.0, "last_page": "3"}},
        Paging(5, True, 2),
    ),
    "a page behind the last": ({"meta": {"current_page": 1, "last_page": 0}}, Paging()),
    "has_more as a text": ({"has_more": "false"}, Paging(more=False)),
    "has_more as 0": ({"has_more": "0"}, Paging(more=False)),
    "has_more as null": ({"has_more": None, "meta": {"total": 2}}, Paging(total=2, more=False)),
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
