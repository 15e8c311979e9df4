"""gql.tada: operations typed by TypeScript alone, from what it makes of the schema."""

from clients.projects import NewProject
from npm import needs_npm

pytestmark = needs_npm


def test_what_it_types_compiles_strictly_and_runs(project: NewProject, address: str) -> None:
    """A query, a bulk confirm and an event by its key; what is wrong does not compile."""
    tada = project("tada")
    tada.run("gql.tada", "generate", "output")
    tada.run("tsc")
    told = tada.script("built/screen.js", address)

    assert told["rows"] == 5
    assert told["shown"]["century"] == "20"
    assert told["confirmed"] == [True] * 5
    assert told["refusals"] == []
    assert told["event"] == {"title": "Wine Fair 2027", "dateFrom": "2027-02-12", "hours": True}
