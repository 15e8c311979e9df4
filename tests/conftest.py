"""The public door: GraphQL over HTTP into the gateway, which asks the sandbox over HTTP."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Collection, Generator, Hashable, Iterator
from functools import cache, lru_cache
from importlib import import_module
from math import inf
from typing import Any

import httpx
import pytest
from asking import METRICS_TOKEN, READING_DIALECTS, Ask, Client, Gateway, Json, Time, skip
from graphql import ASTValidationRule, DocumentNode, GraphQLError, GraphQLSchema, validate
from starlette.applications import Starlette

from gateway import app as app_module
from gateway.app import create_app
from gateway.execution import documents
from gateway.http.graphql import turns
from gateway.sandbox import DIALECTS, SANDBOX_KEY, Dialect, Sandbox
from gateway.settings.settings import Settings
from gateway.upstream.way.clock import Clock

_MOST_PARSED = 200
_ALLOCATIONS = 10_000
"""Between two rounds of the garbage collector: a gateway makes thousands of objects that stay as long as it does."""
Rules = Collection[type[ASTValidationRule]]
_CANARIES = (SANDBOX_KEY, "canary-")
"""What no test may print or log: the key that most of them hold, and what they call what must not be told."""

gc.disable()  # until all is collected: what is imported stays

# What is asked together begins together, however slow the machine: the sandbox answers sooner than turns come round.
turns.LONGEST_S = inf

# Tests are clients themselves, and their client logs addresses.
logging.getLogger("httpx").setLevel(logging.WARNING)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Take a worker more than there are cores: many tests wait for processes that they start."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take files from both ends in turn: many of the first half wait for processes, those of the second compute."""
    files = list(dict.fromkeys(item.path for item in items))
    places = {file: min(place, len(files) - 1 - place) for place, file in enumerate(files)}
    items.sort(key=lambda item: places[item.path])


def pytest_collection_finish() -> None:
    """Keep the garbage collector from all that was imported and collected: it took a sixth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS)
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in whose log, at any level, or output a canary sings, whatever else the test is about."""
    report = yield
    now = [(name, text) for name, text in report.sections if name.endswith(report.when or "")]
    heard = [name for name, text in now if any(canary in text for canary in _CANARIES)]
    if heard and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: a key or canary is in {', '.join(heard)}"
    if report.passed:
        report.sections = []  # workers would send what nobody reads
    return report


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Parse and validate a document once for all gateways: what is valid for one is for the next, of the same schema.

    It takes a third of a short test's time. What is invalid is looked at each time.
    """
    valid: set[Hashable] = set()

    def remembered(schema: GraphQLSchema, ast: DocumentNode, rules: Rules, **more: Any) -> list[GraphQLError]:
        key = (id(schema), ast.loc and ast.loc.source.body, tuple(rules))
        if key in valid:
            return []
        if not (errors := validate(schema, ast, rules, **more)):
            valid.add(key)
        return errors

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "validate", remembered)
        patch.setattr(documents, "parse", lru_cache(_MOST_PARSED)(documents.parse))
        yield


@pytest.fixture(scope="session", autouse=True)
def page_read_once() -> Iterator[None]:
    """Read the files of the editor's page once for all gateways: that is half of what it takes to make one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_module, "GraphiQL", cache(app_module.GraphiQL))
        yield


@pytest.fixture(scope="session", autouse=True)
def address_parsed_once() -> Iterator[None]:
    """Parse an address once for all requests to it, of clients and of gateways: httpx does so three times for each."""
    parsed = lru_cache(_MOST_PARSED)(import_module("httpx._urlparse").urlparse)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_urls", "_urlparse"):
            patch.setattr(f"httpx.{module}.urlparse", parsed)
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Aiodataloader needs asyncio."""
    return "asyncio"


@pytest.fixture
def time() -> Time:
    """Make a clock that stands still."""
    return Time()


async def gateways() -> AsyncIterator[Gateway]:
    """Make gateways, each in front of a sandbox of its own, or of a transport that stands in for one.

    One with a `base_url` goes there over the network.
    """
    apps: list[Starlette] = []
    clients: list[httpx.AsyncClient] = []

    def make(
        sandbox: Sandbox | Dialect | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        time: Time | None = None,
        **settings: Any,
    ) -> Ask:
        box = sandbox if isinstance(sandbox, Sandbox) else Sandbox(sandbox or Dialect())
        # Most tests are about one operation: what others read would hide what it costs.
        alone = {
            "mirror": "off",
            "tell_cost": "off",
            "fresh_events": 300,
            "fresh_categories": 600,
        }
        secrets = {"api_key": SANDBOX_KEY, "metrics_token": METRICS_TOKEN}
        given: Json = {"base_url": "http://plandocket.test", **secrets, **alone, **settings}
        if transport is None and "base_url" not in settings:
            transport = httpx.ASGITransport(box.app)
        app = create_app(_settings(given), transport, time.clock if time else Clock(sleep=skip))
        apps.append(app)
        client = Client(transport=httpx.ASGITransport(app), base_url="http://localhost")
        clients.append(client)
        return Ask(box, client)

    yield make
    for client in clients:
        await client.aclose()
    for app in apps:
        async with app.router.lifespan_context(app):
            pass  # ends what the gateway holds open


gateway = pytest.fixture(gateways, name="gateway")
module_gateway = pytest.fixture(gateways, scope="module", name="module_gateway")


def _settings(given: Json) -> Settings:
    """Return the settings of these values, made once where they are always the same: that takes 10 ms."""
    if any(name.endswith("_file") for name in given):  # what is in a file may change
        return Settings(**given)
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    try:
        return _settings_of(frozenset(environment.items()), **given)
    except TypeError:  # a value that may change
        return Settings(**given)


@lru_cache(typed=True)
def _settings_of(_: frozenset[tuple[str, str]], /, **given: Any) -> Settings:
    return Settings(**given)


@pytest.fixture(scope="module")
def brief_collections() -> None:
    """Keep the garbage collector from stopping a module's tests for longer than the deadlines that they set.

    A round over all that the tests before them keep takes half a second.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(params=READING_DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Take each way in which PlanDocket may turn out to answer."""
    return DIALECTS[request.param]


@pytest.fixture
def ask(gateway: Gateway) -> Ask:
    """Make a gateway in front of a sandbox of the documented schema dialect."""
    return gateway()
