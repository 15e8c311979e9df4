# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Ids and keys that nobody has heard of: callers choose them, so they have a part of the hour and no more."""

from asking import Time
from mirror.mirroring import mirrored, quiet, warm

ROW = "{ participant(by: {databaseId: %d}) { id } }"
CREATE = 'mutation { createEvent(input: {title: "New"}) { event { id } userErrors { code } } }'


async def test_a_whole_tenant_spends_a_twentieth_of_the_hour_on_them(gateway, time: Time) -> None:
    """Each might have been made since the walk; the others are told as it had them."""
    ask = mirrored(gateway, time, requests_per_hour=200)
    await warm(ask, time)
    time.seconds += 45
    before = ask.sandbox.count
    for number in range(100):
        answer = await ask.answer(ROW % (1_000_000 + number))
        assert answer["data"] == {"participant": None}
    await quiet(ask)
    assert ask.sandbox.count - before == 10


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


async def test_keys_count_as_ids_do(gateway, time: Time) -> None:
    """Each costs a search."""
    ask = mirrored(gateway, time, requests_per_hour=200)
    await warm(ask, time)
    time.seconds += 65
    before = ask.sandbox.count
    for number in range(100):
        answer = await ask.answer('{ contact(by: {customerNumber: "none-%d"}) { id } }' % number)
        assert answer["data"] == {"contact": None}
    await quiet(ask)
    assert ask.sandbox.count - before == 10
