# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Lists below an entity take what the root lists take: four paging arguments, their filter, their order."""

import pytest
from asking import READING_DIALECTS, in_turn
from graphql import GraphQLObjectType, build_schema, get_named_type

from gateway.sandbox import DIALECTS
from gateway.schema import print_schema

SCHEMA = build_schema(print_schema())
assert SCHEMA.query_type is not None
ROOTS = {str(field.type): field for field in SCHEMA.query_type.fields.values()}
PAGE = "nodes { databaseId } totalCount pageInfo { hasNextPage hasPreviousPage startCursor }"


def ids(page):
    """Return the ids of a page's nodes."""
    return [node["databaseId"] for node in page["nodes"]]


async def below(ask, parent, arguments, row_id=7):
    """Return a list below an entity: "event.participants"."""
    of, _, field = parent.partition(".")
    data = await ask("{ %s(by: {databaseId: %d}) { %s(%s) { %s } } }" % (of, row_id, field, arguments, PAGE))
    return data[of][field]


def connections():
    """Yield every field that answers a connection, by its type's name."""
    for name, of in SCHEMA.type_map.items():
        if isinstance(of, GraphQLObjectType) and not name.startswith("__"):
            for field_name, field in of.fields.items():
                if "pageInfo" in getattr(get_named_type(field.type), "fields", {}):
                    yield name, field_name, field


@pytest.mark.parametrize(("of", "name", "field"), list(connections()), ids=lambda part: str(part)[:20])
def test_every_connection_takes_the_same(of, name, field):
    """Whatever it is below, with the arguments of the root list of these entities."""
    root = ROOTS[str(field.type)]
    taken = {name: str(argument.type) for name, argument in field.args.items()}
    assert {name: str(argument.type) for name, argument in root.args.items()}.items() <= taken.items()
    assert all(field.args[name].deprecation_reason for name in taken.keys() - root.args.keys())


LISTS = {
    "event.participants": lambda t: [p.id for p in t.participants if p.event_id == 7],
    "event.contacts": lambda t: sorted({p.contact_id for p in t.participants if p.event_id == 7}),
    "contact.participations": lambda t: [p.id for p in t.participants if p.contact_id == 7],
    "category.contacts": lambda t: [c.id for c in t.contacts if 7 in c.category_ids],
}


@pytest.mark.parametrize(
    ("parent", "dialect"), in_turn([*LISTS, *LISTS], READING_DIALECTS), indirect=["dialect"]
)
async def test_from_the_end(gateway, dialect, parent):
    """`last` and `before` give every row once there too."""
    ask = gateway(dialect)
    expected = LISTS[parent](ask.sandbox.tables)
    found, before, more = [], "", True
    while more:
        got = await below(ask, parent, "last: %d%s" % (max(1, len(expected) // 2), before))
        assert got["pageInfo"]["hasNextPage"] is bool(found)
        found = ids(got) + found
        before, more = ', before: "%s"' % got["pageInfo"]["startCursor"], got["pageInfo"]["hasPreviousPage"]

    assert found == expected


@pytest.mark.parametrize("parent", LISTS)
async def test_the_count_alone(ask, parent):
    """`first: 0` costs what finds the entity, and one request for the total."""
    got = await below(ask, parent, "first: 0")

    assert (got["nodes"], got["totalCount"]) == ([], len(LISTS[parent](ask.sandbox.tables)))
    assert len(ask.calls) == 2


FILTERED = [
    ("event.participants", "{isConfirmed: true}", lambda t, row: row.is_confirmed),
    ("event.participants", '{customerNumber: "C-10012"}', lambda t, row: row.contact_id == 12),
    ("event.participants", '{eventKey: "%s"}', lambda t, row: True),
    (
        "contact.participations",
        '{eventKey: "boat-show-2026"}',
        lambda t, row: key(t, row) == "boat-show-2026",
    ),
    (
        "contact.participations",
        '{customerNumber: "C-10007", isConfirmed: true}',
        lambda t, row: row.is_confirmed,
    ),
    ("event.contacts", '{search: "an"}', lambda t, row: None),
    ("event.contacts", '{categoryKey: "crafts"}', lambda t, row: 1 in row.category_ids),
    ("category.contacts", '{eventKey: "boat-show-2026"}', lambda t, row: None),
    ("category.contacts", '{search: "an"}', lambda t, row: None),
]


def key(tables, row):
    """Return the key of a participant's event."""
    return tables.events.get(row.event_id).event_key


@pytest.mark.parametrize(
    ("parent", "filter", "holds", "dialect"), in_turn(FILTERED, READING_DIALECTS), indirect=["dialect"]
)
async def test_filters(gateway, dialect, parent, filter, holds):
    """A list below an entity, filtered, is that of the root filtered by the entity as well."""
    ask = gateway(dialect)
    tables = ask.sandbox.tables
    own = {
        "event": 'eventKey: "%s"' % tables.events.get(7).event_key,
        "contact": 'customerNumber: "C-10007"',
        "category": 'categoryKey: "%s"' % tables.categories.get(7).category_key,
    }[parent.partition(".")[0]]
    filter = filter.replace("%s", tables.events.get(7).event_key)
    root = parent.partition(".")[2].replace("participations", "participants")
    rest = filter.strip("{}")
    both = rest if own in rest else f"{own}, {rest}"
    got = await below(ask, parent, f"first: 100, filter: {filter}")
    expected = await ask("{ %s(first: 100, filter: {%s}) { %s } }" % (root, both, PAGE))

    assert ids(got) == ids(expected[root])
    rows = {row.id: row for row in getattr(tables, root)}
    judged = [holds(tables, rows[row_id]) for row_id in LISTS[parent](tables)]
    if None not in judged:
        held = [row_id for row_id, holds in zip(LISTS[parent](tables), judged, strict=True) if holds]
        assert ids(got) == held[:100]


CONTRADICTIONS = [
    ("event.participants", 'filter: {eventKey: "spring-fair-2026"}'),
    ("event.participants", "isConfirmed: true, filter: {isConfirmed: false}"),
    ("contact.participations", 'filter: {customerNumber: "C-10001"}'),
    ("contact.participations", "isConfirmed: false, filter: {isConfirmed: true}"),
    ("event.contacts", 'filter: {eventKey: "spring-fair-2026"}'),
    ("category.contacts", 'filter: {categoryKey: "crafts"}'),
]


@pytest.mark.parametrize(("parent", "arguments"), CONTRADICTIONS)
async def test_what_cannot_hold_is_an_empty_list(ask, parent, arguments):
    """Another key than the entity's own costs nothing beside what finds the entity."""
    got = await below(ask, parent, arguments)

    assert got == {
        "nodes": [],
        "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None},
    }
    assert len(ask.calls) == 1


@pytest.mark.parametrize("parent", ["event.participants", "contact.participations"])
async def test_the_deprecated_argument_still_filters(ask, parent):
    """`isConfirmed` beside the same in `filter` changes nothing."""
    alone = await below(ask, parent, "first: 100, isConfirmed: true")
    assert alone == await below(ask, parent, "first: 100, filter: {isConfirmed: true}")
    assert alone == await below(ask, parent, "first: 100, filter: {isConfirmed: true}, isConfirmed: true")
    assert 0 < alone["totalCount"] < len(LISTS[parent](ask.sandbox.tables))


async def test_a_contact_without_a_number(gateway, dialect):
    """It is filtered by event and confirmation too; with anybody's number it has none."""
    ask = gateway(dialect)
    tables = ask.sandbox.tables
    contact = next(row for row in tables.contacts if row.customer_number is None)
    event = tables.events.get(next(p for p in tables.participants if p.contact_id == contact.id).event_id)
    mine = [p.id for p in tables.participants if (p.contact_id, p.event_id) == (contact.id, event.id)]
    filter = 'first: 5, filter: {eventKey: "%s"}' % event.event_key

    assert ids(await below(ask, "contact.participations", filter, contact.id)) == mine
    got = await below(ask, "contact.participations", 'filter: {customerNumber: "C-10007"}', contact.id)
    assert (got["nodes"], len(ask.calls)) == ([], 1)


@pytest.mark.parametrize("parent", ["event.contacts", "category.contacts"])
async def test_in_an_order(ask, parent):
    """Contacts below an entity are ordered as those of the root."""
    got = await below(ask, parent, "first: 100, orderBy: {field: EMAIL, direction: DESC}")
    contacts = ask.sandbox.tables.contacts
    expected = LISTS[parent](ask.sandbox.tables)
    expected.sort(key=lambda row_id: contacts.get(row_id).email.casefold(), reverse=True)

    assert ids(got) == expected[:100]


async def test_one_walk_for_the_lists_of_many(gateway):
    """Lists that differ in their event alone are parts of one: one contact's, whatever else they are filtered by."""
    ask = gateway(DIALECTS["schema"])
    data = await ask(
        '{ events(first: 12) { nodes { databaseId participants(filter: {customerNumber: "C-10007"}) {'
        " nodes { databaseId } } } } }"
    )

    mine = {row.event_id: row.id for row in ask.sandbox.tables.participants if row.contact_id == 7}
    found = {event["databaseId"]: ids(event["participants"]) for event in data["events"]["nodes"]}
    assert found == {row_id: [mine[row_id]] if row_id in mine else [] for row_id in found}
    assert len(ask.calls) == 3  # the events, a first list, and that of the contact


async def test_rows_below_are_counted_by_last(ask):
    """Whichever end a page is counted from."""
    error = await ask.error(
        "{ events(last: 100) { nodes {"
        " participants(last: 100) { nodes { id } } contacts(last: 100) { nodes { id } } } } }"
    )
    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert ask.calls == []
