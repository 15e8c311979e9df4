"""The example of a front-end: tests/browser/test_screen.py opens it in a browser."""

from clients.projects import HERE
from npm import install, needs_npm, run

pytestmark = needs_npm


def test_it_is_typed_by_the_schema_as_it_is() -> None:
    """All its operations and what is made of their answers, strictly, by gql.tada and TypeScript."""
    folder = HERE / "participants-screen"
    install(folder)
    run(folder, "npm", "run", "check")
