# pyright: basic
"""Clients say how old an answer may be, in HTTP's own words."""

import pytest
from asking import Ask, Time
from mirror.mirroring import hold, mirrored, quiet, told

EVENTS = "{ events { nodes { title } } }"
CONTACT = "{ contact(by: {databaseId: %d}) { email } }"


def wish(value: str) -> dict[str, str]:
    """Return the header that says it."""
    return {"Cache-Control": value}


@pytest.fixture
def ask(gateway, time: Time) -> Ask:
    """Return a gateway that keeps what it reads."""
    return mirrored(gateway, time)


async def test_what_is_younger_than_the_client_wants_is_told_as_it_is(ask: Ask, time: Time) -> None:
    """Up to the second; older, it is asked for, and younger from then on."""
    await ask(EVENTS)
    time.seconds += 20
    answer = await ask.answer(EVENTS, wish("max-age=20"))
    assert (told(answer)["age"], told(answer)["calls"]) == (20, 0)
    answer = await ask.answer(EVENTS, wish("max-age=19"))
    assert (told(answer)["age"], told(answer)["calls"]) == (0, 1)


@pytest.mark.parametrize("header", ["no-cache", "max-age=0", "No-Cache, max-age=60", 'max-age="0"'])
async def test_what_is_held_is_asked_for_now(ask: Ask, time: Time, header: str) -> None:
    """Once for an operation, however often it reads the same."""
    await hold(ask, time)
    answer = await ask.answer("{ a: events { nodes { title } } b: events { nodes { title } } }", wish(header))
    assert told(answer)["calls"] == 1
    assert told(answer)["age"] == 0


async def test_a_limit_is_not_needed_for_it(gateway, time: Time) -> None:
    """Where the hour is unlimited."""
    ask = mirrored(gateway, time, requests_per_hour="unlimited")
    await hold(ask, time)
    time.seconds += 5
    assert told(await ask.answer(EVENTS, wish("no-cache")))["calls"] == 1


@pytest.mark.parametrize(
    "header", ["no-store", "max-age=", "max-age=-1", "max-age=x", "min-fresh=9", "=", ","]
)
async def test_other_words_change_nothing(ask: Ask, header: str) -> None:
    """What cannot be read asks for nothing."""
    await ask(EVENTS)
    assert told(await ask.answer(EVENTS, wish(header)))["calls"] == 0


async def test_nothing_is_asked_for_who_wants_only_what_is_kept(ask: Ask, time: Time) -> None:
    """What is not kept fails; what is old is told as such."""
    await ask(EVENTS)
    time.seconds += 61
    before = ask.sandbox.count
    answer = await ask.answer(EVENTS, wish("only-if-cached"))
    assert "errors" not in answer
    assert (told(answer)["age"], told(answer)["stale"]) == (61, True)
    [error] = (await ask.answer(CONTACT % 1, wish("only-if-cached")))["errors"]
    assert error["extensions"]["code"] == "NOT_KEPT"
    assert "only-if-cached" in error["message"]
    assert ask.sandbox.count == before


async def test_a_browser_that_keeps_nothing_takes_a_tenth_of_the_hour(gateway, time: Time) -> None:
    """Beyond it what is kept answers, and says that it is stale: no answer becomes an error."""
    ask = mirrored(gateway, time, requests_per_hour=100)
    await ask(EVENTS)
    answers = []
    for _ in range(14):
        time.seconds += 1
        answers.append(await ask.answer(EVENTS, wish("no-cache")))
    assert not any("errors" in answer for answer in answers)
    assert [told(answer)["calls"] for answer in answers] == [1] * 10 + [0] * 4
    assert [told(answer)["stale"] for answer in answers] == [False] * 10 + [True] * 4
    time.seconds += 3600
    await quiet(ask)
    assert told(await ask.answer(EVENTS, wish("no-cache")))["calls"] == 1


async def test_a_mutation_reads_as_it_needs(ask: Ask) -> None:
    """A write is sent whatever the header says, and what it needs is asked for."""
    write = 'mutation { updateEvent(input: {id: "%s", title: "New"}) { event { title participantCount } } }'
    [event] = (await ask("{ events(first: 1) { nodes { id } } }"))["events"]["nodes"]
    answer = await ask.answer(write % event["id"], wish("only-if-cached"))
    assert answer["data"]["updateEvent"]["event"]["title"] == "New"


async def test_http_tells_the_age_as_well(ask: Ask, time: Time) -> None:
    """In whole seconds; nothing where nothing was read."""
    await ask(EVENTS)
    time.seconds += 7
    response = await ask.http.post("/graphql", json={"query": EVENTS})
    assert response.headers["age"] == "7"
    assert "age" not in (await ask.http.post("/graphql", json={"query": "{ __typename }"})).headers
