"""Manifests of stored documents as graphql-codegen and relay-compiler write them."""

# pyright: basic
import json
import shutil
from pathlib import Path

import pytest
from asking import Gateway
from npm import install, needs_npm, run

ROOT = Path(__file__).parents[2]
DOCUMENTS = Path(__file__).parent / "stored"
CLIENTS = Path(__file__).parents[1] / "clients"

pytestmark = needs_npm


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a front-end project with the tools, the schema and some documents."""
    install(CLIENTS)
    (tmp_path / "node_modules").symlink_to(CLIENTS / "node_modules")
    shutil.copy(ROOT / "schema.graphql", tmp_path)
    (tmp_path / "src").mkdir()
    return tmp_path


def codegen(project: Path, persisted: object) -> Path:
    """Return the manifest that graphql-codegen's client preset writes."""
    shutil.copy(DOCUMENTS / "documents.ts", project / "src")
    config = {
        "schema": "schema.graphql",
        "documents": "src/*.ts",
        "generates": {"src/gql/": {"preset": "client", "presetConfig": {"persistedDocuments": persisted}}},
    }
    (project / "codegen.json").write_text(json.dumps(config))
    run(project, "graphql-codegen", "--config", "codegen.json")
    return project / "src" / "gql" / "persisted-documents.json"


def relay(project: Path, algorithm: str) -> Path:
    """Return the manifest that relay-compiler writes."""
    shutil.copy(DOCUMENTS / "documents.js", project / "src")
    manifest = project / "persisted.json"
    manifest.write_text("{}")
    config = {
        "src": "./src",
        "language": "javascript",
        "schema": "./schema.graphql",
        "persistConfig": {"file": "./persisted.json", "algorithm": algorithm},
    }
    (project / "relay.config.json").write_text(json.dumps(config))
    run(project, "relay-compiler")
    return manifest


WRITERS = {
    "codegen": lambda project: codegen(project, True),
    "codegen with sha1": lambda project: codegen(project, {"hashAlgorithm": "sha1"}),
    "relay with md5": lambda project: relay(project, "MD5"),
    "relay with sha256": lambda project: relay(project, "SHA256"),
}


@pytest.mark.parametrize("writer", WRITERS)
async def test_a_manifest_is_taken_as_the_tool_writes_it(
    gateway: Gateway, project: Path, writer: str
) -> None:
    """Every document in it is run by its id, as the tool's clients send it."""
    manifest = WRITERS[writer](project)
    written = json.loads(manifest.read_text())
    assert len(written) == 2
    ask = gateway(documents="only", documents_file=manifest)
    for name, text in written.items():
        body = {"documentId": name, "variables": {"id": 1} if "$id" in text else {}}
        answer = (await ask.http.post("/graphql", json=body)).json()
        assert "errors" not in answer
        assert answer["data"]


@pytest.mark.parametrize("writer", ["codegen", "relay with sha256"])
async def test_apollos_clients_use_the_same_manifest(gateway: Gateway, project: Path, writer: str) -> None:
    """The ids are the texts' own hashes."""
    manifest = WRITERS[writer](project)
    ask = gateway(documents="only", documents_file=manifest)
    for name in json.loads(manifest.read_text()):
        extension = {"version": 1, "sha256Hash": name.removeprefix("sha256:")}
        body = {"extensions": {"persistedQuery": extension}, "variables": {"id": 1}}
        assert "data" in (await ask.http.post("/graphql", json=body)).json()
