"""The example of a front-end, at `/screen`: built when it is opened, anew after an edit.

It lies below the repository's tests, which an installed package has not. npm brings what it needs, once.
"""

import os
import shutil
import subprocess
import threading
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

FOLDER = Path(__file__).parents[3] / "tests" / "clients" / "participants-screen"

_INSTALL = ("ci", "--no-audit", "--no-fund", "--ignore-scripts")
_BUILD = ("run", "--silent", "build")
_TIMEOUT_S = 300
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECRETS = ("GATEWAY_", "PLANDOCKET_")


class ExampleScreen:
    """The page and its files."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._script = b""
        self._built_from = 0.0  # when the last of its sources was changed
        self._alone = threading.Lock()  # two that install at once would break each other's files

    @property
    def lack(self) -> str | None:
        """Return what is missing for it, in words; None where it can be opened."""
        if not self._folder.is_dir():
            return "it is in a clone of the repository only, below tests/clients"
        if shutil.which("npm") is None:
            return "npm is missing, which comes with Node.js"
        return None

    @property
    def routes(self) -> list[Route]:
        """Return where it is; nothing where something is missing for it."""
        return [] if self.lack else [Route("/screen", self.page), Route("/screen/{name}", self.file)]

    def page(self, _: Request) -> Response:
        """Return the page once its script is built, or what failed: Starlette calls this in a thread."""
        try:
            with self._alone:
                if not self._is_installed:
                    self._npm(*_INSTALL)
                if self._built_from != (changed := self._changed):
                    self._script, self._built_from = self._npm(*_BUILD), changed
        except (OSError, subprocess.SubprocessError) as error:
            kind = type(error).__name__
            text = f"The screen could not be built ({kind}): run 'npm ci && npm run build' in {self._folder}."
            return PlainTextResponse(text, 503)
        return FileResponse(self._folder / "page.html", headers={"Content-Security-Policy": _POLICY})

    async def file(self, request: Request) -> Response:
        """Return its style sheet, or its script as it was built last."""
        match request.path_params["name"]:
            case "screen.css" as name:
                return FileResponse(self._folder / name)
            case "main.js":
                return Response(self._script, media_type="text/javascript")
            case _:
                return PlainTextResponse("Not found.", 404)

    @property
    def _is_installed(self) -> bool:
        installed = self._folder / "node_modules" / ".package-lock.json"
        lock = self._folder / "package-lock.json"
        return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime

    @property
    def _changed(self) -> float:
        return max(file.stat().st_mtime for file in (self._folder / "src").iterdir())

    def _npm(self, *arguments: str) -> bytes:
        """Return what npm prints; OSError or SubprocessError where it fails."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SECRETS)}
        command = (shutil.which("npm") or "npm", *arguments)
        return subprocess.run(  # noqa: S603 - our own arguments
            command, capture_output=True, timeout=_TIMEOUT_S, check=True, cwd=self._folder, env=kept
        ).stdout
