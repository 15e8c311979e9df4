"""DNS rebinding: pages of other sites must not reach a gateway that lets everyone in on loopback.

A page of evil.example may let its own name point to 127.0.0.1 after it was loaded. To the browser the gateway is
then of the page's own origin, and nothing of CORS or CSRF protects what it answers. But the browser still says
`Host: evil.example`. So a gateway that holds a key, asks callers for nothing and listens on loopback answers only
what was sent to a name of loopback: `localhost` and names that end in `.localhost`, 127.0.0.0/8, and `[::1]`, at
any port, since a port may be forwarded; and so do metrics without a token at a loopback address of their own. What
sends no `Host` is no browser. A proxy on the same machine must send one of these names. Source: RFC 6761, 6.3.
"""

import re
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.refusal import RequestError
from gateway.settings.group import is_loopback

_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::[0-9]*)?")


class LoopbackHosts:
    """Answers only what was sent to a name of loopback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if scope["type"] != "http" or all(map(_is_ours, hosts)):
            await self._app(scope, receive, send)
            return
        error = RequestError(
            421,
            "MISDIRECTED",
            "This address lets everyone in, so it answers to names of this machine only: "
            "ask it as 'localhost' or '127.0.0.1', or let your proxy send that as 'Host'.",
        )
        await error.response()(scope, receive, send)


@lru_cache(maxsize=64)
def _is_ours(header: bytes) -> bool:
    """Return whether a `Host` header names loopback, at whichever port."""
    found = _HOST.fullmatch(header.decode("latin-1"))
    return found is not None and is_loopback(found[1] or found[2])
