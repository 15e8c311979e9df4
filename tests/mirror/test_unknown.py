# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Ids and keys that nobody has heard of: callers choose them, so they have a part of the hour and no more."""

import base64

import pytest
from asking import Time
from mirror.mirroring import hold, mirrored, quiet, told

from gateway.sandbox import Dialect, Sandbox

CONFIRM = 'mutation { updateParticipant(input: {id: "UGFydGljaXBhbnQ6MQ==", isConfirmed: %s}) { userErrors { code } } }'
ROW = "{ participant(by: {databaseId: %d}) { id } }"
CREATE = 'mutation { createEvent(input: {title: "New"}) { event { id } userErrors { code } } }'


async def test_a_whole_tenant_spends_a_twentieth_of_the_hour_on_them(gateway, time: Time) -> None:
    """Each might have been made since the walk; the others are told as it had them."""
    ask = mirrored(gateway, time, requests_per_hour=200)
    await hold(ask, time)
    time.seconds += 45
    before = ask.sandbox.count
    for number in range(100):
        answer = await ask.answer(ROW % (1_000_000 + number))
        assert answer["data"] == {"participant": None}
    await quiet(ask)
    assert ask.sandbox.count - before == 10


async def test_a_row_that_is_not_there_is_told_though_the_hour_is_spent(gateway, time: Time) -> None:
    """As the last walk had it."""
    ask = mirrored(gateway, time, requests_per_hour=200)
    await hold(ask, time)
    for number in range(150):
        await ask.answer(CONFIRM % str(number % 2 == 0).lower())
    time.seconds += 65
    for number in range(5):
        answer = await ask.answer(ROW % (1_000_000 + number))
        assert answer["data"] == {"participant": None}
        assert "errors" not in answer
        assert told(answer)["age"] >= 65


async def test_where_nothing_is_whole_they_have_three_tenths(gateway, time: Time) -> None:
    """What is beyond is told when it may be asked again; rows that are there, and writes, find room."""
    ask = mirrored(gateway, time)
    await ask.answer(ROW % 1)
    answers = [await ask.answer(ROW % (1_000_000 + number)) for number in range(400)]
    refused = [answer for answer in answers if "errors" in answer]
    assert len(refused) == 100
    extensions = refused[0]["errors"][0]["extensions"]
    assert extensions["code"] == "UPSTREAM_RATE_LIMITED"
    assert 3_500 < extensions["retryAfter"] <= 3_600
    assert (await ask.answer(CREATE))["data"]["createEvent"]["event"]
    time.seconds += extensions["retryAfter"] + 1
    assert "errors" not in await ask.answer(ROW % 2_000_000)


async def test_rows_that_are_there_do_not_count(gateway, time: Time) -> None:
    """However many are asked for by id for the first time."""
    ask = mirrored(gateway, time)
    for number in range(1, 401):
        assert (await ask.answer(ROW % number))["data"]["participant"]


@pytest.mark.parametrize(
    "key", ["none-%d", "contact%d"], ids=["finds nothing", "is part of another row's e-mail"]
)
async def test_keys_count_as_ids_do(gateway, time: Time, key: str) -> None:
    """Each costs a search, whatever that finds."""
    ask = mirrored(gateway, time, requests_per_hour=200)
    await hold(ask, time)
    time.seconds += 65
    before = ask.sandbox.count
    for number in range(1, 60):
        answer = await ask.answer('{ contact(by: {customerNumber: "%s"}) { id } }' % key % number)
        assert answer["data"] == {"contact": None}
    await quiet(ask)
    assert ask.sandbox.count - before == 10


async def test_what_plandocket_told_of_is_asked_for_though_they_are_spent(gateway, time: Time) -> None:
    """What a row leads to, and what a write needs."""
    ask = mirrored(gateway, time, Sandbox(dialect=Dialect(include="ignored")), update_method="PUT")
    for number in range(310):
        await ask.answer(ROW % (1_000_000 + number))
    assert "errors" in await ask.answer(ROW % 2_000_000)
    row = await ask.answer("{ participants(first: 1) { nodes { id contact { email } event { title } } } }")
    [participant] = row["data"]["participants"]["nodes"]
    assert participant["contact"]
    assert participant["event"]
    write = 'mutation { updateCategory(input: {id: "%s", content: "New"}) { category { content } } }'
    saved = await ask.answer(write % base64.b64encode(b"Category:7").decode())
    assert saved["data"]["updateCategory"]["category"] == {"content": "New"}
