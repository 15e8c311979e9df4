# pyright: basic
"""What a filter, an order, a search or a count would tell a caller who may not read it: nothing, by whatever way."""

from dataclasses import replace
from pathlib import Path

import pytest
from asking import Ask, Gateway, Time
from mirror.mirroring import mirrored

from gateway.http.callers.tokens import new_token

ROLES = (
    *("read events participants", "read participants", "read contacts", "read contacts participants", "read"),
    "read sensitive",
)
TOKENS = {roles: new_token(roles.replace(" ", "-"), sorted(roles.split())) for roles in ROLES}
LIMITED = "read events participants"

NAME = 'contact: {search: "huber"}'
HIDDEN_FILTERS = {
    "itself": f"{{{NAME}}}",
    "an empty one": "{contact: {}}",
    "beside what is free": f"{{isConfirmed: true, {NAME}}}",
    "in not": f"{{not: {{{NAME}}}}}",
    "in or": f"{{or: [{{isConfirmed: true}}, {{{NAME}}}]}}",
    "in an object for a list": f"{{and: {{{NAME}}}}}",
    "deep": f"{{and: [{{or: [{{not: {{and: [{{{NAME}}}]}}}}]}}]}}",
    "a search": '{search: "huber"}',
    "a search in not": '{not: {search: "huber"}}',
}
PLACES = {
    "at the root": "{ participants(filter: %s, first: 0) { totalCount } }",
    "below a row": "{ event(by: {databaseId: 1}) { participants(filter: %s) { nodes { id } } } }",
    "a count": "{ participants(filter: %s) { facets { confirmed { count } } } }",
    "in a fragment": "{ ...F } fragment F on Query { participants(filter: %s) { pageInfo { endCursor } } }",
    "under an alias, left out": "{ events { totalCount } a: participants(filter: %s) @skip(if: true) { totalCount } }",
    "in a list of edges": "{ events { edges { node { participants(filter: %s) { totalCount } } } } }",
}
VARIABLES = {
    "a filter": (
        "query($f: ParticipantFilter) { participants(filter: $f) { totalCount } }",
        {"f": {"not": {"contact": {"cities": ["Lyon"]}}}},
    ),
    "a filter of contacts": (
        "query($c: ContactFilter) { participants(filter: {or: [{contact: $c}]}) { totalCount } }",
        {"c": {"search": "x"}},
    ),
    "a text": (
        "query($s: String) { participants(filter: {search: $s}) { totalCount } }",
        {"s": "x"},
    ),
    "a list": (
        "query($l: [ParticipantFilter!]) { participants(filter: {and: $l}) { totalCount } }",
        {"l": [{"isConfirmed": True}, {"search": "x"}]},
    ),
    "an object for a list": (
        "query($l: [ParticipantFilter!]) { participants(filter: {or: $l}) { totalCount } }",
        {"l": {"contact": {}}},
    ),
    "a default": ('query($s: String = "x") { participants(filter: {search: $s}) { totalCount } }', {}),
    "a default that is an object": (
        "query($f: ParticipantFilter = {contact: {}}) { participants(filter: $f) { totalCount } }",
        {},
    ),
    "an order": (
        "query($o: [ParticipantOrder!]) { participants(orderBy: $o) { totalCount } }",
        {"o": [{"field": "ID"}, {"field": "CONTACT_LAST_NAME"}]},
    ),
    "an order that is no list": (
        "query($o: [ParticipantOrder!]) { participants(orderBy: $o) { totalCount } }",
        {"o": {"field": "CONTACT_CITY"}},
    ),
    "an order's field": (
        "query($f: ParticipantOrderField!) { participants(orderBy: [{field: ID}, {field: $f}]) { totalCount } }",
        {"f": "CONTACT_COMPANY_NAME"},
    ),
    "the default of an order's field": (
        "query($f: ParticipantOrderField! = CONTACT_CUSTOMER_NUMBER) "
        "{ participants(orderBy: {field: $f}) { totalCount } }",
        {},
    ),
    "an order in a literal": (
        "{ participants(orderBy: {field: CONTACT_LAST_NAME}) { pageInfo { endCursor } } }",
        {},
    ),
}


def bearer(roles: str) -> dict[str, str]:
    """Return the headers of a caller with these roles."""
    return {"Authorization": f"Bearer {TOKENS[roles].token.get_secret_value()}"}


def knowing(gateway: Gateway, time: Time, folder: Path) -> Ask:
    """Return a gateway that knows a token for each combination of roles, and may mirror."""
    file = folder / "tokens"
    file.write_text("\n".join(made.line for made in TOKENS.values()))
    return mirrored(gateway, time, auth="tokens", tokens_file=file, requests_per_hour="unlimited")


@pytest.fixture(scope="module")
def ask(module_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Make one that is only asked for what it refuses: it never holds anything that would hide a request."""
    return knowing(module_gateway, Time(), tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def answering(module_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Make one for what is answered."""
    return knowing(module_gateway, Time(), tmp_path_factory.mktemp("tokens"))


async def codes(ask: Ask, roles: str, query: str, **variables) -> list[str]:
    """Return the codes of an answer's errors."""
    answer = await ask.answer(query, bearer(roles), **variables)
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


async def refused(ask: Ask, roles: str, lacks: str, query: str, **variables) -> None:
    """Hold an operation to be refused whole, for the lack of a role, before PlanDocket is asked."""
    answer = await ask.answer(query, bearer(roles), **variables)
    [error] = answer["errors"]
    assert "data" not in answer
    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert error["message"].startswith(f"Your token lacks the role '{lacks}', which this needs.")
    assert ask.calls == []


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("wanted", HIDDEN_FILTERS.values(), ids=HIDDEN_FILTERS)
async def test_contacts_are_not_found_out_by_filters(ask: Ask, wanted: str, place: str) -> None:
    """Whoever may not read them gets no count, no row and no cursor that hangs on them."""
    await refused(ask, LIMITED, "contacts", place.replace("%s", wanted))


@pytest.mark.parametrize(("query", "variables"), VARIABLES.values(), ids=VARIABLES)
async def test_contacts_are_not_found_out_by_variables(
    ask: Ask, answering: Ask, query: str, variables: dict
) -> None:
    """Nor by defaults, nor by orders. Who may read contacts is answered."""
    await refused(ask, LIMITED, "contacts", query, **variables)
    assert await codes(answering, "read contacts participants", query, **variables) == []


@pytest.mark.parametrize(
    ("roles", "lacks", "query"),
    [
        ("read participants", "events", "{ participants(filter: {event: {}}) { totalCount } }"),
        ("read participants", "events", "{ participants(orderBy: {field: EVENT_TITLE}) { totalCount } }"),
        ("read participants", "events", "{ participants { facets { events { count } } } }"),
        (
            "read participants",
            "categories",
            "{ participants(orderBy: {field: CATEGORY_TITLE}) { totalCount } }",
        ),
        ("read participants", "categories", "{ participants { facets { categories { count } } } }"),
        ("read contacts", "categories", "{ contacts { facets { categories { count } } } }"),
        ("read", "sensitive", "{ contacts(filter: {ratings: [5]}) { totalCount } }"),
        ("read", "sensitive", "{ contacts(filter: {not: {ratings: []}}) { facets { cities { count } } } }"),
        ("read", "sensitive", "{ participants(filter: {contact: {or: [{ratings: 1}]}}) { totalCount } }"),
        (
            "read",
            "sensitive",
            "{ event(by: {databaseId: 1}) { contacts(filter: {ratings: [1]}) { totalCount } } }",
        ),
    ],
)
async def test_what_else_is_not_found_out(
    ask: Ask, answering: Ask, roles: str, lacks: str, query: str
) -> None:
    """Other resources' rows, and what `sensitive` shows. With that role it is answered."""
    await refused(ask, roles, lacks, query)
    assert await codes(answering, "read sensitive", query) == []


@pytest.mark.parametrize("name", ["$r", "[$n]"])
async def test_ratings_are_not_found_out_by_variables(ask: Ask, name: str) -> None:
    """Whichever part of the filter they are."""
    declared = {"$r": "[Int!]", "[$n]": "Int!"}[name]
    wanted = f"{{and: [{{ratings: {name}}}]}}"
    query = f"query({name.strip('[]')}: {declared}) {{ contacts(filter: {wanted}) {{ totalCount }} }}"
    await refused(ask, "read", "sensitive", query, r=[5], n=5)


@pytest.mark.parametrize(
    "query",
    [
        '{ participants(filter: {customerNumber: "C-10001", eventKey: "spring-fair-2026"}) { totalCount } }',
        '{ participants(filter: {contacts: [{databaseId: 1}, {customerNumber: "C-10001"}]}) { totalCount } }',
        '{ participants(filter: {events: [{eventKey: "spring-fair-2026"}], categories: [{categoryKey: "wood"}]}) '
        "{ totalCount } }",
        "{ participants(filter: {contact: null, search: null, event: null}) { totalCount } }",
        "{ participants(orderBy: [{field: CREATED_AT}, {field: ID}]) { facets { confirmed { count } } } }",
        "query($c: ContactFilter, $s: String) { participants(filter: {contact: $c, search: $s}) { totalCount } }",
    ],
)
async def test_ids_and_natural_keys_are_free(answering: Ask, query: str) -> None:
    """They tell no more than that something bears them; and null is as not given."""
    assert await codes(answering, "read participants", query) == []


FOUND = (
    "query($s: String) { contacts(filter: {search: $s}, first: 100) { totalCount edges { cursor node { id } } "
    "facets { cities(first: 100) { value count } } } participants(filter: {search: $s}, first: 100) "
    "{ totalCount edges { cursor node { id } } } some: participants(filter: {contact: {search: $s}}, first: 100) "
    "{ totalCount edges { cursor } } }"
)


async def found(ask: Ask, text: str, roles: str) -> dict:
    """Return all that a search tells a caller."""
    answer = await ask.answer(FOUND, bearer(roles), s=text)
    assert "errors" not in answer
    return answer["data"]


@pytest.mark.parametrize("column", ["notes", "tax_id"])
@pytest.mark.parametrize("text", ["quixotic", "quixotic huber", "qu"])
async def test_what_is_private_is_not_found_out_by_a_search(
    gateway: Gateway, time: Time, tmp_path: Path, column: str, text: str
) -> None:
    """Nothing that a caller without `sensitive` is told hangs on it: rows, order, counts, cursors.

    Not behind a caller who sees it either, whose answers are kept.
    """
    ask = knowing(gateway, time, tmp_path)
    table = ask.sandbox.tables.contacts
    rows = [row for row in table if row.last_name == "Huber"]
    await found(ask, "x", "read")  # all rows are held from now on
    without = await found(ask, text, "read")
    for row in rows[::2]:
        table.put(replace(row, **{column: "Huber is quixotic"}))
    time.seconds += 3_000
    await found(ask, text, "read sensitive")
    time.seconds += 3_000
    seen = await found(ask, text, "read sensitive")
    assert (seen["contacts"]["totalCount"] > 0) is (text != "qu")
    assert await found(ask, text, "read") == without
    assert len(rows) > 4


async def test_how_well_a_search_finds_a_row_does_not_show_what_is_private(
    gateway: Gateway, time: Time, tmp_path: Path
) -> None:
    """Where a word is in a name as well, a note does not move the row."""
    ask = knowing(gateway, time, tmp_path)
    table = ask.sandbox.tables.contacts
    await found(ask, "x", "read")  # all rows are held from now on
    before = await found(ask, "huber", "read")
    assert before["contacts"]["totalCount"] > 4
    for row in list(table)[::3]:
        table.put(replace(row, notes="huber", tax_id="huber"))
    time.seconds += 3_000
    await found(ask, "huber", "read sensitive")
    time.seconds += 3_000
    assert (await found(ask, "huber", "read sensitive"))["contacts"]["totalCount"] > 100
    assert await found(ask, "huber", "read") == before
