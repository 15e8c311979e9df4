"""The README says what the code does."""

import re
import tomllib
from pathlib import Path

from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows_of_settings() -> list[str]:
    """Return the table's rows as the settings themselves have it."""
    rows: list[str] = []
    for field in Settings.model_fields.values():
        default = "required" if field.is_required() else "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `{field.validation_alias}` | {default} | {field.description} |")
    return rows


def test_the_settings_table_is_the_settings() -> None:
    """Every setting with its default, unit and meaning, in the order of the class."""
    assert re.findall(r"^\| `(?:PLANDOCKET|GATEWAY)_.*\|$", README, re.MULTILINE) == rows_of_settings()


def codes() -> set[str]:
    """Return every code that an answer's errors may have."""
    sources = "".join(path.read_text() for path in (ROOT / "gateway").rglob("*.py"))
    named = r'(?:RequestError\(\s*\d+,\s*|\bcode = |_with_code\([^"]*?)"([A-Z_]+)"'
    return set(re.findall(named, sources))


def test_the_errors_table_has_every_code() -> None:
    """Whoever reads one in an answer finds what it means."""
    table = README.partition("\n## Errors\n")[2].partition("\n## ")[0]
    assert {"UPSTREAM_TIMEOUT", "CSRF_REFUSED", "GRAPHQL_PARSE_FAILED"} <= codes()
    assert codes() - set(re.findall(r"[A-Z]+(?:_[A-Z]+)+|[A-Z]{6,}", table)) == set()


def test_ci_runs_the_readmes_test_command() -> None:
    """What a newcomer is told to run is what holds a change back."""
    [command] = re.findall(r"^python3 -m venv .*pytest$", README, re.MULTILINE)
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
