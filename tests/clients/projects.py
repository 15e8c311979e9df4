"""Front-end projects that tests run: their tools, the schema as committed, and their own files."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import OperationDefinitionNode, parse
from npm import run

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCHEMA = ROOT / "schema.graphql"
OPERATIONS = HERE / "operations"


@dataclass(frozen=True)
class Project:
    """A folder with one front-end project."""

    folder: Path

    def run(self, *command: str) -> str:
        """Return what a tool of the lock file prints; AssertionError where it fails."""
        return run(self.folder, *command, timeout_s=120)

    def script(self, name: str, *arguments: str) -> Any:
        """Run a script with Node, and return the JSON it prints."""
        return json.loads(self.run("node", name, *arguments))


NewProject = Callable[[str], Project]
"""Makes a project of the files in a folder here."""


def copied(name: str, to: Path) -> Project:
    """Return a project of the files in a folder here, beside the tools, the schema and the shared operations."""
    folder = shutil.copytree(HERE / name, to / name)
    shutil.copy(SCHEMA, folder)
    shutil.copytree(OPERATIONS, folder / "operations")
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    return Project(folder)


def operations() -> list[OperationDefinitionNode]:
    """Return the shared operations, by file."""
    documents = [parse(file.read_text()) for file in sorted(OPERATIONS.glob("*.graphql"))]
    found = [one for document in documents for one in document.definitions]
    return [one for one in found if isinstance(one, OperationDefinitionNode)]
