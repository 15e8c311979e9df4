"""The wheel as an operator installs it: into an empty environment, on a machine without npm."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Generator
from pathlib import Path

import pytest
from serving_here import demo

ROOT = Path(__file__).parents[2]
PIP = (sys.executable, "-m", "pip")
"""For the empty environment too: to install another one there takes longer than the rest."""


def run(*command: str, **environment: str) -> None:
    """Run a command to its end, and show what it said where it fails."""
    ended = subprocess.run(  # noqa: S603 - our own arguments
        command, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT))
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Generator[int]:
    """Install the wheel in an empty environment without npm, and yield its demo's port."""
    run(sys.executable, "-m", "venv", "--without-pip", str(wheel.parent / "empty"))
    python = wheel.parent / "empty" / "bin" / "python"
    run(*PIP, "--python", str(python), "install", "-q", "--no-compile", str(wheel), PATH=str(python.parent))
    with demo(str(python.with_name("gateway"))) as port:
        yield port


def get(port: int, path: str) -> bytes:
    """Return what the gateway answers a browser."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return response.read()


@pytest.mark.skipif(
    "CI" not in os.environ and not (ROOT / "gateway/http/browsers/graphiql/files").is_dir(), reason="no npm"
)
def test_it_serves_graphiql_whole(installed: int) -> None:
    """Every file of the page comes from the gateway itself, and is the pinned one."""
    page = get(installed, "/graphql").decode()
    files = re.findall(r'(?:src|href)="([^"]+)"(?: integrity="([^"]+)")?', page)
    addresses = [address for address, _ in files if not address.startswith("data:")]
    assert len(addresses) == 8
    assert all(address.startswith("graphiql/") for address in addresses)
    for address, integrity in files:
        if integrity:
            digest = base64.b64encode(hashlib.sha384(get(installed, f"/{address}")).digest()).decode()
            assert integrity == f"sha384-{digest}"


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    """The package with its page's own files; neither tests nor the hook that builds it."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"gateway"}
    assert "gateway/http/browsers/graphiql/start.js" in names
    assert "gateway/http/browsers/graphiql/build_hook.py" not in names
