"""GraphiQL with its explorer, under a strict Content-Security-Policy.

The files lie in the package, put there by `build_hook`; one that is missing is taken from a CDN,
whose copy must have the pinned hash.
"""

import logging
import mimetypes
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

log = logging.getLogger(__name__)

_CDN = "https://unpkg.com"
_FOREVER = "public, max-age=31536000, immutable"


class File(msgspec.Struct, frozen=True):
    """One file of an npm package: where it is there, what it is called here, and its hash."""

    package: str
    version: str
    path: str
    name: str
    integrity: str


class GraphiQL:
    """The page and its files."""

    def __init__(self, folder: Traversable | None = None, *, needs_key: bool = False) -> None:
        """Read the files; with `needs_key` the page opens with a place for the caller's key."""
        here = files("gateway.http.browsers.graphiql")
        self._own = {name: here.joinpath(name).read_bytes() for name in ("start.js", "start.css")}
        wanted = msgspec.json.decode(here.joinpath("files.json").read_bytes(), type=list[File])
        self._wanted = [file for file in wanted if file.name.endswith((".js", ".css"))]
        found = {file.name: (folder or here.joinpath("files")).joinpath(file.name) for file in self._wanted}
        self._files = {name: file.read_bytes() for name, file in found.items() if file.is_file()}
        missing = [file.name for file in self._wanted if file.name not in self._files]
        if missing:
            log.warning(
                "GraphiQL's files are not installed (%s): browsers take them from %s. "
                "Install npm and install the gateway again to serve them yourself.",
                ", ".join(missing),
                _CDN,
            )
        self._html = self._page(here.joinpath("page.html").read_text(encoding="utf-8"), needs_key)
        self._policy = _policy(is_complete=not missing)

    def page(self) -> Response:
        """Return the page."""
        return HTMLResponse(self._html, headers={"Content-Security-Policy": self._policy})

    async def file(self, request: Request) -> Response:
        """Return one of the page's files."""
        name = request.path_params["name"]
        caching, of_these = (_FOREVER, self._files) if name in self._files else ("no-store", self._own)
        if name not in of_these:
            return PlainTextResponse("Not found.", 404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
        return Response(of_these[name], media_type=kind, headers=headers)

    def _page(self, template: str, needs_key: bool) -> str:
        styles = [self._tag(file) for file in self._wanted if file.name.endswith(".css")]
        scripts = [self._tag(file) for file in self._wanted if file.name.endswith(".js")]
        filled = template.replace("<!-- styles -->", "\n".join(styles))
        filled = filled.replace("<!-- scripts -->", "\n".join(scripts))
        return filled.replace('data-needs-key="no"', 'data-needs-key="yes"') if needs_key else filled

    def _tag(self, file: File) -> str:
        # From where the page stands; a new version has a new address.
        address, more = f"graphiql/{file.version}/{file.name}", ""
        if file.name not in self._files:
            address, more = f"{_CDN}/{file.package}@{file.version}/{file.path}", ' crossorigin="anonymous"'
        more = f' integrity="{escape(file.integrity)}"{more}'
        if file.name.endswith(".css"):
            return f'<link rel="stylesheet" href="{escape(address)}"{more}>'
        return f'<script src="{escape(address)}"{more}></script>'


def _policy(*, is_complete: bool) -> str:
    """Return what the page may load: its own files, and the CDN's only where its own are missing.

    The editor sets inline styles, and its style sheet holds fonts and images as data.
    """
    source = "'self'" if is_complete else f"'self' {_CDN}"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {source}",
            f"style-src {source} 'unsafe-inline'",
            "font-src data:",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
