"""Brings GraphiQL's files by npm when the package is built or installed from source.

Not part of the wheel. A machine without npm, or without a registry, installs all the same: the page
then takes the files from a CDN (see `gateway.http.browsers.graphiql.page`).
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path("gateway") / "http" / "browsers" / "graphiql"
_TIMEOUT_S = 120


class GraphiQLHook(BuildHookInterface[Any]):
    """Fills `files/` before the wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring what is missing; warn, never fail."""
        here = Path(self.root) / HERE
        wanted = json.loads((here / "files.json").read_text(encoding="utf-8"))
        try:
            bring(wanted, here / "files")
        except BringError as error:
            self.app.display_warning(f"GraphiQL's files could not be brought, a CDN will serve them: {error}")


class BringError(Exception):
    """npm is missing or failed, or brought something else than was pinned."""


def bring(wanted: list[dict[str, str]], target: Path) -> None:
    """Put what is missing of these files into `target`; BringError where that fails, and then nothing is changed."""
    missing = [file for file in wanted if not is_there(file, target)]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as folder:
        packages = sorted({f"{file['package']}@{file['version']}" for file in missing})
        tarballs = dict(zip(packages, pack(packages, Path(folder)), strict=True))
        contents = {file["name"]: extract(file, tarballs) for file in missing}
    target.mkdir(exist_ok=True)
    for name, content in contents.items():
        (target / name).write_bytes(content)


def is_there(file: dict[str, str], target: Path) -> bool:
    """Return whether the file is there, unchanged."""
    path = target / file["name"]
    return path.is_file() and integrity(path.read_bytes()) == file["integrity"]


def pack(packages: list[str], folder: Path) -> list[Path]:
    """Return each package's tarball, in the order asked for."""
    npm = shutil.which("npm")
    if npm is None:
        raise BringError("npm is not on the PATH.")
    command = [npm, "pack", "--json", "--ignore-scripts", "--pack-destination", str(folder), *packages]
    try:
        ended = subprocess.run(  # noqa: S603 - our own arguments
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True, cwd=folder
        )
        return [folder / packed["filename"] for packed in json.loads(ended.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise BringError(f"npm failed ({type(error).__name__}).") from None


def extract(file: dict[str, str], tarballs: dict[str, Path]) -> bytes:
    """Return one file of its package, once its hash is the pinned one."""
    package = f"{file['package']}@{file['version']}"
    try:
        with tarfile.open(tarballs[package]) as tarball:
            found = tarball.extractfile(f"package/{file['path']}")
            content = found.read() if found else b""
    except (OSError, KeyError, tarfile.TarError) as error:
        raise BringError(f"{package} cannot be read ({type(error).__name__}).") from None
    if integrity(content) != file["integrity"]:
        raise BringError(f"{file['path']} of {package} is not the pinned file.")
    return content


def integrity(content: bytes) -> str:
    """Return the hash as a page's `integrity` attribute has it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()
