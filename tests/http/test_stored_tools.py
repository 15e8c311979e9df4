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


WRITERS = {
    "codegen": "src/gql/persisted-documents.json",
    "codegen with sha1": "src/sha1/persisted-documents.json",
    "relay with md5": "md5.json",
    "relay with sha256": "sha256.json",
}
"""Where each writes its manifest."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a front-end project with the tools, the schema and some documents, and let each tool write manifests."""
    install(CLIENTS)
    project = tmp_path_factory.mktemp("project")
    (project / "node_modules").symlink_to(CLIENTS / "node_modules")
    shutil.copy(ROOT / "schema.graphql", project)
    (project / "src").mkdir()
    for name in ("documents.ts", "documents.js"):
        shutil.copy(DOCUMENTS / name, project / "src")
    codegen(project, gql=True, sha1={"hashAlgorithm": "sha1"})
    relay(project, "MD5")
    relay(project, "SHA256")
    return project


def codegen(project: Path, **persisted: object) -> None:
    """Let graphql-codegen's client preset write a manifest into each folder, with the settings for it."""
    config = {
        "schema": "schema.graphql",
        "documents": "src/*.ts",
        "generates": {
            f"src/{folder}/": {"preset": "client", "presetConfig": {"persistedDocuments": settings}}
            for folder, settings in persisted.items()
        },
    }
    (project / "codegen.json").write_text(json.dumps(config))
    run(project, "graphql-codegen", "--config", "codegen.json")


def relay(project: Path, algorithm: str) -> None:
    """Let relay-compiler write a manifest, of all documents: it takes none that it has compiled before."""
    shutil.rmtree(project / "src" / "__generated__", ignore_errors=True)
    manifest = project / f"{algorithm.lower()}.json"
    manifest.write_text("{}")
    config = {
        "src": "./src",
        "language": "javascript",
        "schema": "./schema.graphql",
        "persistConfig": {"file": f"./{manifest.name}", "algorithm": algorithm},
    }
    (project / "relay.config.json").write_text(json.dumps(config))
    run(project, "relay-compiler")


@pytest.mark.parametrize("writer", WRITERS)
async def test_a_manifest_is_taken_as_the_tool_writes_it(
    gateway: Gateway, project: Path, writer: str
) -> None:
    """Every document in it is run by its id, as the tool's clients send it."""
    manifest = project / WRITERS[writer]
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
    manifest = project / WRITERS[writer]
    ask = gateway(documents="only", documents_file=manifest)
    for name in json.loads(manifest.read_text()):
        extension = {"version": 1, "sha256Hash": name.removeprefix("sha256:")}
        body = {"extensions": {"persistedQuery": extension}, "variables": {"id": 1}}
        assert "data" in (await ask.http.post("/graphql", json=body)).json()
