"""Answers before a body was read: a connection that is closed while a client sends loses it the answer."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Lingering(Response):
    """An answer that is sent at once and then drops what still comes, for a while, before its connection ends."""

    linger_s = 5.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        try:
            async with asyncio.timeout(self.linger_s):
                while (await receive()).get("more_body", False):
                    pass
        except TimeoutError:
            pass
        await send({"type": "http.response.body", "body": b""})
