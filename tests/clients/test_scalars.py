"""The README's line for each generator makes JSON and DateOrDateTime what they are, tried as it stands."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from clients.projects import ROOT, SCHEMA
from npm import needs_npm, run

README = (ROOT / "README.md").read_text(encoding="utf-8")

EVENTS = "query Events { events(first: 12) { nodes { id dateFrom openingHours } } }"
NODES = "import json; nodes = json.load(open('nodes.json'))"
TOLD = "print(json.dumps([str(type(v).__name__) for v in frame['openingHours']] + [str(frame['dateFrom'].dtype)]))"


def line(tool: str) -> str:
    """Return the README's line for a tool."""
    [row] = re.findall(rf"^\| {tool} \| `(.*?)`[^`]*(?:`[^`]*`[^`]*)?\|$", README, re.MULTILINE)
    return row


@pytest.fixture(scope="module")
def nodes(address: str) -> list[Any]:
    """Return events of a demo: some begin at a date, some at an instant, and all have opening hours."""
    answer = httpx.post(address, json={"query": EVENTS}).json()
    nodes = answer["data"]["events"]["nodes"]
    assert {len(node["dateFrom"]) for node in nodes} == {len("2026-05-01"), len("2026-05-29T09:00:00+00:00")}
    return nodes


@pytest.fixture
def project(tmp_path: Path, nodes: list[Any]) -> Path:
    """Make a project with the schema, an operation, and what it answers."""
    shutil.copy(SCHEMA, tmp_path)
    (tmp_path / "events.graphql").write_text(EVENTS)
    (tmp_path / "nodes.json").write_text(json.dumps(nodes))
    return tmp_path


def frame_of(project: Path, programs: Path, *lines: str) -> list[str]:
    """Return the types of the opening hours in a table, and after them that of `dateFrom`."""
    script = "\n".join([NODES, *lines, TOLD])
    return json.loads(run(project, str(programs / "python"), "-W", "error", "-c", script))


@needs_npm
def test_graphql_codegen(project: Path, tools: Path) -> None:
    """Texts and unknown, in the types of an operation's answer."""
    (project / "node_modules").symlink_to(tools)
    (project / "codegen.ts").write_text(
        'export default { schema: "schema.graphql", documents: "*.graphql", generates: { "gql/": '
        f'{{ preset: "client", {line("graphql-codegen")} }} }} }};'
    )
    run(project, "graphql-codegen", timeout_s=120)
    written = (project / "gql" / "graphql.ts").read_text()
    assert "dateFrom: string | null" in written
    assert "openingHours: unknown" in written


def test_ariadne_codegen(project: Path, programs: Path) -> None:
    """Its model of an answer takes what the gateway answers."""
    (project / "pyproject.toml").write_text(
        '[tool.ariadne-codegen]\nschema_path = "schema.graphql"\nqueries_path = "events.graphql"\n'
        + line("ariadne-codegen")
    )
    run(project, str(programs / "ariadne-codegen"))
    script = f"""{NODES}
from graphql_client.events import Events
for node in Events.model_validate({{"events": {{"nodes": nodes}}}}).events.nodes:
    assert isinstance(node.date_from, str) and isinstance(node.opening_hours[0], dict)
"""
    run(project, str(programs / "python"), "-c", script)


def test_datamodel_code_generator(project: Path, programs: Path) -> None:
    """Its model of the schema takes any value for JSON, where its own default is text alone."""
    environment = f'PATH="{programs}:$PATH"'
    run(project, "sh", "-c", f"{environment} {line('datamodel-code-generator')}")
    script = f"""{NODES}
import models, pydantic
for node in nodes:
    for name, value in node.items():
        field = models.Event.model_fields[name].annotation
        assert pydantic.TypeAdapter(field).validate_python(value) == value
"""
    run(project, str(programs / "python"), "-c", script)


def test_pandas(project: Path, programs: Path) -> None:
    """Dates and instants in one column of instants; lists stay lists."""
    frame = "import pandas; frame = pandas.DataFrame(nodes)"
    *hours, moments = frame_of(project, programs, frame, line("pandas"))
    assert moments.startswith("datetime64[")
    assert moments.endswith("UTC]")
    assert set(hours) == {"list"}


def test_polars(project: Path, programs: Path) -> None:
    """Dates and instants in one column of instants; JSON as texts, whatever shapes it has."""
    *hours, moments = frame_of(project, programs, "import polars", line("polars"))
    assert moments == "Datetime(time_unit='us', time_zone='UTC')"
    assert set(hours) == {"str"}
