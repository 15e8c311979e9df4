# pyright: basic
"""Reads an answer part by part, as slowly as a test likes: the gateway waits where nobody takes what it sends."""

import asyncio
from typing import Any, Self, cast
from urllib.parse import quote

from asking import Ask


class Stream:
    """An answer that comes. Left before its end, its client is gone."""

    def __init__(self, ask: Ask, address: str, headers: dict[str, str] | None = None) -> None:
        path, _, query = address.partition("?")
        given = {"x-requested-with": "test", **(headers or {})}
        self._app = cast(Any, ask.http)._transport.app
        self._scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "root_path": "",
            "query_string": quote(query, safe="&=").encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
        }
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._has_left = asyncio.Event()
        self._was_read = False
        self.status = 0
        self.is_whole = False
        """Whether the answer had an end."""

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._has_left.set()
        await self.task

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        part = await self._parts.get()
        if part is None:
            raise StopAsyncIteration
        return part

    async def batch(self) -> bytes:
        """Return the next part."""
        return await anext(self)

    async def _run(self) -> None:
        await self._app(self._scope, self._receive, self._send)
        if not self._has_left.is_set():
            await self._parts.put(None)

    async def _receive(self) -> dict:
        if not self._was_read:
            self._was_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._has_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.is_whole = not message.get("more_body", False)
            if message.get("body"):
                await self._parts.put(message["body"])
