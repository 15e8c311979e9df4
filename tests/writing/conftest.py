# pyright: basic
"""Every way in which PlanDocket may turn out to take writes, and a wire that may break."""

from contextlib import asynccontextmanager

import pytest
from asking import Ask, Gateway
from failing.faults import FaultyServer
from writing.mutations import SOME_WAYS, WAYS, Way, now

from gateway.sandbox import DIALECTS, Dialect, Sandbox

SCHEMA = DIALECTS["schema"]


def _way(gateway: Gateway, name: str) -> Way:
    dialect, method = WAYS[name]
    return Way(gateway(Sandbox(dialect, now=now), update_method=method), dialect, method)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, gateway: Gateway) -> Way:
    """Take each dialect of writes with each method of updates."""
    return _way(gateway, request.param)


@pytest.fixture(params=SOME_WAYS)
def some_way(request: pytest.FixtureRequest, gateway: Gateway) -> Way:
    """Take each dialect once and each method once, for what is refused, created or deleted.

    The method by which rows are updated plays no part in it, in whichever dialect.
    """
    return _way(gateway, request.param)


@pytest.fixture
def ask(gateway: Gateway) -> Ask:
    """Make a gateway that sends PATCH, in front of the schema dialect at a fixed time."""
    return gateway(Sandbox(now=now))


@pytest.fixture
def replacing(gateway: Gateway) -> Ask:
    """Make a gateway that sends PUT, in front of a server that resets what a PUT leaves out."""
    return gateway(Sandbox(Dialect(put="replace"), now=now), update_method="PUT")


@pytest.fixture
def mute(gateway: Gateway) -> Ask:
    """Make a gateway that sends PUT to a server that replaces, and ignores includes."""
    return gateway(Sandbox(Dialect(include="ignored", put="replace"), now=now), update_method="PUT")


@pytest.fixture
def wired(gateway: Gateway, brief_collections: None):
    """Make gateways that reach their sandbox over TCP, through a server that plays a script."""

    @asynccontextmanager
    async def make(script, dialect=SCHEMA, **settings):
        async with FaultyServer(Sandbox(dialect, now=now), script) as server:
            given = {"base_url": server.address, "read_timeout": 0.2, **settings}
            yield gateway(server.sandbox, **given), server

    return make
