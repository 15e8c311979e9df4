"""relay-compiler's artifacts, run by react-relay: two connections that page, and writes that change them."""

from collections.abc import Callable
from typing import Any

import pytest
from clients.projects import NewProject
from npm import needs_npm

pytestmark = needs_npm


@pytest.fixture(scope="module")
def told(project: NewProject, address: str, newcomer: Callable[[], str]) -> dict[str, Any]:
    """Compile the screen, run it once, and return what it showed after each step."""
    relay = project("relay")
    relay.run("relay-compiler")
    return relay.script("app.mjs", address, newcomer())


def test_a_screen_in_relay(told: dict[str, Any]) -> None:
    """Each page and each write is one request, and every row keeps what it had."""
    first, paged, created, confirmed = told["first"], told["paged"], told["created"], told["confirmed"]
    deleted, more, refetched = told["deleted"], told["more"], told["refetched"]

    # loadNext, of a root list and of an event's: both pages, and no row twice
    assert (len(first["list"]), len(first["event"])) == (10, 5)
    assert paged["list"][:10] == first["list"]
    assert paged["event"][:5] == first["event"]
    assert (len(set(paged["list"])), len(set(paged["event"]))) == (20, 10)

    # @prependNode
    assert created["refusals"] == []
    assert created["list"] == [created["id"], *paged["list"]]

    # a bulk confirm: the participants are still the participants, with all that they had
    assert confirmed["types"] == ["Participant"] * 5
    assert confirmed["after"] == [{**row, "isConfirmed": True} for row in confirmed["before"]]

    # @deleteEdge, and a further page after it
    assert deleted["id"] == created["id"]
    assert deleted["list"] == paged["list"]
    assert more["list"][:20] == paged["list"]
    assert len(set(more["list"])) == 30

    # another filter is another connection
    assert refetched["confirmed"] == [True] * 10
    assert [step["requests"] for step in (first, paged, created, confirmed, deleted, more, refetched)] == [
        *(1, 3, 4, 5, 6, 7, 8)
    ]


def test_relay_complains_of_nothing(told: dict[str, Any]) -> None:
    """No two entities share an id, and no record changes its type."""
    assert told["complaints"] == []
