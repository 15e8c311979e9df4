# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""What a query costs: requests to PlanDocket, counted in the schema dialect."""

import base64

import pytest

from gateway.sandbox import Dialect


def gid(kind, row_id):
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


async def test_a_page_with_all_its_relations(ask):
    """A hundred participants with contact, event and category cost one request."""
    data = await ask(
        "{ participants(first: 100) { nodes { contact { email } event { title } category { title } } } }"
    )

    tables = ask.sandbox.tables
    assert data["participants"]["nodes"] == [
        {
            "contact": {"email": tables.contacts.get(row.contact_id).email},
            "event": {"title": tables.events.get(row.event_id).title},
            "category": row.category_id and {"title": tables.categories.get(row.category_id).title},
        }
        for row in list(tables.participants)[:100]
    ]
    assert ask.calls == ["GET participants?include=category,contact,event"]


async def test_ids_of_relations_need_no_include(ask):
    """The foreign keys tell the ids: one request, nothing embedded."""
    data = await ask(
        "{ participants(first: 100) { nodes { event { id databaseId __typename } contact { id } } } }"
    )

    row = ask.sandbox.tables.participants.get(1)
    assert data["participants"]["nodes"][0] == {
        "event": {"id": gid("Event", row.event_id), "databaseId": row.event_id, "__typename": "Event"},
        "contact": {"id": gid("Contact", row.contact_id)},
    }
    assert ask.calls == ["GET participants"]


LOOKAHEAD = {
    "no relation": ("{ participants { nodes { id isConfirmed createdAt } } }", ""),
    "named fragment": (
        "{ participants { nodes { ...P } } } fragment P on Participant { contact { email } }",
        "contact",
    ),
    "nested named fragments": (
        "{ participants { ...C } } fragment C on ParticipantConnection { nodes { ...P } }"
        " fragment P on Participant { ...Q } fragment Q on Participant { event { title } }",
        "event",
    ),
    "fragment below the relation": (
        "{ participants { nodes { contact { ...C } } } } fragment C on Contact { email }",
        "contact",
    ),
    "fragment of ids below the relation": (
        "{ participants { nodes { contact { ...C } } } } fragment C on Node { id databaseId }",
        "",
    ),
    "inline fragment": ("{ participants { nodes { ... on Participant { contact { email } } } } }", "contact"),
    "inline fragment without a type": ("{ participants { nodes { ... { contact { email } } } } }", "contact"),
    "inline fragment on the interface": ("{ participants { nodes { ... on Node { id } } } }", ""),
    "nested inline fragments": (
        "{ participants { ... { nodes { ... on Node { ... on Participant { event { city } } } } } } }",
        "event",
    ),
    "fragment on Query": (
        "{ ...Q } fragment Q on Query { participants { nodes { contact { email } } } }",
        "contact",
    ),
    "alias": ("{ p: participants { n: nodes { c: contact { mail: email } } } }", "contact"),
    "aliases of one relation": (
        "{ participants { nodes { a: contact { id } b: contact { email } } } }",
        "contact",
    ),
    "repeated field": ("{ participants { nodes { contact { id } contact { email } } } }", "contact"),
    "repeated nodes": (
        "{ participants { nodes { contact { email } } nodes { event { title } } } }",
        "contact,event",
    ),
    "repeated connection": (
        "{ participants { nodes { contact { email } } } participants { nodes { event { title } } } }",
        "contact,event",
    ),
    "edges": ("{ participants { edges { node { contact { email } } } } }", "contact"),
    "edges through fragments": (
        "{ participants { edges { ...E } } } fragment E on ParticipantEdge { node { contact { email } } }",
        "contact",
    ),
    "edges and nodes": (
        "{ participants { edges { node { contact { email } } } nodes { event { title } } } }",
        "contact,event",
    ),
    "category by its id alone": ("{ participants { nodes { category { id } } } }", "category"),
    "skip literal": ("{ participants { nodes { contact @skip(if: true) { email } } } }", ""),
    "skip literal false": ("{ participants { nodes { contact @skip(if: false) { email } } } }", "contact"),
    "include literal": ("{ participants { nodes { contact @include(if: true) { email } } } }", "contact"),
    "include literal false": ("{ participants { nodes { contact @include(if: false) { email } } } }", ""),
    "skip variable": (
        "query($yes: Boolean!) { participants { nodes { contact @skip(if: $yes) { email } } } }",
        "",
    ),
    "skip variable false": (
        "query($no: Boolean!) { participants { nodes { contact @skip(if: $no) { email } } } }",
        "contact",
    ),
    "include variable": (
        "query($yes: Boolean!) { participants { nodes { contact @include(if: $yes) { email } } } }",
        "contact",
    ),
    "include variable false": (
        "query($no: Boolean!) { participants { nodes { contact @include(if: $no) { email } } } }",
        "",
    ),
    "include variable by default": (
        "query($d: Boolean = false) { participants { nodes { contact @include(if: $d) { email } } } }",
        "",
    ),
    "skip and include": (
        "query($yes: Boolean!) { participants { nodes"
        " { contact @include(if: $yes) @skip(if: $yes) { email } } } }",
        "",
    ),
    "skipped spread": (
        "query($no: Boolean!) { participants { nodes { id ...P @include(if: $no) } } }"
        " fragment P on Participant { contact { email } }",
        "",
    ),
    "spread skipped once": (
        "query($no: Boolean!) { participants { nodes { ...P @include(if: $no) ...P } } }"
        " fragment P on Participant { contact { email } }",
        "contact",
    ),
    "skipped inline fragment": (
        "{ participants { nodes { id ... @skip(if: true) { contact { email } } } } }",
        "",
    ),
    "skipped nodes": (
        "{ participants { nodes @skip(if: true) { contact { email } } edges { node { id } } } }",
        "",
    ),
    "skipped below the relation": (
        "{ participants { nodes { contact { id email @skip(if: true) } } } }",
        "",
    ),
}


@pytest.mark.parametrize(("query", "include"), LOOKAHEAD.values(), ids=LOOKAHEAD.keys())
async def test_lookahead(ask, query, include):
    """However a relation is selected, one request brings it; what is left out is not asked for."""
    variables = {name: name == "yes" for name in ("yes", "no") if f"${name}:" in query}
    await ask(query, **variables)

    assert ask.calls == [f"GET participants?include={include}" if include else "GET participants"]


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        (
            "{ participant(by: {databaseId: 1}) { contact { email } event { title } } }",
            ["GET participants/1?include=contact,event"],
        ),
        ("{ event(by: {databaseId: 1}) { participantCount } }", ["GET events/1?include=participant_count"]),
        (
            "{ events { nodes { openingHours participantCount } } }",
            ["GET events?include=opening_hours,participant_count"],
        ),
        (
            "{ contacts { nodes { events { title } categories { title } } } }",
            ["GET contacts?include=categories,events"],
        ),
        (
            'query { node(id: "%s") { ... on Participant { contact { email } } } }' % gid("Participant", 1),
            ["GET participants/1?include=contact"],
        ),
        (
            'query { nodes(ids: ["%s"]) { ...P } } fragment P on Participant { event { title } }'
            % gid("Participant", 1),
            ["GET participants/1?include=event"],
        ),
        ("{ __typename }", []),
        ("{ __schema { queryType { name } } }", []),
    ],
)
async def test_lookahead_elsewhere(ask, query, calls):
    """Single rows, nodes and the other lists look ahead too."""
    await ask(query)

    assert ask.calls == calls


async def test_aliases_of_a_list(ask):
    """Three aliases of the same list cost one request."""
    data = await ask(
        "{ a: participants { nodes { id } } b: participants { nodes { id } }"
        " c: participants { nodes { id } } }"
    )

    assert data["a"] == data["b"] == data["c"]
    assert ask.calls == ["GET participants"]


async def test_aliases_of_different_pages(ask):
    """Pages of one list that lie on the same page upstream cost one request."""
    data = await ask(
        "{ a: contacts(first: 1) { nodes { databaseId } } b: contacts(first: 2) { nodes { databaseId } } }"
    )

    assert [len(data[name]["nodes"]) for name in "ab"] == [1, 2]
    assert ask.calls == ["GET contacts"]


async def test_aliases_with_different_includes(ask):
    """Lists that differ in their includes only cost one request."""
    data = await ask(
        "{ a: participants { nodes { contact { email } } } b: participants { nodes { event { title } } }"
        " c: participants { nodes { id } } }"
    )

    assert data["a"]["nodes"][0]["contact"]["email"]
    assert data["b"]["nodes"][0]["event"]["title"]
    assert ask.calls == ["GET participants?include=contact,event"]


async def test_one_entity_by_id_twice(ask):
    """The same row with different includes, by either id, costs one request."""
    data = await ask(
        "query($id: ID!) { a: participant(by: {databaseId: 1}) { contact { email } }"
        " b: participant(by: {id: $id}) { event { title } }"
        " c: node(id: $id) { databaseId } }",
        id=gid("Participant", 1),
    )

    assert data["a"]["contact"]["email"]
    assert data["b"]["event"]["title"]
    assert data["c"]["databaseId"] == 1
    assert ask.calls == ["GET participants/1?include=contact,event"]


async def test_lists_below_a_list(ask):
    """Each event's participants are a list of their own, with their contacts."""
    data = await ask(
        "{ events(first: 2) { nodes { participants(first: 3) { nodes { contact { email } } } } } }"
    )

    assert [len(event["participants"]["nodes"]) for event in data["events"]["nodes"]] == [3, 3]
    assert ask.calls[0] == "GET events"
    assert sorted(ask.calls[1:]) == [
        "GET participants?event_key=craft-market-2026&include=contact",
        "GET participants?event_key=spring-fair-2026&include=contact",
    ]


async def test_nodes_of_several_types(ask):
    """One request for each entity, none for one that is asked for twice."""
    kinds = ["Participant", "Event", "Contact", "Category", "Event"]
    data = await ask(
        "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Event { title participantCount }"
        " ... on Participant { contact { email } } ... on Contact { events { title } }"
        " ... on Category { title } } }",
        ids=[gid(kind, 2) for kind in kinds],
    )

    assert [node["__typename"] for node in data["nodes"]] == kinds
    assert sorted(ask.calls) == [
        "GET categories/2",
        "GET contacts/2?include=events",
        "GET events/2?include=participant_count",
        "GET participants/2?include=contact",
    ]


async def test_what_came_along_is_not_asked_for(ask):
    """Embedded rows answer the look-ups below them."""
    await ask(
        "{ participants(first: 50) { nodes { event { title dateFrom image } contact { events { id } } } } }"
    )

    assert ask.calls[0] == "GET participants?include=contact,event"
    assert not [call for call in ask.calls if call.startswith("GET events/")]


async def test_two_names_ignored_at_first(gateway):
    """Two ways of writing several includes are tried, then none is sent any more."""
    ask = gateway(Dialect(include="ignored"))
    query = "{ participants(first: 5) { nodes { contact { email } event { title } } } }"
    first = await ask(query)
    assert ask.calls[:2] == ["GET participants?include=contact,event"] * 2

    assert await ask(query) == first
    assert not [call for call in ask.calls if "include" in call]
    assert ask.calls.count("GET participants") == 1


async def test_one_name_ignored(gateway):
    """A single include looks the same in both ways: it is tried once."""
    ask = gateway(Dialect(include="ignored"))
    query = "{ events(first: 5) { nodes { openingHours } } }"
    await ask(query)
    assert ask.calls[0] == "GET events?include=opening_hours"

    answer = await ask.answer(query)
    assert ask.calls == ["GET events"]
    assert answer["extensions"] == {"upstream": {"unavailable": ["Event.openingHours"]}}


@pytest.mark.parametrize("unknown", ["ignore", "refuse"])
async def test_repeated_includes_are_found_out_once(gateway, unknown):
    """A server that wants each name on its own is understood from the second request on."""
    ask = gateway(Dialect(include="repeated", unknown_include=unknown))
    query = "{ participants(first: 5) { nodes { contact { email } event { title } } } }"
    first = await ask(query)
    assert ask.calls == ["GET participants?include=contact,event"] * 2

    assert await ask(query) == first
    assert ask.calls == ["GET participants?include=contact,event"]


@pytest.mark.parametrize("style", ["comma", "repeated", "brackets"])
async def test_a_style_told_by_the_operator(gateway, style):
    """With PLANDOCKET_INCLUDE_STYLE nothing has to be found out."""
    ask = gateway(Dialect(include=style, unknown_include="refuse"), include_style=style)
    await ask("{ participants(first: 5) { nodes { contact { email } event { title } } } }")

    assert ask.calls == ["GET participants?include=contact,event"]


CONTACT = (
    "databaseId customerNumber companyName firstName lastName email phone mobile fax website address"
    " postalCode city country state notes taxId rating accountAccessEnabled hasAccount"
)


@pytest.mark.parametrize("embed", ["full", "brief"])
async def test_an_excerpt_is_no_row(gateway, embed):
    """An embedded row that lacks columns gives no false nulls: what is missing is read."""
    ask = gateway(Dialect(embed=embed))
    data = await ask(
        "{ participants(first: 20) { nodes { contact { %s } event { title city } } } }" % CONTACT
    )

    tables = ask.sandbox.tables
    columns = {
        name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
        for name in CONTACT.split()
        if name != "databaseId"
    }
    for row, node in zip(tables.participants, data["participants"]["nodes"], strict=False):
        contact, event = tables.contacts.get(row.contact_id), tables.events.get(row.event_id)
        expected = {name: getattr(contact, column) for name, column in columns.items()}
        assert node["contact"] == {"databaseId": contact.id, **expected}
        assert node["event"] == {"title": event.title, "city": event.city}


async def test_excerpts_of_lists(gateway):
    """Excerpts among a contact's events and categories are read whole too."""
    ask = gateway(Dialect(embed="brief"))
    data = await ask(
        "{ contacts(first: 5) { nodes { events { eventKey city } categories { categoryKey } } } }"
    )

    tables = ask.sandbox.tables
    for row, node in zip(tables.contacts, data["contacts"]["nodes"], strict=False):
        there = {p.event_id for p in tables.participants if p.contact_id == row.id}
        assert node["events"] == [
            {"eventKey": event.event_key, "city": event.city} for event in tables.events if event.id in there
        ]
        assert node["categories"] == [
            {"categoryKey": tables.categories.get(i).category_key} for i in row.category_ids
        ]


@pytest.mark.parametrize(
    "dialect", [Dialect(include="ignored"), Dialect(embed="brief")], ids=["none", "brief"]
)
async def test_missing_rows_are_loaded_once(gateway, dialect):
    """What a page leads to and that did not come along is read from its lists: fewer than one for each."""
    ask = gateway(dialect)
    await ask("{ participants(first: 100) { nodes { event { city } contact { email } } } }")

    others = [call for call in ask.calls if not call.startswith("GET participants")]
    assert sorted(others) == ["GET contacts", "GET contacts?page=2", "GET contacts?page=3", "GET events"]


async def test_nothing_is_kept_between_operations(ask):
    """A later operation sees what changed meanwhile."""
    query = "{ category(by: {databaseId: 4}) { title } }"
    await ask(query)
    ask.sandbox.tables.categories.drop(4)

    assert await ask(query) == {"category": None}
