# pyright: basic
"""Projected rows are what graphql-core makes of them: equal bytes, equal errors, for any valid query.

GATEWAY_FUZZ_EXAMPLES says how many queries are tried; without it few, for a quick run.
"""

import asyncio
import os
from functools import cache
from inspect import isawaitable

import httpx
import msgspec
import pytest
from execution.documents import GRAPH, Asked, Run, documents
from execution.worlds import FAULTS, TOLD, World
from graphql import GraphQLError, execute, parse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.errors import GatewayError
from gateway.execution.input_check import fault_of_null
from gateway.execution.operation import Executor, Request
from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.mirror.answers.reading import Mirror
from gateway.resources import RECORDS
from gateway.sandbox import SANDBOX_KEY
from gateway.schema import RULES, SCHEMA
from gateway.settings.settings import Settings
from gateway.upstream.client import Upstream
from gateway.upstream.way.credential import Credential

SETTINGS = {
    kept: Settings.model_validate(
        {
            "base_url": "http://plandocket.test",
            "api_key": SANDBOX_KEY,
            "mirror": kept,
            "requests_per_hour": "unlimited",
            "max_calls": 1000,
            "page_size": 7,
        }
    )
    for kept in ("off", "on")
}
CREDENTIAL = Credential(SecretStr(SANDBOX_KEY), is_held=True)
_LIMITS = (
    "max_depth",
    "max_aliases",
    "max_fields",
    "max_directives",
    "max_tokens",
    "max_operations",
    "max_rows",
)
ANY_SIZE = SETTINGS["on"].model_copy(update={**dict.fromkeys(_LIMITS, 10**9), "tell_cost": "off"})
EXECUTOR = Executor(SCHEMA, RULES, ANY_SIZE)

world = cache(World)


async def projected(text, run, upstream):
    """Return the answer as the gateway gives it: data, errors, and what is unavailable."""
    request = Request(text, run.variables, run.operation)
    body = (await EXECUTOR.run(request, Context(upstream, Caller(CREDENTIAL)))).body
    told = body.get("extensions", {}).get("upstream", {}).get("unavailable", [])
    errors = [(e.get("path"), e["message"], e["extensions"]["code"]) for e in body.get("errors", [])]
    return msgspec.json.encode(body.get("data")), discreet(errors), told


async def plain(ast, run, upstream):
    """Return the same as graphql-core makes it."""
    async with Context(upstream, Caller(CREDENTIAL)) as context:
        result = execute(
            GRAPH,
            ast,
            context_value=context,
            variable_values=run.variables,
            operation_name=run.operation,
            executor_class=StrawberryGraphQLCoreExecutionContext,
        )
        result = await result if isawaitable(result) else result
    # What it says of a null variable is said in other words.
    errors = [
        (error.path, error.message, code_of(error)) for error in map(fault_of_null, result.errors or [])
    ]
    return msgspec.json.encode(result.data), discreet(errors), sorted(context.unavailable)


def code_of(error):
    """Return an error's code as clients see it."""
    if not isinstance(error.original_error, GatewayError | GraphQLError | None):
        return "INTERNAL_SERVER_ERROR"
    return (error.extensions or {}).get("code", "BAD_USER_INPUT")


def discreet(errors):
    """Return errors by their path; what broke inside has no message that could be compared."""
    known = [(path, None if code == "INTERNAL_SERVER_ERROR" else text, code) for path, text, code in errors]
    return sorted(known, key=msgspec.json.encode)


def mirror_of(kept: str, transport: httpx.AsyncBaseTransport) -> Mirror:
    """Return a mirror without anything in it."""
    return Mirror(Upstream(SETTINGS[kept], transport), SETTINGS[kept], SETTINGS[kept], RECORDS)


async def compare(asked: Asked, dialect: str, fault: str, kept: str):
    """Hold that each run of a document answers as plain execution does."""
    ast = parse(asked.text)
    transport = world(dialect, fault)
    one, other = (mirror_of(kept, transport) for _ in range(2))
    async with one, other:
        for run in asked.runs:
            assert await projected(asked.text, run, one) == await plain(ast, run, other), run


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """Log nothing: what is unreadable is logged over and over."""
    caplog.set_level("CRITICAL", "gateway")


ALL_COUNTS = "query A { events { nodes { participantCount } } }"
NO_VALUE = "query A($v: Boolean = true) { participants { nodes { contact { firstName @include(if: $v) } } } }"
TWO_DEFAULTS = """query A($v: Boolean = true) { ...All } query B($v: Boolean = false) { ...All }
    fragment All on Query { events { nodes { id title @include(if: $v) } } }"""


@example(asked=Asked(ALL_COUNTS, (Run("A", {}),)), dialect="schema", fault="wrong_values", kept="off")
@example(asked=Asked(NO_VALUE, (Run("A", {"v": None}),)), dialect="schema", fault="none", kept="off")
@example(asked=Asked(TWO_DEFAULTS, (Run("A", {}), Run("B", {}))), dialect="schema", fault="none", kept="off")
@settings(
    max_examples=int(os.environ.get("GATEWAY_FUZZ_EXAMPLES", "200")),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(
    asked=documents(),
    dialect=st.sampled_from(sorted(TOLD)),
    fault=st.sampled_from(sorted(FAULTS)),
    kept=st.sampled_from(sorted(SETTINGS)),
)
def test_any_query_answers_the_same(asked, dialect, fault, kept):
    """Twice with the same values of its conditions, then with others; nothing kept, or all that was read.

    From PlanDockets of all dialects, drawn like the rest: their rows are alike before anything is projected.
    """
    asyncio.run(compare(asked, dialect, fault, kept))
