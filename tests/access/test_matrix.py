# pyright: basic
"""Who may ask what: every field and mutation of the schema, for every role, through HTTP.

The rules are written here once more, by hand, as the gateway does not know them: a new type, mutation or
sensitive column that is not in these tables fails.
"""

import itertools
from collections import deque
from pathlib import Path

import pytest
from asking import Ask, Gateway
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_interface_type,
    is_leaf_type,
    is_object_type,
)

from gateway.http.callers.tokens import new_token
from gateway.sandbox import Sandbox
from gateway.schema import RULES, print_schema

SCHEMA = build_schema(print_schema())

RESOURCES = ("participants", "events", "contacts", "categories")

TYPES: dict[str, str | None] = {
    "Participant": "participants",
    "ParticipantConnection": "participants",
    "ParticipantEdge": "participants",
    "CreateParticipantPayload": "participants",
    "UpdateParticipantPayload": "participants",
    "DeleteParticipantPayload": "participants",
    "SetParticipantsConfirmedPayload": "participants",
    "SetParticipantsConfirmedResult": "participants",
    "CreateParticipantsPayload": "participants",
    "CreateParticipantsResult": "participants",
    "DeleteParticipantsPayload": "participants",
    "DeleteParticipantsResult": "participants",
    "Event": "events",
    "EventConnection": "events",
    "EventEdge": "events",
    "CreateEventPayload": "events",
    "UpdateEventPayload": "events",
    "DeleteEventPayload": "events",
    "Contact": "contacts",
    "ContactConnection": "contacts",
    "ContactEdge": "contacts",
    "CreateContactPayload": "contacts",
    "UpdateContactPayload": "contacts",
    "DeleteContactPayload": "contacts",
    "UpdateContactsPayload": "contacts",
    "UpdateContactsResult": "contacts",
    "Category": "categories",
    "CreateCategoryPayload": "categories",
    "UpdateCategoryPayload": "categories",
    "DeleteCategoryPayload": "categories",
    "ParticipantFacets": "participants",
    "ConfirmedFacet": "participants",
    "ContactFacets": "contacts",
    "EventFacet": "events",
    "CategoryFacet": "categories",
    "ValueFacet": None,
    "DayFacet": None,
    "PageInfo": None,
    "UserError": None,
    "UpstreamStatus": None,
    "MirroredResource": None,
    "MirroredSlice": None,
}
SENSITIVE = {("Contact", "notes"), ("Contact", "rating"), ("Contact", "taxId")}
BY_ID = {"node", "nodes"}

ROOTS = {
    "participant": "(by: {databaseId: 1})",
    "event": "(by: {databaseId: 1})",
    "contact": "(by: {databaseId: 1})",
    "category": "(by: {databaseId: 1})",
    "node": '(id: "Q2F0ZWdvcnk6MQ==")',
    "nodes": '(ids: ["Q2F0ZWdvcnk6MQ=="])',
    "createParticipant": "(input: {event: {databaseId: 1}, contact: {databaseId: 1}})",
    "updateParticipant": '(input: {id: "UGFydGljaXBhbnQ6MQ==", isConfirmed: true})',
    "deleteParticipant": '(input: {id: "UGFydGljaXBhbnQ6OTk5OTk="})',
    "setParticipantsConfirmed": '(input: {ids: ["UGFydGljaXBhbnQ6MQ=="], isConfirmed: true})',
    "createParticipants": "(input: {participants: [{event: {databaseId: 1}, contact: {databaseId: 1}}]})",
    "deleteParticipants": '(input: {ids: ["UGFydGljaXBhbnQ6OTk5OTk="]})',
    "updateContacts": '(input: {contacts: [{id: "Q29udGFjdDox", city: "Bremen"}]})',
    "createEvent": '(input: {title: "One more"})',
    "updateEvent": '(input: {id: "RXZlbnQ6MQ==", city: "Bremen"})',
    "deleteEvent": '(input: {id: "RXZlbnQ6OTk5OTk="})',
    "createContact": '(input: {lastName: "One more"})',
    "updateContact": '(input: {id: "Q29udGFjdDox", city: "Bremen"})',
    "deleteContact": '(input: {id: "Q29udGFjdDo5OTk5OQ=="})',
    "createCategory": '(input: {title: "One more"})',
    "updateCategory": '(input: {id: "Q2F0ZWdvcnk6MQ==", content: "More"})',
    "deleteCategory": '(input: {id: "Q2F0ZWdvcnk6OTk5OTk="})',
}

ROLES: dict[str, frozenset[str]] = {
    " ".join(roles): frozenset(roles)
    for roles in [
        *itertools.product(("read", "write")),
        *itertools.product(("read", "write"), ("sensitive",)),
        *itertools.product(("read", "write"), RESOURCES),
        *itertools.product(("read", "write"), ("sensitive",), ("contacts",)),
        *itertools.product(("write",), ("events",), ("participants",)),
    ]
}
TOKENS = {name: new_token(name.replace(" ", "-"), sorted(roles)) for name, roles in ROLES.items()}

Step = tuple[GraphQLObjectType, str, GraphQLField]


def paths_to_fields() -> dict[str, list[Step]]:
    """Return the shortest way from a root to every field of every object type, by its coordinate."""
    found: dict[str, list[Step]] = {}
    pending = deque((root, []) for root in (SCHEMA.query_type, SCHEMA.mutation_type) if root)
    while pending:
        of, above = pending.popleft()
        for name, field in of.fields.items():
            if (place := f"{of.name}.{name}") not in found:
                found[place] = path = [*above, (of, name, field)]
                below = get_named_type(field.type)
                if is_object_type(below):
                    pending.append((below, path))
    return found


PATHS = paths_to_fields()


def document(path: list[Step]) -> str:
    """Return the operation that asks the last field of a path, and below it its typename at most."""
    text = "" if is_leaf_type(get_named_type(path[-1][2].type)) else " { __typename }"
    for depth, (_, name, field) in reversed(list(enumerate(path))):
        arguments = ROOTS.get(name, "") if depth == 0 else ""
        if "first" in field.args:
            arguments = "(first: 2)"
        text = f" {name}{arguments}{text}" if depth == len(path) - 1 else f" {name}{arguments} {{{text} }}"
    return f"{path[0][0].name.lower()} {{{text} }}"


def wanted(path: list[Step]) -> frozenset[str]:
    """Return the roles that a path wants, by the rules above; resources in words of their own."""
    found = set[str]()
    for of, name, field in path:
        below = get_named_type(field.type)
        if of is SCHEMA.mutation_type:
            found.add("write")
        if of is SCHEMA.query_type and name in BY_ID:
            found.add("categories")  # the id that these tests give names one
            continue
        if of.name not in ("Query", "Mutation"):
            found.add(TYPES[of.name] or "")
        if not is_leaf_type(below):
            found.add(TYPES[below.name] or "")
        if (of.name, name) in SENSITIVE:
            found.add("sensitive")
    return frozenset(found - {""})


def grants(roles: frozenset[str], needs: frozenset[str]) -> bool:
    """Return whether roles grant what a path wants."""
    limits = roles & set(RESOURCES)
    resources = needs & set(RESOURCES)
    return needs - resources <= roles and (not limits or resources <= limits)


def bearer(roles: str) -> dict[str, str]:
    """Return the headers of a caller with these roles."""
    return {"Authorization": f"Bearer {TOKENS[roles].token.get_secret_value()}"}


@pytest.fixture
def ask(gateway: Gateway, tmp_path: Path) -> Ask:
    """Make a gateway that knows a token for each combination of roles."""
    file = tmp_path / "tokens"
    file.write_text("\n".join(made.line for made in TOKENS.values()))
    return gateway(
        Sandbox(), auth="tokens", tokens_file=file, mirror="on", requests_per_hour="unlimited", max_calls=100
    )


def codes(answer: dict) -> list[str]:
    """Return the codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


def test_every_type_is_in_the_table() -> None:
    """One that is new wants a row here, and is thought about."""
    found = {
        name
        for name, of in SCHEMA.type_map.items()
        if is_object_type(of) and not name.startswith("__") and name not in ("Query", "Mutation")
    }
    assert found == TYPES.keys()
    interfaces = [of.name for of in SCHEMA.type_map.values() if is_interface_type(of)]
    assert interfaces == ["Node"]


def test_every_field_is_reached() -> None:
    """The matrix leaves none out."""
    assert PATHS.keys() == {
        f"{name}.{field}"
        for name, of in SCHEMA.type_map.items()
        if is_object_type(of) and not name.startswith("__")
        for field in of.fields
    }
    assert len(PATHS) > 120


def test_the_gateway_has_a_rule_for_every_field() -> None:
    """One without is refused to everybody."""
    assert RULES.without_rule == []


@pytest.mark.parametrize("roles", ROLES)
async def test_every_field_is_answered_or_refused_by_the_rules(ask: Ask, roles: str) -> None:
    """What is refused is refused whole, before PlanDocket is asked; what is granted is answered."""
    wrong = []
    for place, path in PATHS.items():
        answer = await ask.answer(document(path), bearer(roles))
        is_refused = "FORBIDDEN" in codes(answer)
        if is_refused == grants(ROLES[roles], wanted(path)):
            wrong.append((place, document(path), answer))
        if is_refused and (ask.calls or (answer.get("data") and path[0][1] not in BY_ID)):
            wrong.append((place, "was asked", answer))
        if not is_refused and not answer.get("data"):
            wrong.append((place, "was not answered", answer))
    assert wrong == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer pdg_wrong"}, {"X-API-Key": "sandbox-key"}])
async def test_nobody_gets_nothing(ask: Ask, headers: dict[str, str]) -> None:
    """Not even PlanDocket's own key lets anyone in, nor is what they send looked at."""
    for body in (b'{"query": "{ __typename }"}', b'{"query": "{ events { totalCount } }"}', b"nonsense"):
        response = await ask.http.post(
            "/graphql", content=body, headers={**headers, "Content-Type": "application/json"}
        )
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
        assert codes(response.json()) == ["UNAUTHENTICATED"]
    assert ask.sandbox.calls == []


DEEP = {
    "through relations": "{ event(by: {databaseId: 1}) { participants { nodes { contact { email } } } } }",
    "through edges": "{ events { edges { node { contacts { edges { node { id } } } } } } }",
    "the count alone": "{ event(by: {databaseId: 1}) { title contacts { totalCount } } }",
    "its id alone": "{ event(by: {databaseId: 1}) { participants { nodes { contact { id } } } } }",
    "through a fragment": "{ events { nodes { ...E } } } fragment E on Event { ...F } "
    "fragment F on Event { contacts { nodes { __typename } } }",
    "an inline fragment on Node": '{ node(id: "RXZlbnQ6MQ==") { ... on Contact { email } ... on Event { title } } }',
    "a fragment on Node": '{ nodes(ids: ["RXZlbnQ6MQ=="]) { ...C } } fragment C on Contact { id }',
    "a fragment in a fragment on Node": '{ node(id: "RXZlbnQ6MQ==") { ...N } } '
    "fragment N on Node { id ... on Node { ... on Contact { id } } }",
    "an alias": "{ events: contacts { totalCount } }",
    "left out": "{ events { totalCount } contacts @skip(if: true) { totalCount } }",
    "of one among several": "query A { events { totalCount } } query B { contacts { totalCount } }",
}


@pytest.mark.parametrize("query", DEEP.values(), ids=DEEP)
async def test_a_caller_limited_to_events_and_participants_reaches_no_contact(ask: Ask, query: str) -> None:
    """At any depth, by any way."""
    body = {"query": query, "operationName": "B" if "query B" in query else None}
    response = await ask.http.post("/graphql", json=body, headers=bearer("write events participants"))
    assert codes(response.json()) == ["FORBIDDEN"]
    assert "data" not in response.json()
    assert "'contacts'" in response.json()["errors"][0]["message"]
    assert ask.sandbox.calls == []


async def test_the_operation_that_runs_is_the_one_that_is_looked_at(ask: Ask) -> None:
    """Another one of the document wants nothing, and one looked at before decides nothing."""
    query = "query A { events { totalCount } } query B { contacts { totalCount } }"
    for name, expected in (("A", []), ("B", ["FORBIDDEN"]), ("A", [])):
        body = {"query": query, "operationName": name}
        response = await ask.http.post("/graphql", json=body, headers=bearer("read events"))
        assert codes(response.json()) == expected


async def test_a_contact_by_its_global_id_is_refused_at_its_place(ask: Ask) -> None:
    """Only the id tells what it is: the others answer."""
    query = '{ nodes(ids: ["RXZlbnQ6MQ==", "Q29udGFjdDox"]) { __typename id ... on Event { title } } }'
    answer = await ask.answer(query, bearer("read events"))
    assert [bool(node) for node in answer["data"]["nodes"]] == [True, False]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["nodes", 1], "FORBIDDEN")
    ]
    assert ask.calls == ["GET events/1"]


async def test_what_is_kept_is_not_for_everyone(ask: Ask) -> None:
    """A caller who may not ask gets no kept answer, nor kept JSON; one who may gets both."""
    query = "{ participants(first: 3) { nodes { contact { email notes } } } }"
    first = await ask.answer(query, bearer("read sensitive"))
    kept = await ask.answer(query, bearer("read sensitive"))
    assert ask.calls == []
    assert first["data"] == kept["data"]
    for roles in ("read events", "read participants", "read", "write", "read sensitive contacts"):
        assert codes(await ask.answer(query, bearer(roles))) == ["FORBIDDEN"]
    assert (await ask.answer(query, bearer("write sensitive")))["data"] == first["data"]


GIVING_NOTES = {
    "as a text": ('mutation { createContact(input: {notes: "n"}) { contact { id } } }', {}),
    "as null": ("mutation { createContact(input: {rating: null}) { contact { id } } }", {}),
    "a variable in an input": (
        "mutation ($tax: String) { createContact(input: {taxId: $tax}) { contact { id } } }",
        {"tax": "t"},
    ),
    "an input as a variable": (
        "mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }",
        {"input": {"id": "Q29udGFjdDox", "taxId": "t"}},
    ),
    "a variable's default": (
        'mutation ($input: CreateContactInput! = {notes: "n"}) { createContact(input: $input) { contact { id } } }',
        {},
    ),
    "in a fragment, after a write that is granted": (
        'mutation ($input: CreateContactInput!) { createContact(input: {lastName: "A"}) { contact { id } } ...M } '
        "fragment M on Mutation { again: createContact(input: $input) { contact { id } } }",
        {"input": {"notes": None}},
    ),
}


@pytest.mark.parametrize(("query", "variables"), GIVING_NOTES.values(), ids=GIVING_NOTES)
async def test_who_does_not_see_notes_does_not_write_them(ask: Ask, query: str, variables: dict) -> None:
    """However they are given: nothing of the operation is sent. With the role, it is."""
    answer = await ask.answer(query, bearer("write"), **variables)
    assert codes(answer) == ["FORBIDDEN"]
    assert "'sensitive'" in answer["errors"][0]["message"]
    assert ask.calls == []
    assert codes(await ask.answer(query, bearer("write sensitive"), **variables)) == []
    assert ask.calls != []


async def test_the_same_write_without_them_is_granted(ask: Ask) -> None:
    """A variable is looked at, not suspected; what was found for another caller's values is not kept."""
    query, variables = GIVING_NOTES["an input as a variable"]
    for values, expected in (
        (variables, ["FORBIDDEN"]),
        ({"input": {"id": "Q29udGFjdDox", "city": "Bremen"}}, []),
        (variables, ["FORBIDDEN"]),
    ):
        assert codes(await ask.answer(query, bearer("write"), **values)) == expected


async def test_a_list_is_filtered_by_keys_of_what_is_not_shown(ask: Ask) -> None:
    """As PlanDocket's scopes have it: listing participants of an event takes participants alone."""
    query = (
        '{ participants(filter: {eventKey: "spring-fair-2027", customerNumber: "C-10001"}) { totalCount } }'
    )
    assert codes(await ask.answer(query, bearer("read participants"))) == []


async def test_a_participation_is_written_with_the_right_to_participants_alone(ask: Ask) -> None:
    """Event and contact are looked up with the held key; what comes back of them is that they are there."""
    query = (
        "mutation { createParticipant(input: {event: {databaseId: 2}, contact: {databaseId: 2}})"
        " { participant { id } userErrors { code } } }"
    )
    answer = await ask.answer(query, bearer("write participants"))
    assert codes(answer) == []
    assert codes(
        await ask.answer(query.replace("{ id }", "{ contact { id } }"), bearer("write participants"))
    ) == ["FORBIDDEN"]


def test_nothing_is_ordered_by_what_only_some_may_see() -> None:
    """The order of a list tells what it is ordered by; an argument of this kind would want a rule."""
    orders = [of for of in SCHEMA.type_map.values() if isinstance(of, GraphQLEnumType)]
    names = {value.replace("_", "").lower() for of in orders for value in of.values}
    assert "lastname" in names
    assert names.isdisjoint(field.lower() for _, field in SENSITIVE)


async def test_what_is_about_the_gateway_is_for_all_who_are_let_in(ask: Ask) -> None:
    """`__typename`, the schema, and what is left of the hour."""
    query = "{ __typename upstream { used } }"
    assert codes(await ask.answer(query, bearer("read events"))) == []
    assert ask.calls == []
