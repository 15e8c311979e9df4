"""What clients' tests share: tools from npm and PyPI, front-end projects, and the demo that they ask."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from itertools import count
from pathlib import Path

import httpx
import pytest
from clients.projects import HERE, NewProject, copied
from npm import alone, install, run
from serving_here import demo

REQUIREMENTS = HERE / "requirements.txt"
ENVIRONMENT = HERE / ".venv"


@pytest.fixture(scope="session")
def tools() -> Path:
    """Have what the lock file names, and return where it is."""
    install(HERE)
    return HERE / "node_modules"


@pytest.fixture(scope="session")
def programs() -> Path:
    """Return the programs of an environment with the versions of the requirements; skip where pip brings none."""
    with alone(HERE / "ariadne"):  # beside npm, which has a lock of its own
        try:
            _install_programs()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            if "CI" in os.environ:
                raise
            pytest.skip(f"pip brings no generators: {str(error)[-200:]}")
    return ENVIRONMENT / "bin"


def _install_programs() -> None:
    done = ENVIRONMENT / "installed.txt"
    if done.exists() and done.read_text() == REQUIREMENTS.read_text():
        return
    run(HERE, sys.executable, "-m", "venv", "--clear", "--without-pip", str(ENVIRONMENT))
    pip = (sys.executable, "-m", "pip", "--python", str(ENVIRONMENT), "--disable-pip-version-check")
    # Few of its modules are ever imported: to compile all of them takes as long as to bring them.
    run(HERE, *pip, "install", "--quiet", "--no-compile", "--no-deps", "-r", str(REQUIREMENTS), timeout_s=300)
    done.write_text(REQUIREMENTS.read_text())


@pytest.fixture(scope="session")
def project(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> NewProject:
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
