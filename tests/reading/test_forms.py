# pyright: basic
"""Whatever mixture of the known forms PlanDocket answers in, it reads as the plain form does."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.categories.record import CATEGORIES
from gateway.contacts.record import CONTACTS
from gateway.events.record import EVENTS
from gateway.participants.record import PARTICIPANTS
from gateway.upstream.record import Many, One
from gateway.upstream.wire.cell_forms import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    ID,
    INSTANT,
    INTEGER,
    KEYS,
    KINDS,
    MOMENT,
    NO,
    TEXT,
    YES,
)
from gateway.upstream.wire.columns import columns, kind_of
from gateway.upstream.wire.envelopes import AROUND_LISTS, AROUND_ROWS
from gateway.upstream.wire.json_bounds import decode
from gateway.upstream.wire.json_rows import read_list
from gateway.upstream.wire.usual_dialect import read_fast

RECORDS = {record.path: record for record in (PARTICIPANTS, EVENTS, CONTACTS, CATEGORIES)}
NOT_SO = object()  # a value that has no such form

# The plain values.

LARGEST = 2**31 - 1
START = datetime(2001, 9, 10, tzinfo=UTC)  # from here on milliseconds have more digits than seconds
ids = st.integers(1, LARGEST)
instants = st.integers(0, 4 * 10**9).map(lambda s: (START + timedelta(seconds=s)).isoformat())
days = st.dates(date(2001, 9, 10), date(2200, 1, 1)).map(date.isoformat)
keys = st.text("abcxyz-0123456789", min_size=1, max_size=8)
PLAIN = {
    ID: ids,
    INTEGER: st.integers(-LARGEST - 1, LARGEST),
    COUNT: st.integers(0, LARGEST),
    BOOLEAN: st.booleans(),
    TEXT: st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12) | keys,
    MOMENT: instants | days,
    INSTANT: instants,
    KEYS: st.lists(keys, max_size=4),
    ANYTHING: st.sampled_from([[], {}, {"url": "x"}, "x", 7, 0.5, False]),
}


# How each is written in each form: a writer for every line of the table.


def when(*values, write):
    """Return a writer for some values only."""
    return lambda value: write(value) if value in values else NOT_SO


def unless_null(write):
    """Return a writer for all values but null."""
    return lambda value: NOT_SO if value is None else write(value)


def as_text(value):
    """Return a text's number, where the text is just that."""
    return int(value) if value.isdecimal() and value.isascii() and str(int(value)) == value else NOT_SO


def as_float(value):
    """Return the same as a whole float."""
    number = as_text(value)
    return NOT_SO if number is NOT_SO else float(value)


def in_unix(unit, kind):
    """Return a writer of instants that counts these units."""

    def write(value):
        found = datetime.fromisoformat(value)
        return NOT_SO if len(value) == 10 or found.timestamp() == 0 else kind(found.timestamp() * unit)

    return unless_null(write)


def in_php(zone):
    """Return a writer of what json_encode makes of a DateTime in this zone."""

    def write(value):
        local = datetime.fromisoformat(value).astimezone(ZoneInfo(zone))
        text = f"{local:%Y-%m-%d %H:%M:%S}.000000"
        return NOT_SO if len(value) == 10 else {"date": text, "timezone_type": 3, "timezone": zone}

    return unless_null(write)


def in_digits(value):
    """Return MySQL's digits."""
    return value.replace("-", "") if len(value) == 10 else f"{datetime.fromisoformat(value):%Y%m%d%H%M%S}"


null = when(None, write=lambda _: None)
null_text = when(None, write=lambda _: " NULL ")
WHOLE = {
    "a number": unless_null(int),
    "a whole float": unless_null(float),
    "digits": unless_null(lambda value: f" {value}.00 "),
    "null": null,
    "an empty text, or null as text": when(None, write=lambda _: " "),
}
TIMES = {
    "ISO 8601, or MySQL's text": unless_null(lambda value: value.replace("T", " ").removesuffix("+00:00")),
    "unix seconds, milliseconds or microseconds": in_unix(1000, int),
    "the same with a fraction": in_unix(1, float),
    "the same as text": in_unix(1000, lambda value: f" {value:.0f} "),
    "MySQL's digits as text": unless_null(in_digits),
    "MySQL's digits": unless_null(lambda value: int(in_digits(value))),
    "PHP's DateTime": in_php("UTC"),
    "a zero date": when(None, write=lambda _: "0000-00-00 00:00:00"),
    "null": null,
    "an empty text, or null as text": null_text,
}
WRITERS = {
    ID: {name: WHOLE[name] for name in ("a number", "a whole float", "digits")},
    INTEGER: WHOLE,
    COUNT: {**WHOLE, "an object that counts": unless_null(lambda value: {"count": str(value)})},
    BOOLEAN: {
        "a boolean": unless_null(bool),
        "a number": unless_null(int),
        "a float": unless_null(float),
        "a word": unless_null(lambda value: sorted(YES if value else NO)),
        "null": null,
        "null as text": null_text,
    },
    TEXT: {
        "a text": unless_null(str),
        "a number": unless_null(as_text),
        "a float": unless_null(as_float),
        "null": null,
    },
    KEYS: {
        "a list": unless_null(lambda value: ["", *value, None]),
        "a list by index": unless_null(lambda value: {str(2 * i): key for i, key in enumerate(value)}),
        "JSON as text": lambda value: json.dumps(value),
        "keys between commas": unless_null(lambda value: " , ".join(value)),
        "null": null,
    },
    MOMENT: TIMES,
    INSTANT: {**TIMES, "PHP's DateTime": in_php("Europe/Berlin")},
    ANYTHING: {"as it is": lambda value: value, "null": null},
}


def single(rows, record):
    """Return the only row, bare."""
    match rows:
        case [{"id": _} as only]:
            return only
        case [dict(only)] if record.own_id in only:
            return only
        case _:
            return NOT_SO


def of_lists(write):
    """Return a writer of what is still a list."""
    return lambda rows, _: write(rows) if isinstance(rows, list) else NOT_SO


LISTS = {
    "an array for a single row": single,
    "`data`": lambda rows, _: {"data": rows, "links": [{"url": None}], "meta": {"request_id": "req_1"}},
    "an object by index": of_lists(lambda rows: {str(2 * i): row for i, row in enumerate(rows)}),
    "a usual name": lambda rows, record: {record.path: rows, "other": [1]},
    "an object that holds one list": of_lists(lambda rows: {"list": rows, "count": len(rows)}),
}
ROWS = {
    "a usual name": lambda row, record: {record.row.kind.lower(): row},
    "an array of one": lambda row, _: [row],
}


def test_every_form_of_the_table_has_a_writer_here():
    """A form that is added is tried, in every mixture."""
    assert {kind: {form.name for form in kind.forms} for kind in KINDS} == {
        kind: set(writers) for kind, writers in WRITERS.items()
    }
    assert [{one.name for one in around} for around in (AROUND_LISTS, AROUND_ROWS)] == [set(LISTS), set(ROWS)]


@st.composite
def cell(draw, kind, nullable=False):
    """Draw a value in its plain form, and in any."""
    plain = draw(st.none() | PLAIN[kind] if nullable else PLAIN[kind])
    ways = [made for write in WRITERS[kind].values() if (made := write(plain)) is not NOT_SO]
    way = draw(st.sampled_from(ways))
    if kind is BOOLEAN and isinstance(way, list):
        way = draw(st.sampled_from(way))
        way = draw(st.sampled_from([way, way.upper(), f" {way}"]))
    return plain, way


@st.composite
def around(draw, table, record, value):
    """Draw what stands around a value, at most three layers."""
    for _ in range(draw(st.integers(0, 3))):
        layer = draw(st.sampled_from(list(table.values())))(value, record)
        value = value if layer is NOT_SO else layer
    return value


@st.composite
def row(draw, record, row_id, told=None):
    """Draw a row as it comes plain, and in any mixture of forms; with its includes where some are told."""
    plain, odd = {"id": row_id}, {}
    odd[draw(st.sampled_from(["id", record.own_id]))] = draw(
        st.sampled_from([write(row_id) for write in WRITERS[ID].values()])
    )
    for column in columns(record):
        nullable = not column.required and column.absent is None
        plain[column.name], odd[column.name] = draw(cell(column.kind, nullable))
    for name, embed in record.includes.items() if told is not None else ():
        plain[name], odd[name] = draw(embedded(embed, told))
    return plain, draw(around(ROWS, record, odd))


@st.composite
def embedded(draw, embed, told):
    """Draw what an include brings, likewise: of one row, one answer tells one thing wherever it stands."""

    def one(other, row_id):
        if (other, row_id) not in told:
            told[other, row_id] = draw(row(other, row_id))
        return told[other, row_id]

    match embed:
        case One(other):
            if draw(st.booleans()):
                return None, draw(st.sampled_from([None, [], {}, False, "", 0, {"data": None}, {"data": []}]))
            return one(other, draw(ids))
        case Many(other):
            made = [one(other, row_id) for row_id in draw(st.lists(ids, unique=True, max_size=2))]
            if not made:
                return [], draw(st.sampled_from([None, [], {}, False, "", {"data": []}]))
            odd = [found for _, found in made]
            return [found for found, _ in made], draw(around(LISTS, other, draw(twice(odd))))
        case _:
            return draw(cell(kind_of(embed.type), nullable=True))


@st.composite
def twice(draw, rows):
    """Draw rows of which some are given once more, behind the first time."""
    again = draw(st.lists(st.sampled_from(rows), max_size=2)) if rows else []
    return [*rows, *again]


@st.composite
def answers(draw, record):
    """Draw a list's answer, plain and odd."""
    told = {}
    made = [
        draw(row(record, row_id, told)) for row_id in draw(st.lists(ids, unique=True, min_size=1, max_size=3))
    ]
    rows = draw(twice([odd for _, odd in made]))
    mark = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n\xef\xbb\xbf"]))
    body = json.dumps(draw(around(LISTS, record, rows))).encode()
    return json.dumps({"data": [plain for plain, _ in made]}).encode(), mark + body


def shown(answer, record):
    """Return all that an answer tells of rows."""
    links = {name: dict(answer.links[name]) for name in record.includes}
    return answer.rows, links, {kind: dict(rows) for kind, rows in answer.embedded.items() if rows}


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """Log nothing: what is unreadable would be logged over and over."""
    caplog.set_level("CRITICAL", "gateway")


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # shrinking takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(data=st.data())
def test_any_mixture_of_forms_reads_as_the_plain_one(record, data):
    """Cells, ids, rows, embedded rows, lists and bodies: the same rows, and nothing wrong with any of them."""
    plain, odd = data.draw(answers(record))
    include = frozenset(record.includes)
    wanted = read_fast(record, plain, include, is_list=True)
    assert wanted is not None

    for body in (plain, odd):
        found = read_list(record, decode(body), include)
        assert found.flaws == {}
        assert shown(found, record) == shown(wanted, record)
