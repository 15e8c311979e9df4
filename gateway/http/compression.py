"""Answers packed with gzip, for clients that ask for it.

What BREACH (https://www.breachattack.com) guesses by the lengths of packed answers is a secret that stands in them
beside text that the attacker chose, in requests that the attacker makes somebody else's browser send. No answer here
holds a secret: keys and tokens are in none. And no page can have a browser send a request with somebody's access:
that comes in a header that only a page which knows the key can set, never in a cookie. So nothing is excluded.
"""

from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.negotiation import takes_gzip

_SMALLEST = 1_000  # bytes: below, what is saved is less than a packet
_LEVEL = 1  # a page of rows shrinks to a tenth at any level, and takes half as long as at 6


def compression(app: ASGIApp) -> ASGIApp:
    """Return the app whose answers are packed for who asks for it; who asks for none pays nothing for it.

    Starlette packs them, large ones beside the loop; its middleware takes an `Accept-Encoding` of `gzip;q=0` for a yes.
    `Vary` is there on every answer: see `gateway.http.headers`.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        given = [value for name, value in scope.get("headers", ()) if name == b"accept-encoding"]
        is_asked = bool(given) and takes_gzip(b",".join(given).decode("latin-1"))
        await (GZipResponder(app, _SMALLEST, _LEVEL) if is_asked else app)(scope, receive, send)

    return answer
