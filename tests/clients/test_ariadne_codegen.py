"""ariadne-codegen: a Python client with pydantic models, in an environment of its own."""

import json
from collections.abc import Callable
from pathlib import Path

from clients.projects import NewProject, operations
from npm import needs_npm

pytestmark = needs_npm


def test_its_client_reads_and_writes(
    programs: Path, project: NewProject, address: str, newcomer: Callable[[], str]
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
