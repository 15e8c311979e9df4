# pyright: basic
"""setParticipantsConfirmed: a write for each id, a result for each, in order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from asking import in_turn
from writing.mutations import NOW, SOME_WAYS, WAYS, gid, now, state, write, writes

from gateway.sandbox import Dialect, Sandbox

MOMENT = datetime.fromtimestamp(NOW, UTC)
FIELD = "setParticipantsConfirmed"


def numbered(tables, count):
    """Return the ids of the first participations whose contacts have a number, the last one first."""
    rows = (p.id for p in tables.participants if tables.contacts.get(p.contact_id).customer_number)
    return [next(rows) for _ in range(count)][::-1]


def given(ids, is_confirmed=True):
    """Return the input for these participations."""
    return {
        "ids": [one if isinstance(one, str) else gid("Participant", one) for one in ids],
        "isConfirmed": is_confirmed,
    }


@pytest.mark.parametrize(("way", "is_confirmed"), in_turn(WAYS, [True, False]), indirect=["way"])
async def test_many_are_confirmed(way, is_confirmed):
    """The results come in the order of the ids, each with its participation as it is now."""
    ask, tables = way.ask, way.ask.sandbox.tables
    ids, before = numbered(tables, 5), state(way.ask.sandbox)
    entity = "participant { databaseId isConfirmed event { eventKey } contact { email } }"
    payload = await write(ask, FIELD, given(ids, is_confirmed), entity)

    rows = [tables.participants.get(row_id) for row_id in ids]
    assert payload["results"] == [
        {
            "participantId": gid("Participant", row.id),
            "userErrors": [],
            "participant": {
                "databaseId": row.id,
                "isConfirmed": is_confirmed,
                "event": {"eventKey": tables.events.get(row.event_id).event_key},
                "contact": {"email": tables.contacts.get(row.contact_id).email},
            },
        }
        for row in rows
    ]
    after = [
        replace(p, is_confirmed=is_confirmed, updated_at=MOMENT) if p.id in ids else p
        for p in before["participants"]
    ]
    assert state(ask.sandbox) == {**before, "participants": after}
    assert sorted((r.method, r.path) for r in writes(ask.sandbox)) == sorted(
        (way.method, f"participants/{row_id}") for row_id in ids
    )


async def test_the_body_is_the_one_field(ask):
    """PATCH says nothing of event and contact."""
    await write(ask, FIELD, given([7, 3]))

    assert [request.body for request in writes(ask.sandbox)] == [{"is_confirmed": True}] * 2


async def test_an_id_given_twice_is_written_once(way):
    """It has a result at each of its places."""
    first, second = numbered(way.ask.sandbox.tables, 2)
    ids = [first, second, first]
    payload = await write(way.ask, FIELD, given(ids), "participant { databaseId isConfirmed }")

    assert [result["participant"] for result in payload["results"]] == [
        {"databaseId": row_id, "isConfirmed": True} for row_id in ids
    ]
    assert sorted(request.path for request in writes(way.ask.sandbox)) == sorted(
        [f"participants/{first}", f"participants/{second}"]
    )


async def test_a_hundred(wired):
    """As many as a page holds, for a request each."""
    async with wired({}) as (ask, _):
        payload = await write(ask, FIELD, given(range(1, 101)), "participant { isConfirmed }")

        assert [result["participantId"] for result in payload["results"]] == given(range(1, 101))["ids"]
        assert sorted(ask.calls) == sorted(f"PATCH participants/{row_id}" for row_id in range(1, 101))


async def test_a_hundred_and_one(ask):
    """More are refused as a whole, and nothing is sent."""
    payload = await write(ask, FIELD, given(range(1, 102)))

    assert payload == {
        "userErrors": [
            {
                "message": "'ids' must have at most 100 entries, not 101: send 100 at a time.",
                "field": ["input", "ids"],
                "code": "VALIDATION_FAILED",
            }
        ],
        "results": [],
    }
    assert ask.calls == []


async def test_none(ask):
    """No ids, no results, no requests."""
    assert await write(ask, FIELD, given([])) == {"userErrors": [], "results": []}
    assert ask.calls == []


@pytest.mark.parametrize(
    ("some_way", "bad"),
    in_turn(SOME_WAYS, ["x", gid("Event", 1), "", gid("Participant", 0)]),
    indirect=["some_way"],
)
async def test_a_bad_id_spares_the_others(some_way, bad):
    """It tells its own, at its place."""
    first, second = numbered(some_way.ask.sandbox.tables, 2)
    ids = [first, bad, second]
    payload = await write(some_way.ask, FIELD, given(ids), "participant { databaseId }")

    results = payload["results"]
    assert [result["participant"] for result in results] == [
        {"databaseId": first},
        None,
        {"databaseId": second},
    ]
    [error] = results[1]["userErrors"]
    assert (error["code"], error["field"]) == ("VALIDATION_FAILED", ["input", "ids", "1"])
    assert results[1]["participantId"] == bad
    assert len(writes(some_way.ask.sandbox)) == 2


async def test_an_unknown_id_spares_the_others(some_way):
    """It tells its own, at each of its places."""
    first, second = numbered(some_way.ask.sandbox.tables, 2)
    ids = [9999, first, 9999, second]
    payload = await write(some_way.ask, FIELD, given(ids), "participant { isConfirmed }")

    found = [
        (result["participant"], [(e["code"], e["field"]) for e in result["userErrors"]])
        for result in payload["results"]
    ]
    assert found == [
        (None, [("NOT_FOUND", ["input", "ids", "0"])]),
        ({"isConfirmed": True}, []),
        (None, [("NOT_FOUND", ["input", "ids", "2"])]),
        ({"isConfirmed": True}, []),
    ]


async def test_a_spent_hour_spares_what_came_before(gateway):
    """What PlanDocket took is told; after its first refusal nothing more is sent, and the rest is told so."""
    ask = gateway(Sandbox(per_hour=2, now=now))
    payload = await write(ask, FIELD, given([1, 2, 3, 4]), "participant { databaseId }")

    codes = [[error["code"] for error in result["userErrors"]] for result in payload["results"]]
    assert sorted(codes) == [[], [], ["RATE_LIMITED"], ["RATE_LIMITED"]]
    assert [result["participant"] is None for result in payload["results"]] == [bool(c) for c in codes]
    assert len(writes(ask.sandbox)) == 3


async def test_a_put_of_one_without_a_number_spares_the_others(replacing):
    """Its contact cannot be sent; it tells so at its place, and is not written."""
    tables = replacing.sandbox.tables
    [good] = numbered(tables, 1)
    bad = next(p for p in tables.participants if not tables.contacts.get(p.contact_id).customer_number)
    payload = await write(replacing, FIELD, given([bad.id, good]), "participant { databaseId }")

    assert [result["participant"] for result in payload["results"]] == [None, {"databaseId": good}]
    [error] = payload["results"][0]["userErrors"]
    assert (error["code"], error["field"]) == ("MISSING_CUSTOMER_NUMBER", ["input", "ids", "0"])
    assert tables.participants.get(bad.id) == bad
    assert [request.path for request in writes(replacing.sandbox)] == [f"participants/{good}"]


async def test_what_results_cost(wired):
    """A write an id, and a read each only where the answer does not tell the row."""
    calls = {}
    for answers in ("full", "id", "empty"):
        async with wired({}, Dialect(writes=answers)) as (ask, _):
            await write(ask, FIELD, given([1, 2]), "participant { isConfirmed }")
            calls[answers] = sorted(ask.calls)

    patches = ["PATCH participants/1", "PATCH participants/2"]
    reads = ["GET participants/1", "GET participants/2"]
    assert calls == {"full": patches, "id": [*reads, *patches], "empty": [*reads, *patches]}
