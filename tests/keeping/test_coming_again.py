# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""What an operation is told that the hour refuses: repeated then it is answered, a second earlier it is not."""

import pytest
from asking import Time
from keeping.wires import Wire, gid

from gateway.sandbox import Sandbox

THREE_LISTS = "{ events { nodes { id } } contacts { nodes { id } } participants { nodes { id } } }"
LAST_PAGE = "{ participants(last: 5) { nodes { id } } }"
WALK = "{ nodes(ids: [%s]) { id ... on Contact { city } } }" % ", ".join(
    f'"{gid("Contact", one)}"' for one in range(1, 300, 5)
)
TWO_STEPS = '{ event(by: {eventKey: "spring-fair-2026"}) { participants { nodes { id } } } }'
CATEGORY = "{ category(by: {databaseId: %d}) { title } }"
CONFIRM = (
    "mutation($ids: [ID!]!) { setParticipantsConfirmed(input: {ids: $ids, isConfirmed: true})"
    " { results { userErrors { code message } } } }"
)


def codes(answer):
    """Return the codes of an answer's errors."""
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


async def repeated(gateway, query, *, spent, per_hour, later, **settings):
    """Return what is answered to an operation that comes again `later` than it was told, and what it sent first.

    So many requests were sent before, ten seconds apart; the hour has `per_hour`, a tenth of them for writes.
    """
    time = Time(1_000_000.0)
    ask = gateway(Sandbox(), time=time, requests_per_hour=per_hour, **settings)
    for number in range(spent):
        await ask(CATEGORY % (number + 1))
        time.seconds += 10
    refused = await ask.answer(query)
    sent = len(ask.calls)
    assert set(codes(refused)) == {"UPSTREAM_RATE_LIMITED"}
    seconds = max(error["extensions"]["retryAfter"] for error in refused["errors"])
    time.seconds += seconds + later
    return codes(await ask.answer(query)), sent


@pytest.mark.parametrize(
    ("query", "spent", "per_hour", "sent"),
    [
        (THREE_LISTS, 7, 10, 2),
        (THREE_LISTS, 9, 10, 0),
        (LAST_PAGE, 8, 10, 1),
        (TWO_STEPS, 8, 10, 1),
        # A page told that two more are needed: the one that is left would be in vain.
        (WALK, 7, 10, 1),
    ],
)
@pytest.mark.parametrize("mirror", ["on", "off"])
@pytest.mark.parametrize("later", [0, -1])
async def test_an_operation_of_several_requests(gateway, query, spent, per_hour, sent, mirror, later):
    """When all that it has to send again can be sent, not when the next one can."""
    found, first = await repeated(gateway, query, spent=spent, per_hour=per_hour, later=later, mirror=mirror)

    assert first == sent
    assert set(found) == (set() if later == 0 else {"UPSTREAM_RATE_LIMITED"})


@pytest.mark.parametrize("later", [0, -1])
async def test_what_is_still_fresh_then_is_not_waited_for(gateway, time, later):
    """Two of three lists are kept: the third is answered as soon as one request leaves the hour."""
    ask = gateway(time=time, requests_per_hour=10, mirror="on")
    for number in range(7):
        await ask(CATEGORY % (number + 1))
        time.seconds += 10
    time.seconds += 3600 - 70 - 20
    error = await ask.error(THREE_LISTS)

    assert error["extensions"]["retryAfter"] == 20
    time.seconds += 20 + later
    assert codes(await ask.answer(THREE_LISTS)) == ([] if later == 0 else ["UPSTREAM_RATE_LIMITED"])


async def test_a_pause_does_not_hide_a_longer_wait(gateway, time):
    """PlanDocket asks for a pause of five seconds, and told before that it has nothing left for ten minutes."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire, time=time)
    wire.fault = "429"
    wire.headers = {
        "Retry-After": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(time.seconds + 600)),
    }
    error = await ask.error("{ events { nodes { id } } }")

    assert error["extensions"]["retryAfter"] == 600
    assert "600 s" in error["message"]


async def test_one_burst_of_writes_does_not_stop_reads(gateway, time):
    """A fresh gateway, 77 confirmations in its first minute: then all is read that is not kept."""
    ask = gateway(time=time, mirror="on", tell_cost="on")
    await ask("{ participants(first: 100) { nodes { id } } }")
    time.seconds += 20
    data = await ask(CONFIRM, ids=[gid("Participant", one) for one in range(1, 78)])
    assert not any(one["userErrors"] for one in data["setParticipantsConfirmed"]["results"])

    for number in range(100):
        time.seconds += 1
        await ask('{ contacts(filter: {search: "%d"}) { nodes { city } } }' % number)
        assert len(ask.calls) == 1
    assert (await ask("{ upstream { remaining } }"))["upstream"]["remaining"] == 1000 - 1 - 77 - 100


@pytest.mark.parametrize("later", [0, -1])
async def test_many_writes_of_one_operation(gateway, later):
    """Those that were refused say when the whole operation could be sent again."""
    time = Time(1_000_000.0)
    ask = gateway(Sandbox(), time=time, requests_per_hour=12)
    for number in range(8):
        await ask(CATEGORY % (number + 1))
        time.seconds += 10
    ids = [gid("Participant", one) for one in range(1, 9)]
    data = await ask(CONFIRM, ids=ids)
    errors = [one["userErrors"] for one in data["setParticipantsConfirmed"]["results"]]
    assert errors[:4] == [[]] * 4
    assert errors[4:] == [errors[7]] * 4
    [error] = errors[7]
    # Twelve are used, eight are to be sent: the eighth of those before has to leave.
    assert error["message"].endswith(f"try again in {3600 - 80 + 70} s.")

    time.seconds += 3600 - 80 + 70 + later
    again = await ask(CONFIRM, ids=ids)
    refused = [one for one in again["setParticipantsConfirmed"]["results"] if one["userErrors"]]
    assert len(refused) == (0 if later == 0 else 1)
