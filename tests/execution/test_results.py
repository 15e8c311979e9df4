# pyright: basic
"""A query whose reads are all kept is executed once: its result stands until anything of it may be another."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from execution.test_same_as_plain import CREDENTIAL, SETTINGS, mirror_of
from execution.worlds import World
from keeping.wires import bearer

from gateway.execution import operation
from gateway.execution.operation import Executor, Request
from gateway.execution.results import Key, Results
from gateway.graph.caller import Access, Caller
from gateway.graph.context import Context
from gateway.http.callers.tokens import new_token
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.schema import RULES, SCHEMA

PAGE = "{ participants(first: 100) { nodes { id isConfirmed contact { email } event { title } } } }"
EVENTS = "{ events { nodes { databaseId title } } }"
EVENT = "{ event(by: {databaseId: 1}) { title } }"
BY_KEY = '{ event(by: {eventKey: "boat-show-2026"}) { title } }'
NODE = '{ node(id: "RXZlbnQ6MQ==") { __typename id } }'


@pytest.fixture
def ask(gateway, time):
    """Make a gateway that keeps what it read."""
    return gateway(mirror="on", tell_cost="on", time=time)


@pytest.fixture
def executed(monkeypatch):
    """Return the list that grows with each operation that graphql-core executes."""
    seen = []

    def execute(*given, **named):
        seen.append(given)
        return execute_really(*given, **named)

    execute_really = operation.graphql_execute
    monkeypatch.setattr(operation, "graphql_execute", execute)
    return seen


def retitle(sandbox, title):
    """Change an event's title where the gateway does not see it."""
    sandbox.tables.events.put(replace(sandbox.tables.events.get(1), title=title))


async def settled(ask, query, **variables):
    """Ask until the result is kept, and return it: the first time reads, the second executes what is kept."""
    await ask.answer(query, **variables)
    return await ask.answer(query, **variables)


@pytest.mark.parametrize("query", [PAGE, EVENTS, EVENT, BY_KEY, NODE, "{ __schema { types { name } } }"])
async def test_a_repeated_query_is_not_executed_again(ask, executed, query):
    """Its answer is the same to the byte, with what it cost."""
    before = await settled(ask, query)
    del executed[:]

    assert msgspec.json.encode(await ask.answer(query)) == msgspec.json.encode(before)
    assert not executed
    assert not ask.calls


async def test_once_it_is_fresh_no_more_it_is_read_again(ask, time):
    """Events are fresh for 300 s."""
    await settled(ask, EVENTS)
    retitle(ask.sandbox, "Elsewhere")
    time.seconds += 299
    assert (await ask(EVENTS))["events"]["nodes"][0]["title"] != "Elsewhere"
    time.seconds += 2

    assert (await ask(EVENTS))["events"]["nodes"][0]["title"] == "Elsewhere"


async def test_a_write_ends_it(ask):
    """Also that of a page which shows the row only beside others."""
    await settled(ask, PAGE)
    await settled(ask, EVENTS)
    await ask('mutation { updateEvent(input: {id: "RXZlbnQ6MQ==", title: "Moved"}) { event { id } } }')

    assert (await ask(EVENTS))["events"]["nodes"][0]["title"] == "Moved"
    titles = {node["event"]["title"] for node in (await ask(PAGE))["participants"]["nodes"]}
    assert titles == {row.title for row in ask.sandbox.tables.events} & titles


async def test_a_row_read_anew_ends_it(ask, time):
    """A single read that brings a newer row changes what the list shows, and what was made of it."""
    await ask(EVENTS)
    time.seconds += 200
    await settled(ask, EVENTS)
    retitle(ask.sandbox, "Newer")
    time.seconds += 99  # the list is still fresh, and a look through the participants brings the event anew
    await ask("{ participants(first: 100) { nodes { event { title } } } }")

    assert (await ask(EVENTS))["events"]["nodes"][0]["title"] == "Newer"


async def test_variables_and_names_tell_queries_apart(ask):
    """The document alone does not."""
    both = "query A($n: Int) { events(first: $n) { nodes { id } } } query B { events(first: 3) { nodes { id } } }"
    for count in (1, 2, 1, 2, 1, 2):
        answer = await ask.http.post(
            "/graphql", json={"query": both, "operationName": "A", "variables": {"n": count}}
        )
        assert len(answer.json()["data"]["events"]["nodes"]) == count
        answer = await ask.http.post("/graphql", json={"query": both, "operationName": "B"})
        assert len(answer.json()["data"]["events"]["nodes"]) == 3


async def test_each_key_has_its_own(gateway, executed):
    """What one key may see is never shown to another."""
    sandbox = Sandbox()
    ask = gateway(sandbox, api_key=None, mirror="on")
    await settled(ask, EVENTS, headers=bearer(SANDBOX_KEY))
    del executed[:]
    answer = await ask.answer(EVENTS, headers=bearer("another-key"))

    assert answer["data"]["events"] is None
    assert executed


async def test_what_tells_of_the_hour_is_never_kept(ask):
    """It is another each time."""
    query = "{ upstream { used } " + EVENTS[1:]
    used = [(await ask(query))["upstream"]["used"] for _ in range(3)]
    await ask("{ contacts { nodes { id } } }")

    assert used == [0, 1, 1]
    assert (await ask(query))["upstream"]["used"] == 2


async def test_roles_are_asked_each_time(gateway, tmp_path):
    """`node` finds rows of any type, so only execution tells what this one needs: each access has its own results."""
    able, unable = new_token("able", ["read"], ["events"]), new_token("unable", ["read"], ["contacts"])
    path = tmp_path / "tokens"
    path.write_text(f"{able.line}\n{unable.line}\n")
    ask = gateway(mirror="on", auth="tokens", tokens_file=path)
    for _ in range(3):
        found = await ask.answer(NODE, headers=bearer(able.token.get_secret_value()))
        assert found["data"]["node"]["__typename"] == "Event"
        refused = await ask.answer(NODE, headers=bearer(unable.token.get_secret_value()))
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_an_error_is_never_kept(ask, executed):
    """It may be over when the query comes again."""
    query = "{ " + EVENT[1:-1] + ' bad: events(after: "x") { nodes { id } } }'
    await settled(ask, query)
    del executed[:]

    assert (await ask.answer(query))["errors"]
    assert executed


async def test_it_counts_as_reads_that_were_kept(ask):
    """In `extensions.upstream`, and in the ratio of `upstream`."""
    first, again = await settled(ask, PAGE), await ask.answer(PAGE)
    assert first["extensions"]["upstream"]["cacheHits"] == 1
    assert again["extensions"]["upstream"] == first["extensions"]["upstream"]

    ratio = await ask("{ upstream { cacheHitRatio } }")
    assert ratio["upstream"]["cacheHitRatio"] == pytest.approx(2 / 3)


async def test_many_at_once_get_the_same(ask):
    """Whoever comes while it is being made gets it made once more, not half."""
    await ask(PAGE)
    answers = await asyncio.gather(*(ask.answer(PAGE) for _ in range(20)))

    assert len({msgspec.json.encode(answer["data"]) for answer in answers}) == 1


async def test_what_is_learned_of_pages_ends_it(executed):
    """Where `page` turns out to do nothing, the first page is the last, though its rows are the same."""
    request, executor = Request(EVENTS), Executor(SCHEMA, RULES, SETTINGS["on"])
    async with mirror_of("on", World("schema", "none")) as mirror:
        for _ in range(3):
            await executor.run(request, Context(mirror, Caller(CREDENTIAL)))
        assert len(executed) == 2
        mirror.upstream.traits.learn_paged("events", paged=False)
        await executor.run(request, Context(mirror, Caller(CREDENTIAL)))

    assert len(executed) == 3


def key_of(query):
    """Return the key of a query without a name, variables or a caller's key."""
    return Key(query, None, b"", None, Access())


def test_results_take_no_more_bytes_than_they_may():
    """Of 4 kB each, 12 fit into 50 kB; the least recently used go first, and one that is too large never comes in."""
    results, context = (
        Results(50_000),
        Context(mirror_of("on", World("schema", "none")), Caller(None)),
    )
    keys = [key_of(f"query {n}") for n in range(15)]
    for key in keys[:12]:
        results.keep(key, context, "x" * 3_000)
    results.find(keys[0], context)
    for key in keys[12:]:
        results.keep(key, context, "x" * 3_000)
    results.keep(key_of("large"), context, "x" * 5_000)

    assert results.find(key_of("large"), context) is None
    assert [n for n, key in enumerate(keys) if results.find(key, context) is None] == [1, 2, 3]
