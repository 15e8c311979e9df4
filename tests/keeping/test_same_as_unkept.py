# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""A gateway that keeps answers as one that keeps nothing, under any reads, writes and waits; no answer crosses."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from asking import Ask, Time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping.wires import Wire, bearer, gid, shared

from gateway.app import create_app
from gateway.sandbox import Dialect
from gateway.sandbox.tables import Tables
from gateway.settings.settings import Settings

DIALECTS = {
    "totals": Dialect(),
    "whole": Dialect(paging="none", writes="id"),
    "plain": Dialect(paging="plain", writes="empty", include="repeated"),
    "no include": Dialect(include="ignored"),
    "own pages": Dialect(max_per_page=4, embed="brief"),
}
KEYS = ("ada", "bo")
NOW = 1_790_000_000.0

NUMBER = st.integers(1, 9)
EVENT_KEY = st.sampled_from(["spring-fair-2026", "craft-market-2026", "garden-days-2026", "renamed-2026"])
CUSTOMER = st.sampled_from(["C-10001", "C-10002", "C-10003", "C-10007", "C-7"])
CATEGORY_KEY = st.sampled_from(["crafts", "wood", "food", "glass"])

PARTICIPANT = "id isConfirmed updatedAt"
READS = [
    "{ participants(first: 7) { totalCount nodes { %s } pageInfo { hasNextPage } } }" % PARTICIPANT,
    "{ participants(first: 30) { nodes { %s contact { id email customerNumber } event { title } category { title } } }}"
    % PARTICIPANT,
    "{ participants(last: 5) { nodes { id contact { id } } } }",
    "{ participants(first: 30, filter: {isConfirmed: true}) { totalCount nodes { id isConfirmed } } }",
    '{ participants(first: 30, filter: {eventKey: "%(event_key)s"}) { totalCount nodes { id event { eventKey } } } }',
    '{ participants(filter: {customerNumber: "%(customer)s", isConfirmed: true}) { nodes { id isConfirmed } } }',
    "{ participant(by: {databaseId: %(number)d}) { isConfirmed updatedAt category { title } contact { email } } }",
    "{ participant(by: {databaseId: 3%(number)d}) { isConfirmed contact { id } event { id } } }",
    "{ events { totalCount nodes { id title isVisible participantCount openingHours } } }",
    "{ events(filter: {isVisible: true}) { totalCount nodes { title } } }",
    '{ events(filter: {search: "fair"}, orderBy: {field: TITLE}) { nodes { title } } }',
    "{ event(by: {databaseId: %(number)d}) { title participantCount contacts { totalCount nodes { email } } } }",
    '{ event(by: {eventKey: "%(event_key)s"}) { title participants { totalCount nodes { isConfirmed } } } }',
    "{ events(first: 5) { nodes { title participants(first: 3) { nodes { id contact { email } } } } } }",
    "{ contacts(first: 20) { totalCount nodes { id email rating updatedAt } } }",
    "{ contacts(first: 20) { nodes { email events { title } categories { title } } } }",
    "{ contacts(orderBy: {field: EMAIL, direction: DESC}, first: 4) { nodes { email } } }",
    '{ contacts(filter: {categoryKey: "%(category_key)s"}) { totalCount nodes { email } } }',
    '{ contacts(filter: {eventKey: "%(event_key)s"}) { nodes { email } } }',
    "{ contact(by: {databaseId: %(number)d}) { email events { id title } categories { categoryKey } } }",
    '{ contact(by: {customerNumber: "%(customer)s"}) { email participations { nodes { id event { title } } } } }',
    "{ categories { id title level sortOrder parent { title } children { title } events { title } } }",
    "{ category(by: {databaseId: %(number)d}) { title level parent { id title } events { eventKey } } }",
    '{ category(by: {categoryKey: "%(category_key)s"}) { title contacts { nodes { email } } } }',
    '{ nodes(ids: ["%(p)s", "%(e)s", "%(c)s", "%(k)s"]) { id ... on Event { title } ... on Contact { email } } }',
]


def mutation(field, body):
    """Return a mutation that tells why not, or what is gone."""
    return "mutation { %s(input: {%s}) { userErrors { code } } }" % (field, body)


WRITES = [
    mutation(
        "createParticipant", 'event: {eventKey: "%(event_key)s"}, contact: {customerNumber: "%(customer)s"}'
    ),
    mutation("updateParticipant", 'id: "%(p)s", isConfirmed: true'),
    mutation("updateParticipant", 'id: "%(p)s", isConfirmed: false'),
    mutation("updateParticipant", 'id: "%(p)s", event: {databaseId: %(number)d}'),
    mutation("deleteParticipant", 'id: "%(p)s"'),
    mutation("createEvent", 'title: "Fair %(number)d"'),
    mutation("createEvent", 'title: "Fair %(number)d", eventKey: "%(event_key)s"'),
    mutation("updateEvent", 'id: "%(e)s", title: "Renamed %(number)d", isVisible: false'),
    mutation("updateEvent", 'id: "%(e)s", eventKey: "%(event_key)s"'),
    mutation("updateEvent", 'id: "%(e)s", openingHours: []'),
    mutation("deleteEvent", 'id: "%(e)s"'),
    mutation(
        "createContact", 'email: "%(number)d@example.org", categories: [{categoryKey: "%(category_key)s"}]'
    ),
    mutation("createContact", 'email: "n@example.org", events: [{databaseId: %(number)d}]'),
    mutation("updateContact", 'id: "%(c)s", email: "new%(number)d@example.org", rating: 5'),
    mutation("updateContact", 'id: "%(c)s", customerNumber: "%(customer)s"'),
    mutation("updateContact", 'id: "%(c)s", categories: [{categoryKey: "%(category_key)s"}]'),
    mutation("updateContact", 'id: "%(c)s", events: [{eventKey: "%(event_key)s"}]'),
    mutation("deleteContact", 'id: "%(c)s"'),
    mutation("createCategory", 'title: "Glass", categoryKey: "%(category_key)s"'),
    mutation("updateCategory", 'id: "%(k)s", title: "Renamed %(number)d"'),
    mutation("updateCategory", 'id: "%(k)s", parent: {databaseId: %(number)d}'),
    mutation("updateCategory", 'id: "%(k)s", categoryKey: "%(category_key)s"'),
    mutation("updateCategory", 'id: "%(k)s", events: [{eventKey: "%(event_key)s"}]'),
    mutation("deleteCategory", 'id: "%(k)s"'),
]


@st.composite
def values(draw):
    """Draw what operations name."""
    number = draw(NUMBER)
    return {
        "number": number,
        "event_key": draw(EVENT_KEY),
        "customer": draw(CUSTOMER),
        "category_key": draw(CATEGORY_KEY),
        **{letter: gid(kind, number) for letter, kind in KINDS.items()},
    }


@st.composite
def operations(draw, templates):
    """Draw a key and an operation of it."""
    return draw(st.sampled_from(KEYS)), draw(st.sampled_from(templates)) % draw(values())


KINDS = {"p": "Participant", "e": "Event", "c": "Contact", "k": "Category"}
READ, WRITE = operations(READS), operations(WRITES)
STEP = st.one_of(
    st.tuples(st.just("read"), READ),
    st.tuples(st.just("read"), READ),
    st.tuples(st.just("write"), WRITE),
    st.tuples(st.just("wait"), st.sampled_from([1, 15, 29, 30, 31, 60, 299, 300, 601])),
    st.tuples(st.just("at once"), st.lists(st.one_of(READ, WRITE), min_size=2, max_size=4)),
)
QUIET = settings(
    derandomize=True,
    deadline=None,
    max_examples=40,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def tenant(dialect, *keys):
    """Return a small sandbox: 5 events, 9 contacts, 9 categories, 30 participants."""
    sandbox = shared(*(keys or KEYS), dialect=dialect, now=lambda: NOW)
    tables = sandbox.tables
    events = [row for row in tables.events if row.id <= 5]
    contacts = [row for row in tables.contacts if row.id <= 9]
    categories = [row for row in tables.categories if row.id <= 9]
    pairs = [(event.id, contact.id) for contact in contacts for event in events][:30]
    participants = [
        replace(row, event_id=event, contact_id=contact, category_id=row.id % 9 or None)
        for row, (event, contact) in zip(tables.participants, pairs, strict=False)
    ]
    small = Tables(
        participants,
        events,
        [replace(row, category_ids=(row.id, 1) if row.id > 1 else (1,)) for row in contacts],
        [replace(row, event_ids=(row.id,) if row.id < 4 else None) for row in categories],
    )
    tables.participants, tables.events = small.participants, small.events
    tables.contacts, tables.categories = small.contacts, small.categories
    return sandbox


@asynccontextmanager
async def behind(transport, sandbox, time, **given):
    """Make a gateway that callers bring their own keys to."""
    fixed = {"base_url": "http://plandocket.test", "requests_per_hour": "unlimited", "page_size": 10}
    app = create_app(Settings.model_validate(fixed | given), transport, time.clock)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield Ask(sandbox, client)


class Winding(httpx.AsyncBaseTransport):
    """A way to the sandbox on which requests overtake each other."""

    def __init__(self, inner):
        self._inner = inner
        self._turns = 0

    async def handle_async_request(self, request):
        """Pass it on, with some turns of the loop before and after."""
        self._turns += 1
        for _ in range(self._turns * 7 % 5):
            await asyncio.sleep(0)
        response = await self._inner.handle_async_request(request)
        for _ in range(self._turns * 11 % 7):
            await asyncio.sleep(0)
        return response


def comparable(entity, *, totals):
    """Return data without what a gateway that keeps more may know better."""
    if isinstance(entity, dict):
        hidden = () if totals else ("totalCount", "hasNextPage")
        return {
            name: comparable(value, totals=totals) for name, value in entity.items() if name not in hidden
        }
    if isinstance(entity, list):
        return [comparable(value, totals=totals) for value in entity]
    return entity


async def assert_same(steps, name, settings):
    """Hold that every read answers as it does where nothing is kept."""
    dialect, time = DIALECTS[name], Time()
    sandbox = tenant(dialect)
    totals = dialect.paging in ("totals", "none")
    wire = Winding(Wire(sandbox))
    async with (
        behind(wire, sandbox, time, max_calls=1000, tell_cost="on", **settings) as keeping,
        behind(Wire(sandbox), sandbox, time, max_calls=1000, mirror="off", tell_cost="off") as plain,
    ):
        for kind, given in steps:
            match kind:
                case "wait":
                    time.seconds += given
                case "write" | "warm":
                    await keeping.answer(given[1], bearer(given[0]))
                case "at once":
                    await asyncio.gather(*(keeping.answer(query, bearer(key)) for key, query in given))
                case "read":
                    key, query = given
                    answer = await keeping.answer(query, bearer(key))
                    expected = await plain.answer(query, bearer(key))
                    assert answer["extensions"]["upstream"]["stale"] is False
                    assert "errors" not in expected
                    assert "errors" not in answer
                    assert comparable(answer["data"], totals=totals) == comparable(
                        expected["data"], totals=totals
                    ), query


@QUIET
@given(st.lists(STEP, min_size=2, max_size=14), st.sampled_from(sorted(DIALECTS)), READ)
def test_fresh_answers_are_those_of_a_gateway_that_keeps_nothing(steps, name, last):
    """Under any interleaving of reads, writes and expiries, at once or in turn, in any dialect."""
    asyncio.run(assert_same([*steps, ("read", last)], name, {"mirror": "on"}))


@settings(QUIET, max_examples=5)
@given(st.lists(STEP, min_size=2, max_size=10), st.sampled_from(sorted(DIALECTS)))
def test_a_full_cache_answers_the_same(steps, name):
    """Whatever was evicted."""
    reads = [("read", (key, query)) for key in KEYS for query in (READS[1], READS[15])]
    asyncio.run(assert_same([*reads, *steps, *reads], name, {"mirror": "on", "mirror_rows": 100}))


GIVEN = {
    "number": 1,
    "event_key": "garden-days-2026",
    "customer": "C-10007",
    "category_key": "food",
    **{letter: gid(kind, 1) for letter, kind in KINDS.items()},
}


@pytest.mark.parametrize(("number", "name"), [*enumerate(sorted(DIALECTS))])
async def test_a_write_after_everything_was_read(number, name):
    """With all of it kept for another key, each read answers as after the write; each write in one of the dialects."""
    reads = [("bo", template % GIVEN) for template in READS]
    steps = [("warm", read) for read in reads]
    for write in WRITES[number :: len(DIALECTS)]:
        steps += [("write", ("ada", write % GIVEN)), *(("read", read) for read in reads)]
    await assert_same(steps, name, {"mirror": "on"})


# Nothing crosses.

QUERIES = [
    "{ events { nodes { title participantCount } } }",
    "{ event(by: {databaseId: 1}) { title } }",
    '{ event(by: {eventKey: "spring-fair-2026"}) { title contacts { nodes { email } } } }',
    "{ events(filter: {isVisible: true}) { nodes { title } } }",
    "{ participants(first: 30) { nodes { contact { email } event { title } category { title } } } }",
    "{ participants(filter: {isConfirmed: true}) { nodes { contact { email } } } }",
    '{ participants(filter: {eventKey: "garden-days-2026"}) { nodes { contact { email } } } }',
    "{ events { nodes { participants(first: 2) { nodes { contact { email } } } } } }",
    "{ contacts(first: 20) { nodes { email events { title } categories { title } } } }",
    '{ contact(by: {customerNumber: "C-10007"}) { email participations { nodes { event { title } } } } }',
    "{ categories { title children { title } events { title } } }",
    '{ node(id: "%s") { ... on Contact { email } } }' % gid("Contact", 3),
]


def marked(key):
    """Return a tenant of which every text names its key."""
    sandbox = tenant(Dialect(), key)
    tables = sandbox.tables
    for row in list(tables.events):
        tables.events.put(replace(row, title=f"{key} {row.title}"))
    for row in list(tables.contacts):
        tables.contacts.put(replace(row, email=f"{key}-{row.email}"))
    for row in list(tables.categories):
        tables.categories.put(replace(row, title=f"{key} {row.title}"))
    return sandbox


async def test_no_answer_crosses():
    """Six keys ask twelve operations at once, three times: each gets what it gets alone."""
    keys = [f"tenant{number}" for number in range(6)]
    sandboxes = {key: marked(key) for key in keys}
    time = Time()
    async with behind(Wire(sandboxes), sandboxes[keys[0]], time, mirror="off") as plain:
        expected = {
            (key, query): (await plain.answer(query, bearer(key)))["data"]
            for key in keys
            for query in QUERIES
        }
    async with behind(Winding(Wire(sandboxes)), sandboxes[keys[0]], time, mirror="on") as keeping:
        for wait in (0, 10, 45):
            time.seconds += wait
            asked = [(key, query) for query in QUERIES for key in keys]
            answers = await asyncio.gather(*(keeping.answer(query, bearer(key)) for key, query in asked))
            for (key, query), answer in zip(asked, answers, strict=True):
                assert answer["data"] == expected[(key, query)]
                assert "errors" not in answer
                assert not [other for other in keys if other != key and other in str(answer)]
