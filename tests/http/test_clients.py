# pyright: basic
"""What an application calls itself stands in the log and the metrics, bounded in length and in number."""

import io
import json
from contextlib import contextmanager

import pytest
from asking import Gateway
from prometheus_client.parser import text_string_to_metric_families

from gateway.telemetry.log_lines import logging_to

QUERY = "query Titles { upstream { used } }"
PREFIXES = ("apollographql-client", "x-graphql-client", "graphql-client")


@contextmanager
def logged():
    """Yield a list that holds the log's lines afterwards."""
    stream, lines = io.StringIO(), []
    with logging_to(stream, "json", "info"):
        yield lines
    lines += map(json.loads, stream.getvalue().splitlines())


async def send(ask, headers, query=QUERY):
    """Send an operation with these headers."""
    await ask.http.post("/graphql", json={"query": query}, headers=headers)


async def counted(ask):
    """Return how often operations were counted, by client, version and outcome."""
    families = text_string_to_metric_families(await ask.metrics())
    return {
        (sample.labels["client"], sample.labels["version"], sample.labels["outcome"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "gateway_client_operations_total"
    }


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_client_that_names_itself_is_told(ask, prefix):
    """In each of the headers that GraphQL clients send."""
    with logged() as lines:
        await send(ask, {f"{prefix}-name": "storefront", f"{prefix}-version": "2.14.0"})

    assert (lines[0]["client"], lines[0]["client_version"]) == ("storefront", "2.14.0")
    assert await counted(ask) == {("storefront", "2.14.0", "ok"): 1}


async def test_a_version_is_not_needed(ask):
    """A name is."""
    with logged() as lines:
        await send(ask, {f"{PREFIXES[0]}-name": "storefront"})
        await send(ask, {f"{PREFIXES[0]}-version": "2.14.0"})

    assert lines[0]["client"] == "storefront"
    assert "client_version" not in lines[0]
    assert "client" not in lines[1]
    assert await counted(ask) == {("storefront", "", "ok"): 1}


async def test_a_client_whose_operations_fail_is_told_too(ask):
    """By what they fail with: a bad release is seen by its version."""
    headers = {f"{PREFIXES[0]}-name": "storefront", f"{PREFIXES[0]}-version": "3"}
    await send(ask, headers)
    await send(ask, headers, "{ nonsense }")

    assert await counted(ask) == {
        ("storefront", "3", "ok"): 1,
        ("storefront", "3", "GRAPHQL_VALIDATION_FAILED"): 1,
    }


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"x" * 5_000, "x" * 64),
        (b" storefront ", "storefront"),
        (b"store\tfront\x7f", "storefront"),
        (b"one\x00two\x1b[31m", "onetwo[31m"),
        (b"one\r\ntwo\x85three", "onetwothree"),
        (b"\xfc\xad", "ü"),
    ],
    ids=["long", "spaces", "tab", "escape", "line breaks", "latin-1"],
)
async def test_a_name_is_cut_and_cleaned(ask, given, told):
    """It is the client's own."""
    with logged() as lines:
        await send(ask, {f"{PREFIXES[1]}-name": given, f"{PREFIXES[1]}-version": given})

    assert (lines[0]["client"], lines[0]["client_version"]) == (told, told)
    assert await counted(ask) == {(told, told, "ok"): 1}


async def test_names_and_versions_are_bounded(ask):
    """A hundred pairs, then one for all others: nobody can make series without end."""
    for n in range(120):
        await send(ask, {f"{PREFIXES[0]}-name": "app", f"{PREFIXES[0]}-version": str(n)})
    found = await counted(ask)

    assert len(found) == 101
    assert found["other", "other", "ok"] == 20
    await send(ask, {f"{PREFIXES[0]}-name": "app", f"{PREFIXES[0]}-version": "7"})
    assert (await counted(ask))["app", "7", "ok"] == 2


async def test_whoever_is_not_let_in_takes_no_place(gateway: Gateway):
    """As with the names of operations."""
    ask = gateway(api_key=None)
    for n in range(120):
        await send(ask, {f"{PREFIXES[0]}-name": f"app-{n}"}, "{ events { totalCount } }")

    assert await counted(ask) == {("other", "other", "UNAUTHENTICATED"): 120}
