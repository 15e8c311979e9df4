# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""A relation by an empty key is as one by null: never a list of everything, never a request that must fail."""

from dataclasses import replace

import pytest
from asking import Time
from odd import Odd, only
from writing.mutations import answer_to, gid, refused, writes

from gateway.sandbox import Sandbox

EMPTY = ["", " ", "\t\n", None]


@pytest.fixture(params=EMPTY, ids=["empty", "a blank", "blanks", "null"])
def empty(request):
    """Take each way in which a key may be none."""
    return request.param


@pytest.fixture
def ask(gateway):
    """Make a gateway on whose way to PlanDocket cells are changed."""

    def make(path, row_id, **cells):
        sandbox = Sandbox()
        return gateway(sandbox, transport=Odd(sandbox, only(path, row_id, **cells)), mirror="on", time=Time())

    return make


async def test_a_category_without_a_key(ask, empty):
    """No filter names it: its contacts are not told, and not asked for."""
    ask = ask("categories", 5, category_key=empty)
    data = await ask("{ category(by: {databaseId: 5}) { categoryKey contacts { totalCount } } }")

    assert data == {"category": {"categoryKey": empty, "contacts": None}}
    assert ask.calls == ["GET categories/5"]


async def test_an_event_without_a_key(ask, empty):
    """Its participants, contacts and their number, likewise."""
    ask = ask("events", 1, event_key=empty, participant_count=...)
    answer = await ask.answer(
        "{ event(by: {databaseId: 1}) { participants { totalCount } contacts { totalCount } participantCount } }"
    )

    assert answer["data"] == {"event": {"participants": None, "contacts": None, "participantCount": None}}
    assert [call.partition("?")[0] for call in ask.calls] == ["GET events/1"] * len(ask.calls)


async def test_a_contact_without_a_number(ask, empty):
    """Its participations are found among all, and nobody else's are told as its own."""
    ask = ask("contacts", 7, customer_number=empty)
    data = await ask(
        "{ contact(by: {databaseId: 7}) { participations(first: 100) { nodes { databaseId } } } }"
    )

    own = [row.id for row in ask.sandbox.tables.participants if row.contact_id == 7]
    assert [node["databaseId"] for node in data["contact"]["participations"]["nodes"]] == own
    assert not [call for call in ask.calls if "customer_number" in call]


async def test_a_contact_without_a_number_whose_events_no_include_tells(ask, empty):
    """They are found likewise."""
    ask = ask("contacts", 7, customer_number=empty, events=...)
    data = await ask("{ contact(by: {databaseId: 7}) { events { databaseId } } }")

    own = {row.event_id for row in ask.sandbox.tables.participants if row.contact_id == 7}
    assert {node["databaseId"] for node in data["contact"]["events"]} == own
    assert not [call for call in ask.calls if "customer_number" in call]


@pytest.mark.parametrize("keys", [[""], [" "], ["", " ", None], ["", "boat-show-2026"]])
async def test_empty_keys_among_those_of_a_category(ask, keys):
    """They name no event, and nothing is searched for them."""
    ask = ask("categories", 8, event_keys=keys)
    data = await ask("{ category(by: {databaseId: 8}) { events { eventKey } } }")

    named = [key for key in keys if key and key.strip()]
    assert data == {"category": {"events": [{"eventKey": key} for key in named]}}
    assert ask.calls == ["GET categories/8", *(f"GET events?search={key}" for key in named)]


@pytest.mark.parametrize("key", [0, "0", -1, "", None, []])
async def test_foreign_keys_that_lead_nowhere(ask, key):
    """PlanDocket counts from 1. What is kept says so, too: nothing is asked again."""
    ask = ask("participants", 1, event_id=key, contact_id=key, event=None, contact=None)
    query = "{ participant(by: {databaseId: 1}) { event { id title } contact { id email } } }"
    for calls in (["GET participants/1?include=contact,event"], []):
        assert (await ask.answer(query))["data"] == {"participant": {"event": None, "contact": None}}
        assert ask.calls == calls


@pytest.mark.parametrize("key", [0, "0", -1, "", None])
async def test_a_parent_that_is_none(ask, key):
    """A root has none."""
    ask = ask("categories", 8, parent_category_id=key)

    assert await ask("{ category(by: {databaseId: 8}) { parent { id } } }") == {"category": {"parent": None}}
    assert ask.calls == ["GET categories/8"]


@pytest.mark.parametrize("key", ["", " ", "\t"])
@pytest.mark.parametrize(
    "by",
    [
        "event(by: {eventKey: $key})",
        "contact(by: {customerNumber: $key})",
        "category(by: {categoryKey: $key})",
    ],
)
async def test_nothing_is_found_by_an_empty_key(gateway, by, key):
    """Nothing is asked either."""
    ask = gateway()
    data = await ask("query ($key: String!) { %s { id } }" % by, key=key)

    assert list(data.values()) == [None]
    assert ask.calls == []


@pytest.mark.parametrize("key", ["", " ", "\t"])
@pytest.mark.parametrize(
    "field",
    [
        "participants(filter: {eventKey: $key})",
        "participants(filter: {customerNumber: $key})",
        "contacts(filter: {categoryKey: $key})",
        "contacts(filter: {eventKey: $key})",
    ],
)
async def test_a_filter_of_blanks_is_refused(gateway, field, key):
    """It would let all through."""
    ask = gateway()
    error = await ask.error("query ($key: String!) { %s { totalCount } }" % field, key=key)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "must not be empty" in error["message"]
    assert ask.calls == []


# Written.


@pytest.mark.parametrize("number", ["", " "])
async def test_a_contact_with_an_empty_number_cannot_take_part(ask, number):
    """As one without."""
    ask = ask("contacts", 7, customer_number=number)
    found = await refused(
        ask, "createParticipant", {"event": {"databaseId": 1}, "contact": {"databaseId": 7}}
    )

    assert found == ("MISSING_CUSTOMER_NUMBER", ["input", "contact"])
    assert writes(ask.sandbox) == []


@pytest.mark.parametrize(
    ("path", "column", "given", "place"),
    [
        ("events", "event_key", {"events": [{"databaseId": 5}]}, ["input", "events", "0"]),
        ("categories", "category_key", {"categories": [{"databaseId": 5}]}, ["input", "categories", "0"]),
    ],
)
async def test_a_row_with_an_empty_key_cannot_be_named(ask, path, column, given, place):
    """An empty key would name none, or all of them."""
    ask = ask(path, 5, **{column: " "})

    assert await refused(ask, "updateContact", {"id": gid("Contact", 1), **given}) == ("NOT_FOUND", place)
    assert writes(ask.sandbox) == []


async def test_a_put_of_a_participation_whose_event_has_an_empty_key(gateway):
    """It could not be sent whole."""
    sandbox = Sandbox()
    row = next(p for p in sandbox.tables.participants if p.event_id == 5)
    sandbox.tables.events.put(replace(next(e for e in sandbox.tables.events if e.id == 5), event_key=" "))
    ask = gateway(sandbox, update_method="PUT")
    answer = await answer_to(
        ask, "updateParticipant", {"id": gid("Participant", row.id), "isConfirmed": True}
    )

    assert "give 'event'" in answer["errors"][0]["message"]
    assert writes(sandbox) == []
