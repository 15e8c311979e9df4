# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Global ids: `node`, `nodes`, and what is no id."""

import base64

import pytest

from gateway.graph.global_id import global_ids

KINDS = ["Participant", "Event", "Contact", "Category"]
PATHS = {
    "Participant": "participants",
    "Event": "events",
    "Contact": "contacts",
    "Category": "categories",
}
NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id databaseId } }"


def encode(text):
    """Return the text in base64."""
    return base64.b64encode(text.encode()).decode()


BAD = {
    "empty": "",
    "plain text": "abc",
    "no base64": "%%%",
    "a path": encode("../events:1"),
    "a path as number": encode("Event:../1"),
    "zero": encode("Participant:0"),
    "negative": encode("Participant:-1"),
    "leading zero": encode("Participant:01"),
    "too large": encode("Participant:99999999999"),
    "larger than an Int": encode("Participant:2147483648"),
    "no number": encode("Participant:"),
    "a fraction": encode("Participant:1.5"),
    "trailing newline": encode("Participant:1\n"),
    "trailing text": encode("Participant:1?include=event"),
    "another type": encode("User:1"),
    "the interface": encode("Node:1"),
    "lower case": encode("participant:1"),
    "other digits": encode("Participant:\u0661"),
    "bytes that are no text": base64.b64encode(b"\xff\xfe:1").decode(),
    "non-ASCII": "ÿ€",
    "surrounding space": f" {encode('Participant:1')} ",
    "without padding": encode("Participant:12").rstrip("="),
    "url alphabet": "UGFydGljaXBhbnQ6MQ-_",
    "the integer": "1",
    "a cursor": encode("participants:1"),
    "very long": encode("Participant:1") * 1000,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_node(gateway, dialect, kind):
    """A global id finds its entity in every dialect, in one request."""
    ask = gateway(dialect)
    data = await ask("query($id: ID!) { node(id: $id) { __typename id databaseId } }", id=encode(f"{kind}:3"))

    assert data["node"] == {"__typename": kind, "id": encode(f"{kind}:3"), "databaseId": 3}
    assert ask.calls == [f"GET {PATHS[kind]}/3"]


@pytest.mark.parametrize("kind", KINDS)
async def test_unknown_node(gateway, dialect, kind):
    """The id of an entity that is gone is null, without an error."""
    ask = gateway(dialect)

    assert await ask("query($id: ID!) { node(id: $id) { id } }", id=encode(f"{kind}:99999")) == {"node": None}


@pytest.mark.parametrize("kind", KINDS)
async def test_the_largest_id(ask, kind):
    """The largest integer GraphQL has is a well-formed id."""
    data = await ask("query($id: ID!) { node(id: $id) { id } }", id=encode(f"{kind}:2147483647"))

    assert data == {"node": None}


async def test_nodes_keep_their_order(gateway, dialect):
    """Entities come in the order of their ids, unknown ones null, repeated ones repeated."""
    ask = gateway(dialect)
    wanted = [("Contact", 5), ("Event", 2), ("Event", 999), ("Category", 1), ("Participant", 8), ("Event", 2)]
    data = await ask(NODES, ids=[encode(f"{kind}:{row_id}") for kind, row_id in wanted])

    assert data["nodes"] == [
        None
        if row_id == 999
        else {"__typename": kind, "id": encode(f"{kind}:{row_id}"), "databaseId": row_id}
        for kind, row_id in wanted
    ]


async def test_no_nodes(ask):
    """No ids, no nodes, no requests."""
    assert await ask(NODES, ids=[]) == {"nodes": []}
    assert ask.calls == []


async def test_a_bad_id_spares_the_others(ask):
    """A bad id is null with an error at its own place."""
    answer = await ask.answer(NODES, ids=[encode("Event:1"), "abc", encode("Contact:1"), encode("User:1")])

    assert [node and node["__typename"] for node in answer["data"]["nodes"]] == [
        "Event",
        None,
        "Contact",
        None,
    ]
    assert sorted(error["path"] for error in answer["errors"]) == [["nodes", 1], ["nodes", 3]]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    assert sorted(ask.calls) == ["GET contacts/1", "GET events/1"]


async def test_a_hundred_nodes(ask):
    """A hundred ids are answered."""
    data = await ask(NODES, ids=[encode(f"Participant:{n}") for n in range(1, 101)])

    assert [node["databaseId"] for node in data["nodes"]] == list(range(1, 101))


async def test_more_than_a_hundred_nodes(ask):
    """More ids are refused before any request."""
    answer = await ask.answer(NODES, ids=[encode("Event:1")] * 101)

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "at most 100" in error["message"]
    assert ask.calls == []


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_bad_ids(ask, bad):
    """What is no id of this gateway is refused, and never becomes a request."""
    error = await ask.error("query($id: ID!) { node(id: $id) { id } }", id=bad)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "send an 'id' that a query returned" in error["message"]
    assert error["path"] == ["node"]
    assert ask.calls == []


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_bad_ids_in_by(ask, bad):
    """What is no id of this gateway is refused by each look-up."""
    fields = [kind.lower() for kind in KINDS]
    lookups = " ".join("%s(by: {id: $id}) { id }" % field for field in fields)
    answer = await ask.answer("query($id: ID!) { %s }" % lookups, id=bad)

    assert answer["data"] == dict.fromkeys(fields)
    assert sorted(error["path"] for error in answer["errors"]) == sorted([field] for field in fields)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    assert ask.calls == []


@pytest.mark.parametrize(
    ("kind", "other"), [(kind, other) for kind in KINDS for other in KINDS if kind != other]
)
async def test_an_id_of_another_type_in_by(ask, kind, other):
    """A look-up takes ids of its own type only, and says which."""
    error = await ask.error(
        "query($id: ID!) { %s(by: {id: $id}) { id } }" % kind.lower(), id=encode(f"{other}:1")
    )

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert f"id of type {other}" in error["message"]
    assert f"id of type {kind}" in error["message"]
    assert ask.calls == []


async def test_ids_are_the_same_everywhere(ask):
    """An entity has one id, however it was reached."""
    data = await ask(
        "{ participants(first: 1) { nodes { event { id } contact { id } full: event { id title } } } }"
    )
    row = ask.sandbox.tables.participants.get(1)
    node = data["participants"]["nodes"][0]

    assert node["event"]["id"] == node["full"]["id"] == encode(f"Event:{row.event_id}")
    assert node["contact"]["id"] == encode(f"Contact:{row.contact_id}")


def test_global_ids_are_kept_within_bounds():
    """However many are asked for, some of a kind are kept, and each is as it was."""
    ids = global_ids("Bounded")
    for row_id in range(1, 60_000):
        assert ids[row_id] == encode(f"Bounded:{row_id}")

    assert len(ids) <= 25_000
    assert ids[7] == encode("Bounded:7")
