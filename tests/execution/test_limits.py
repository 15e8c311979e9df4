# pyright: basic
"""What one operation may come to, and what every other one is told before anything is asked."""

import asyncio

import httpx
import pytest
from execution.attacks import ATTACKS, HARMLESS
from graphql import Lexer, Source, TokenKind

REFUSALS = {
    "OPERATION_TOO_COMPLEX",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
}
EVENTS_OF = "{{ events(first: {0}) {{ nodes {{ participants(first: {1}) {{ nodes {{ id }} }} }} }} }}"


@pytest.mark.parametrize("attack", ATTACKS)
async def test_an_attack_is_refused_before_anything_is_asked(ask, attack):
    """With at most five errors, each with its code."""
    answer = await ask.answer(ATTACKS[attack])

    assert "data" not in answer
    assert 1 <= len(answer["errors"]) <= 5
    assert {error["extensions"]["code"] for error in answer["errors"]} <= REFUSALS
    assert ask.calls == []


@pytest.mark.parametrize("query", HARMLESS)
async def test_what_clients_really_send_is_answered(ask, query):
    """As large as it may be."""
    assert "errors" not in await ask.answer(HARMLESS[query])


@pytest.mark.parametrize(
    ("setting", "at_the_limit", "beyond"),
    [
        ("max_depth", "{ event(by: {databaseId: 1}) { title } }", "{ events { nodes { title } } }"),
        ("max_aliases", "{ a: __typename b: __typename }", "{ a: __typename b: __typename c: __typename }"),
        ("max_fields", "{ categories { id } }", "{ categories { id title } }"),
        (
            "max_fields",
            "{ ...f ...f } fragment f on Query { __typename }",
            "{ ...f ...f ...f } fragment f on Query { __typename }",
        ),
        (
            "max_directives",
            "{ categories @skip(if: false) { id @skip(if: false) } }",
            "{ ...f @skip(if: false) ... @skip(if: false) { a: __typename } } "
            "fragment f on Query { __typename @skip(if: false) }",
        ),
        (
            "max_operations",
            "query A { __typename } query B { __typename }",
            "query A { __typename } query B { __typename } query C { __typename }",
        ),
    ],
)
async def test_each_limit_is_the_operators(gateway, setting, at_the_limit, beyond):
    """What is as large as it may be passes, the next larger one is told both numbers."""
    ask = gateway(**{setting: 2})
    passed = await ask.http.post(
        "/graphql", json={"query": at_the_limit, "operationName": "A" if "query A" in beyond else None}
    )
    refused = (await ask.answer(beyond))["errors"]

    assert "errors" not in passed.json()
    assert [error["extensions"]["code"] for error in refused] == ["OPERATION_TOO_COMPLEX"]
    assert "comes to 3 " in refused[0]["message"]
    assert "2 are the most" in refused[0]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "{ categories { id title content level } events { totalCount } }",
        "# a comment, with { } in it\n{ categories, { id title content level } \ufeff a: __typename }",
        '{ category(by: {categoryKey: "a \\" } b"}) { id title } }',
        '{ category(by: {categoryKey: """a \\""" } "" b\n\\""" """}) { id title } }',
        "query Q($a: [ID!]! = []) { nodes(ids: $a) { ... on Event @skip(if: true) { id } } }",
        "{ events(first: 1) { ...F } } fragment F on EventConnection { totalCount }",
        "{ events(first: -1.5e+3) { totalCount } events(first: 0.5E2) { totalCount } events(first: 1-1) }",
    ],
)
async def test_tokens_are_limited(gateway, query):
    """Counted as GraphQL counts them, and what is longer is not even parsed; that is no syntax error."""
    lexer = Lexer(Source(query))
    count = sum(1 for _ in iter(lambda: lexer.advance().kind, TokenKind.EOF))
    at_the_limit = await gateway(max_tokens=count).answer(query)
    error = await gateway(max_tokens=count - 1).error(query)

    assert "tokens" not in str(at_the_limit)
    assert error["extensions"] == {"code": "OPERATION_TOO_COMPLEX"}
    assert f"more than {count - 1} tokens" in error["message"]
    assert "variables" in error["message"]


@pytest.mark.parametrize(
    "query",
    [
        "{ categories " * 201,
        "{ nodes(ids: " + "[" * 201 + "]" * 201 + ") { id } }",
        ATTACKS["a chain of fragments"],
    ],
)
async def test_what_is_too_deep_to_be_read_is_no_syntax_error(ask, query):
    """Nor is it told as if validation had broken off."""
    error = await ask.error(query)

    assert error["extensions"] == {"code": "OPERATION_TOO_COMPLEX"}
    assert "200 levels" in error["message"]


async def test_definitions_are_limited(gateway):
    """The fragments that nobody spreads too, and before anything is parsed."""
    ask = gateway(max_operations=1)
    fragments = [f"fragment f{n} on Category {{ id }}" for n in range(251)]
    spreads = " ".join(f"...f{n}" for n in range(250))
    error = await ask.error(f"{{ categories {{ {spreads} }} }} {' '.join(fragments)}")

    assert error["extensions"] == {"code": "OPERATION_TOO_COMPLEX"}
    assert "more than 250 fragments and 1 operations" in error["message"]


@pytest.mark.parametrize(
    "by", ["databaseId: %d", 'customerNumber: "C-1%d"'], ids=["by integer", "by customer number"]
)
async def test_tools_that_batch_by_aliases_are_answered(ask, by):
    """Thirty-five look-ups at once, as schema stitching and gqty send them, for a few requests."""
    lookups = (f"a{n}: contact(by: {{{by % n}}}) {{ email }}" for n in range(35))
    answer = await ask.answer(f"{{ {' '.join(lookups)} }}")

    assert "errors" not in answer
    assert len(answer["data"]) == 35
    assert len(ask.calls) <= 4


async def test_more_ids_than_nodes_takes_are_told_how_to_split(ask):
    """By the number that is taken at once."""
    error = await ask.error("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x"] * 101)

    assert "not 101: send 100 at a time" in error["message"]
    assert "b: nodes(ids: $b)" in error["message"]


async def test_introspection_may_be_deep_and_nothing_beside_it(gateway):
    """GraphiQL's own question is."""
    ask = gateway(max_depth=3)
    await ask(HARMLESS["the introspection of GraphiQL"])
    error = await ask.error(
        "{ __schema { types { fields { name } } } events { nodes { contacts { totalCount } } } }"
    )

    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"


@pytest.mark.parametrize(
    ("first", "second", "is_refused"), [(1, 100, False), (100, 1, False), (60, 60, True)]
)
async def test_rows_are_those_that_pages_may_have(gateway, first, second, is_refused):
    """Multiplied along the way, whether sizes are written out or sent as variables."""
    ask = gateway(max_rows=300)
    literal = await ask.answer(EVENTS_OF.format(first, second))
    query = "query Q($a: Int!, $b: Int = 100) " + EVENTS_OF.format("$a", "$b")
    sent = await ask.answer(query, a=first, b=second)
    left_out = await ask.answer(query, a=first)

    for answer in (literal, sent):
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert codes == (["OPERATION_TOO_COMPLEX"] if is_refused else [])
    assert ("errors" in left_out) == (first * 100 > 300)


async def test_a_page_size_may_be_written_with_a_point(gateway):
    """GraphQL takes 60.0 for 60, so it counts as 60."""
    query = "query Q($a: Int!, $b: Int!) " + EVENTS_OF.format("$a", "$b")
    error = await gateway(max_rows=3_000).error(query, a=60.0, b=60.0)

    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert "3,660 rows" in error["message"]


async def test_nodes_and_edges_of_a_page_are_the_same_rows(gateway):
    """A page counts once for each that is asked below, and not as a list of lists."""
    ask = gateway(max_rows=100)
    assert "errors" not in await ask.answer("{ events(first: 100) { nodes { id } edges { node { id } } } }")


@pytest.mark.parametrize(
    "variables", [{"ids": ["x"] * 60_000}, {"ids": [["x"]] * 4_500}, {"ids": [{"a": {"b": 1}}] * 2_700}]
)
async def test_huge_variables_are_refused(ask, variables):
    """Each value in them counts, however deep."""
    error = await ask.error("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", **variables)

    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert "8,000" in error["message"]


async def test_suggestions_are_the_operators_choice(gateway):
    """Hidden unless they are switched on: they tell of the schema."""
    query = "{ categories { titel } event(by: {databaseI: 1}) { id } }"
    hidden = (await gateway().answer(query))["errors"]
    shown = (await gateway(suggestions="on").answer(query))["errors"]
    variable = await gateway().answer(
        "query ($o: [EventOrder!]) { events(orderBy: $o) { totalCount } }", o={"field": "TITEL"}
    )

    assert "Did you mean" not in str(hidden) + str(variable)
    assert "Did you mean 'title' or 'level'?" in str(shown)


@pytest.mark.parametrize(
    ("setting", "key", "code"),
    [
        ("on", None, None),
        ("callers", "any-key", None),
        ("callers", None, "UNAUTHENTICATED"),
        ("off", "any-key", "FORBIDDEN"),
    ],
)
@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { queryType { name } } }",
        '{ ...f } fragment f on Query { a: __type(name: "Event") { name } }',
    ],
)
async def test_who_may_ask_for_the_schema(gateway, setting, key, code, query):
    """Callers who are let in, unless it is set otherwise; __typename is anybody's."""
    ask = gateway(introspection=setting, api_key=None)
    answer = await ask.answer(query, headers={"X-API-Key": key} if key else None)

    assert [error["extensions"]["code"] for error in answer.get("errors", ())] == ([code] if code else [])
    assert await ask("{ __typename }") == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("setting", "key", "status"),
    [("on", None, 200), ("callers", "any-key", 200), ("callers", None, 401), ("off", "any-key", 404)],
)
async def test_the_schemas_file_is_for_the_same(gateway, setting, key, status):
    """It tells no less than introspection does."""
    ask = gateway(introspection=setting, api_key=None)
    response = await ask.http.get("/schema.graphql", headers={"X-API-Key": key} if key else None)

    assert response.status_code == status
    assert ("type Query" in response.text) == (status == 200)


async def test_where_nobody_may_ask_for_the_schema_it_is_said_whom_to_ask(gateway):
    """Not where there is nothing to find."""
    ask = gateway(introspection="off")
    error = await ask.error("{ __schema { queryType { name } } }")
    file = (await ask.http.get("/schema.graphql")).json()["errors"][0]

    for message in (error["message"], file["message"]):
        assert "ask whoever runs it" in message
        assert "GATEWAY_INTROSPECTION" in message


async def test_where_callers_may_ask_for_the_schema_it_is_said_how_to_be_one(gateway):
    """With the header's name."""
    error = await gateway(api_key=None).error("{ __schema { queryType { name } } }")

    assert "X-API-Key: KEY" in error["message"]


class Never(httpx.AsyncBaseTransport):
    """A PlanDocket that does not answer."""

    async def handle_async_request(self, request):
        """Wait."""
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("{ categories { id } __typename }", "Ask for less"),
        ('mutation { createCategory(input: {title: "x"}) { category { id } } }', "may have been written"),
    ],
)
async def test_an_operation_ends_in_its_time(gateway, query, told):
    """Whatever it waits for, and nothing of it runs on."""
    ask = gateway(transport=Never(), operation_timeout=0.05)
    before = asyncio.all_tasks()
    answer = await ask.answer(query)

    assert answer["data"] is None
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "OPERATION_TIMEOUT"
    assert told in error["message"]
    metrics = await ask.metrics()
    assert 'gateway_operations_total{name="unnamed",outcome="OPERATION_TIMEOUT"} 1.0' in metrics
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
