"""The README says what the code does."""

import re
import subprocess
import tomllib
from pathlib import Path

from serving_here import GATEWAY

from gateway.graph.user_errors import UserErrorCode
from gateway.settings.settings import GROUPS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows_of_settings() -> list[str]:
    """Return the tables' rows as the groups of settings themselves have them, each group under what it is about."""
    rows: list[str] = []
    for group in GROUPS:
        rows.append(f"**{(group.__doc__ or '').rstrip('.')}**")
        for field in group.model_fields.values():
            default = (
                "required" if field.is_required() else "" if field.default is None else f"`{field.default}`"
            )
            rows.append(f"| `{field.validation_alias}` | {default} | {field.description} |")
    return rows


def test_the_settings_tables_are_the_settings() -> None:
    """Every setting with its default, unit and meaning, group by group in their order."""
    found = re.findall(r"^(?:\| `(?:PLANDOCKET|GATEWAY)_.*\||\*\*.*\*\*)$", section("Run it"), re.MULTILINE)
    assert found == rows_of_settings()


def codes() -> set[str]:
    """Return every code that an answer's errors may have."""
    sources = "".join(path.read_text() for path in (ROOT / "gateway").rglob("*.py"))
    named = r'(?:RequestError\(\s*\d+,\s*|\bcode = |_with_code\([^"]*?)"([A-Z_]+)"'
    return set(re.findall(named, sources))


def section(title: str) -> str:
    """Return what stands below a heading."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_errors_table_has_every_code() -> None:
    """Whoever reads one in an answer finds what it means."""
    table = section("Errors")
    assert {"UPSTREAM_TIMEOUT", "CSRF_REFUSED", "GRAPHQL_PARSE_FAILED"} <= codes()
    assert codes() - set(re.findall(r"[A-Z]+(?:_[A-Z]+)+|[A-Z]{6,}", table)) == set()


def test_every_code_of_user_errors_is_told() -> None:
    """Those that only results of many have, too."""
    missing = {code.name for code in UserErrorCode} - set(re.findall(r"`([A-Z_]+)`", section("Errors")))
    assert missing == set()


def test_every_file_it_names_is_there() -> None:
    """Commands' scripts below the tests, and the places of the floors below the package."""
    named = set(re.findall(r"(?<![\w/])(?:tests/[\w./-]*\w|\.ci/\w+|schema\.graphql)", README))
    assert {"tests/benchmarks/speed.py", ".ci/run"} <= named
    rows = re.findall(r"^\| \d \| (.*?) \|", section("Work on it"), re.MULTILINE)
    places = {place for row in rows for place in re.findall(r"`([\w/]+(?:\.py|/))`", row)}
    assert {"cli.py", "upstream/"} <= places
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert [name for name in places if not (ROOT / "gateway" / name).exists()] == []


def test_the_command_that_plans_an_operation_runs() -> None:
    """As it stands, and within the number that it names."""
    [command] = re.findall(r"```sh\n(echo .*? plan .*?)```", README, re.DOTALL)
    script = command.replace(".venv/bin/gateway", GATEWAY)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Page: " in done.stdout


def test_ci_runs_the_readmes_test_command() -> None:
    """What a newcomer is told to run is what holds a change back."""
    [command] = re.findall(r"^python3 -m venv .*pytest.*$", README, re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text()


def test_the_top_level_holds_nothing_else() -> None:
    """Tools are configured in pyproject.toml; the rest has its place below."""
    allowed = {"pyproject.toml", "README.md", "schema.graphql", "gateway", "tests"}
    ignored = {"build", "dist", "node_modules", "uv.lock"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - ignored
    assert {name for name in found if not name.endswith(".egg-info")} == allowed


def test_the_command_is_named_gateway() -> None:
    """The README's commands all begin with it."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert list(scripts) == ["gateway"]
