"""Front-end projects, and the demo that they ask."""

from collections.abc import Callable, Generator
from itertools import count

import httpx
import pytest
from clients.projects import HERE, NewProject, copied
from npm import install
from serving_here import demo


@pytest.fixture(scope="session")
def tools() -> None:
    """Have what the lock file names."""
    install(HERE)


@pytest.fixture(scope="session")
def project(tools: None, tmp_path_factory: pytest.TempPathFactory) -> NewProject:
    """Make projects, each in a new folder."""
    return lambda name: copied(name, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def address() -> Generator[str]:
    """Start a demo for all of them; whoever writes cleans up, or writes what nobody else looks at."""
    with demo() as port:
        yield f"http://127.0.0.1:{port}/graphql"


@pytest.fixture(scope="session")
def newcomer(address: str) -> Callable[[], str]:
    """Make contacts that take part in nothing, and return their customer numbers."""
    numbers = (f"NEW-{number}" for number in count(1))
    query = "mutation($input: CreateContactInput!) { createContact(input: $input) { contact { customerNumber } } }"

    def make() -> str:
        given = {"customerNumber": next(numbers), "lastName": "Newcomer", "email": "new@example.org"}
        body = {"query": query, "variables": {"input": given}}
        answer = httpx.post(address, json=body).raise_for_status().json()
        return answer["data"]["createContact"]["contact"]["customerNumber"]

    return make
