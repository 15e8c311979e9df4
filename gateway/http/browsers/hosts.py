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


def loopback_hosts(app: ASGIApp) -> ASGIApp:
    """Return the app for what was sent to a name of loopback; anything else is refused."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value for name, value in scope.get("headers", ()) if name == b"host"]
        if scope["type"] == "http" and not all(map(_is_ours, hosts)):
            refusal = RequestError(
                421,
                "MISDIRECTED",
                "This address lets everyone in, so it answers to names of this machine only: "
                "ask it as 'localhost' or '127.0.0.1', or let your proxy send that as 'Host'.",
            )
            await refusal.response()(scope, receive, send)
            return
        await app(scope, receive, send)

    return answer


@lru_cache(maxsize=64)
def _is_ours(header: bytes) -> bool:
    """Return whether a `Host` header names loopback, at whichever port."""
    found = _HOST.fullmatch(header.decode("latin-1"))
    return found is not None and is_loopback(found[1] or found[2])
