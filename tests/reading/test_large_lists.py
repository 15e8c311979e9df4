# pyright: basic
"""A server that heeds no page size sends all it has: as many rows as the operator allows, beside everything else."""

import asyncio
import json
import tracemalloc
from itertools import product

import httpx
import pytest

MB = 1_000_000
COUNT = "{ events { totalCount } }"


def participant(number):
    """Return a row as the tolerant way alone reads it."""
    return {
        "id": str(number),
        "event_id": 1,
        "contact_id": number,
        "is_confirmed": "yes",
        "created_at": 1_700_000_000,
        "updated_at": None,
    }


def sending(body):
    """Return a way to a PlanDocket that answers just this."""
    return httpx.MockTransport(lambda _: httpx.Response(200, content=body))


def listing(rows):
    """Return a list's answer."""
    return json.dumps({"data": rows}).encode()


DENSE = {
    "empty lists": b"[]",
    "lists in lists": b"[[[[]]]]",
    "empty objects": b"{}",
    "small objects": b'{"a":1}',
    "ids alone": b'{"id":1}',
    "numbers": b"1",
    "empty texts": b'""',
}
AROUND = {"as the list": b'{"data":[%b]}', "beside it": b'{"data":[],"meta":[%b]}', "bare": b"[%b]"}


@pytest.mark.parametrize(
    ("unit", "around"),
    [*product(DENSE, ["as the list"]), *product(["small objects", "numbers"], ["beside it", "bare"])],
)
async def test_millions_of_values_are_not_even_decoded(gateway, unit, around):
    """15 MB of them would take a second, and hundreds of MB that stay; a third of it shows that, too."""
    value = DENSE[unit]
    body = AROUND[around] % b",".join([value] * (5 * MB // (len(value) + 1)))
    ask = gateway(transport=sending(body))
    tracemalloc.start()
    try:
        error = await ask.error(COUNT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"
    assert peak < 3 * len(body)


@pytest.mark.parametrize(
    "thing", ["x" * 100, 7.25e100, ["x" * 50, "y" * 50], None], ids=["a text", "a number", "a list", "null"]
)
async def test_the_hundredth_row_that_is_none_ends_it(gateway, thing):
    """Up to then each loses itself alone."""
    rows = [participant(number) for number in range(1, 101)]
    read = "{ participants(first: 100) { nodes { databaseId } } }"

    data = await gateway(transport=sending(listing(rows + 99 * [thing])))(read)
    error = await gateway(transport=sending(listing(rows + 100 * [thing]))).error(read)

    assert len(data["participants"]["nodes"]) == 100
    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"


@pytest.mark.parametrize("around", [b'{"data":%b}', b'{"data":{"items":%b}}', b"%b"])
async def test_a_long_list_is_read_row_by_row(gateway, around):
    """In a dialect too: its rows are not all there as they came while they are read."""
    rows = [{**participant(number), "beside": "x" * 80} for number in range(1, 20_001)]
    body = around % json.dumps(rows).encode()
    ask = gateway(transport=sending(body))
    read = "{ participants(first: 1) { totalCount nodes { databaseId isConfirmed } } }"
    data = await ask(read)

    assert data["participants"] == {
        "totalCount": 20_000,
        "nodes": [{"databaseId": 1, "isConfirmed": True}],
    }


@pytest.mark.parametrize(
    "broken", [b'{"id":}', b"{", b'{"id":1"x":2}', b'"\xff"', b"[" * 5_000 + b"]" * 5_000]
)
async def test_a_long_list_with_one_row_that_is_no_json_is_refused(gateway, broken):
    """As a short one is."""
    rows = [json.dumps({**participant(number), "beside": "x" * 80}).encode() for number in range(1, 10_001)]
    for count in (1, 10_000):
        ask = gateway(transport=sending(b'{"data":[%b]}' % b",".join([*rows[:count], broken])))
        error = await ask.error("{ participants(first: 1) { totalCount } }")
        assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"


async def test_as_many_rows_as_the_operator_allows(gateway):
    """One more is refused, in a sentence with the setting's name."""
    read = "{ participants { totalCount } }"
    bodies = [listing([participant(number) for number in range(1, most + 1)]) for most in (300, 301)]

    data = await gateway(transport=sending(bodies[0]), max_list_rows=300)(read)
    error = await gateway(transport=sending(bodies[1]), max_list_rows=300).error(read)

    assert data["participants"]["totalCount"] == 300
    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"
    assert "301 rows" in error["message"]
    assert "GATEWAY_MAX_LIST_ROWS" in error["message"]


async def test_a_large_list_is_read_beside_the_loop(gateway):
    """Others get their turns while it is: thousands, where it would be dozens."""
    ask = gateway(transport=sending(listing([participant(number) for number in range(1, 20_001)])))
    reading = asyncio.create_task(ask("{ participants { totalCount } }"))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1

    assert (await reading)["participants"]["totalCount"] == 20_000
    assert turns > 1_000
