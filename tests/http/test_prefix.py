"""A path of a proxy's own stands before the gateway's: whether it is passed on or taken off, all is found."""

import io
import json
import re
from urllib.parse import urljoin

import pytest
from asking import Ask, Gateway

from gateway.errors import SettingsError
from gateway.settings.settings import load_settings
from gateway.telemetry.log_lines import logging_to

QUERY = "{ category(by: {databaseId: 1}) { title } }"
DATA = {"data": {"category": {"title": "Crafts"}}}
PAGE = {"Accept": "text/html"}


@pytest.fixture
def ask(gateway: Gateway) -> Ask:
    """Make a gateway that knows its prefix."""
    return gateway(root_path="/plan/docket/")


@pytest.mark.parametrize("prefix", ["/plan/docket", ""], ids=["passed on", "taken off"])
async def test_all_addresses_are_there(ask: Ask, prefix: str) -> None:
    """The endpoint, the page with its files, and the rest."""
    answer = await ask.http.post(f"{prefix}/graphql", json={"query": QUERY})
    assert answer.json() == DATA
    for path in ("/healthz", "/readyz", "/schema.graphql", "/graphiql/own/start.js"):
        assert (await ask.http.get(f"{prefix}{path}")).status_code == 200


@pytest.mark.parametrize(
    "prefix", ["/plan/docket", "/elsewhere"], ids=["passed on", "taken off, and not told"]
)
async def test_the_page_refers_to_what_stands_beside_it(gateway: Gateway, prefix: str) -> None:
    """So a proxy that takes its prefix off needs no setting."""
    ask = gateway(root_path="/plan/docket")
    there = prefix if prefix == "/plan/docket" else ""
    page = (await ask.http.get(f"{there}/graphql", headers=PAGE)).text
    files = [
        name
        for name in re.findall(r'(?:src|href)="([^"]+)"', page)
        if not name.startswith(("data:", "https:"))
    ]
    assert "graphiql/own/start.js" in files
    for name in files:
        address = urljoin(f"{prefix}/graphql?query=x", name)
        assert address.startswith(f"{prefix}/graphiql/")
        assert (await ask.http.get(address.removeprefix(prefix if not there else ""))).status_code == 200
    landing = await ask.http.get(f"{there}/")
    assert urljoin(f"{prefix}/", landing.headers["location"]) == f"{prefix}/graphql"


async def test_operations_under_it_are_logged(ask: Ask) -> None:
    """As any."""
    stream = io.StringIO()
    with logging_to(stream, "json", "info"):
        await ask.http.post("/plan/docket/graphql", json={"query": QUERY})
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["operation"]


@pytest.mark.parametrize("path", ["/plan/docketgraphql", "/plan/graphql", "/plan/docket/plan/docket/graphql"])
async def test_nothing_else_is_taken_for_it(ask: Ask, path: str) -> None:
    """Only the whole of it, once."""
    assert (await ask.http.post(path, json={"query": QUERY})).status_code == 404


@pytest.mark.parametrize(
    "path", ["plandocket", "https://example.org/x", "/a//b", "//evil.example", "/a?b", "/a b"]
)
def test_what_is_no_path_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """By the setting's name."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", "https://plandocket.test")
    monkeypatch.setenv("GATEWAY_ROOT_PATH", path)
    with pytest.raises(SettingsError, match="GATEWAY_ROOT_PATH: must be a path such as /plandocket"):
        load_settings()
