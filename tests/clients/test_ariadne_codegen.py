"""ariadne-codegen: a Python client with pydantic models, in an environment of its own."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from clients.projects import HERE, NewProject, operations
from npm import needs_npm, run

pytestmark = needs_npm  # as the other clients: it too is fetched

ENVIRONMENT = HERE / ".venv"
REQUIREMENTS = HERE / "ariadne" / "requirements.txt"


@pytest.fixture
def programs() -> Path:
    """Have the versions named in the requirements, and return where the environment's programs are."""
    programs, installed = ENVIRONMENT / "bin", ENVIRONMENT / "installed.txt"
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        run(HERE, sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT))
        quiet = ("--quiet", "--disable-pip-version-check")
        run(HERE, str(programs / "pip"), "install", *quiet, "-r", str(REQUIREMENTS), timeout_s=300)
        installed.write_text(REQUIREMENTS.read_text())
    return programs


def test_its_client_reads_and_writes(
    project: NewProject, programs: Path, address: str, newcomer: Callable[[], str]
) -> None:
    """A method for every operation; pages, a participation from its creation to its end, and an error."""
    ariadne = project("ariadne")
    ariadne.run(str(programs / "ariadne-codegen"))
    told = json.loads(ariadne.run(str(programs / "python"), "tour.py", address, newcomer()))

    assert told["operations"] == len(operations())
    ids = [one for page in told["pages"] for one in page]
    assert len(ids) == len(set(ids)) == 12
    assert told["participation"] == {
        "confirmed": [False, True, False, False],
        "created": True,
        "email": "new@example.org",
        "gone": True,
        "left": None,
    }
    assert told["events"] == ["2026-03-20", "2026-05-01", "2026-05-29T09:00:00+00:00"]
    assert told["refused"] == "BAD_USER_INPUT"
