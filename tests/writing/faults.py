# pyright: basic
"""A PlanDocket that fails on the wire: a TCP server in front of the sandbox, and what it breaks."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Literal, Self

import httpx

from gateway.sandbox import Sandbox

CANARY = "canary-7f3a91"
HTML = f"<html><body>{CANARY}</body></html>".encode()

Fault = Literal["lost", "half", "reset", "hang", "500", "502", "html"]
"""What becomes of a request.

lost: carried out, the connection closed without an answer. half: carried out, the answer breaks
off. reset: the connection is reset before the request was read. hang: carried out, never answered.
500: refused by PlanDocket in JSON. 502: carried out, a proxy answers with its page.
html: carried out, and a page with status 200 answers.
"""

ANY_WRITE = "a write"


class FaultyServer:
    """Listens on loopback while it is entered; requests go to the sandbox but for those of the script.

    The script maps `PATCH events/1`, or ANY_WRITE, to what happens to such requests.
    """

    def __init__(self, sandbox: Sandbox, script: Mapping[str, Fault]) -> None:
        self.sandbox = sandbox
        self.script = script
        self.received: list[str] = []  # "PATCH events/1", faulty ones too
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(sandbox.app), base_url="http://sandbox.test"
        )
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._client.aclose()

    @property
    def address(self) -> str:
        """The base URL of the server."""
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await self._answer(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over; asyncio would log a cancelled handler
        finally:
            self._running.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = (await reader.readline()).decode().split()
        call = f"{method} {target.removeprefix('/api/v1/').partition('?')[0]}"
        self.received.append(call)
        fault = self.script.get(call, None if method == "GET" else self.script.get(ANY_WRITE))
        if fault == "reset":
            linger_no_longer(writer)
            return
        request = await self._read(reader, method, target)
        if fault == "500":
            writer.write(http(500, "application/json", json.dumps({"error": CANARY}).encode()))
            return
        response = await self._client.send(request)
        match fault:
            case "lost":
                return
            case "hang":
                await asyncio.Event().wait()
            case "502":
                writer.write(http(502, "text/html", HTML))
            case "html":
                writer.write(http(200, "text/html", HTML))
            case "half":
                whole = http(200, "application/json", b'{"data": {"id": 1, "x": "' + HTML)
                writer.write(whole[:-20])
            case _:
                media_type = response.headers.get("content-type", "")
                writer.write(http(response.status_code, media_type, response.content))

    async def _read(self, reader: asyncio.StreamReader, method: str, target: str) -> httpx.Request:
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        headers.pop("host")
        return self._client.build_request(method, target, headers=headers, content=body)


def linger_no_longer(writer: asyncio.StreamWriter) -> None:
    """Reset the connection, whatever of it is unread."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def http(status: int, media_type: str, body: bytes) -> bytes:
    """Return an answer that ends its connection."""
    length = "" if status == 204 else f"Content-Length: {len(body)}\r\nContent-Type: {media_type}\r\n"
    return f"HTTP/1.1 {status} -\r\nConnection: close\r\n{length}\r\n".encode() + body


def closed_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
