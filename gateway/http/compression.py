"""Answers packed with gzip, for clients that ask for it.

What BREACH (https://www.breachattack.com) guesses by the lengths of packed answers is a secret that stands in them
beside text that the attacker chose, in requests that the attacker makes somebody else's browser send. No answer here
holds a secret: keys and tokens are in none. And no page can have a browser send a request with somebody's access:
that comes in a header that only a page which knows the key can set, never in a cookie. So nothing is excluded.
"""

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.negotiation import takes_gzip

_SMALLEST = 1_000  # bytes: below, what is saved is less than a packet
_LEVEL = 1  # a page of rows shrinks to a tenth at any level, and takes half as long as at 6
_LARGEST_AT_ONCE = 250_000  # bytes, some 3 ms: more is packed beside the loop, which others wait for
_WITHOUT_BODY = (204, 304)


def compression(app: ASGIApp) -> ASGIApp:
    """Return the app whose answers are packed where they come in one piece. Who asks for none pays nothing for it.

    `Vary` is there on every answer: see `gateway.http.headers`.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        given = [value for name, value in scope.get("headers", ()) if name == b"accept-encoding"]
        if given and takes_gzip(b",".join(given).decode("latin-1")):
            send = _packing(send)
        await app(scope, receive, send)

    return answer


def _packing(send: Send) -> Send:
    """Return what sends an answer: its head waits for its body, which is packed where it is whole."""
    waiting: list[Message] = []

    async def send_packed(message: Message) -> None:
        if message["type"] == "http.response.start":
            waiting.append(message)
            return
        if waiting:
            head = waiting.pop()
            if _is_packable(head, message):
                message["body"] = packed = await _pack(message["body"])
                headers = MutableHeaders(raw=head["headers"])
                headers["content-encoding"] = "gzip"
                headers["content-length"] = str(len(packed))
            await send(head)
        await send(message)

    return send_packed


def _is_packable(head: Message, body: Message) -> bool:
    return (
        len(body.get("body", b"")) > _SMALLEST
        and not body.get("more_body", False)
        and head["status"] not in _WITHOUT_BODY
        and "content-encoding" not in Headers(raw=head["headers"])
    )


async def _pack(body: bytes) -> bytes:
    if len(body) > _LARGEST_AT_ONCE:
        return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    return gzip.compress(body, _LEVEL, mtime=0)
