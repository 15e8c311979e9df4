# pyright: basic
"""A PlanDocket that fails on the wire: a TCP server in front of the sandbox, and what it breaks."""

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Mapping
from functools import cache
from types import TracebackType
from typing import Literal, Self

import httpx

from gateway.sandbox import Sandbox

CANARY = "canary-7f3a91"
JSON = "application/json"
HTML = f"<html><body>{CANARY}</body></html>".encode()

MB = 1_000_000

Fault = Literal[
    "lost",
    "half",
    "reset",
    "reset mid",
    "silent",
    "hang",
    "hang mid",
    "short",
    "500",
    "500 once",
    "502",
    "503 once",
    "html",
    "broken",
    "429",
    "429 later",
    "302",
    "huge",
    "bomb",
    "drip",
]
"""What becomes of a request.

Not carried out: reset, the connection is reset before the request was read. silent: it is accepted and
nothing more happens. 500: refused by PlanDocket in JSON; 500 once, 503 once: so the first time, later
ones are answered. 429, 429 later: over the hour, without and with Retry-After. 302: led elsewhere.

Carried out: lost, the connection is closed without an answer. hang: never answered. half, hang mid,
reset mid: the answer ends in its middle with the connection, without it, or by a reset. short: its
Content-Length is too small. 502: a proxy answers with its page. html: a page with status 200 answers.
broken: what answers is no JSON. huge: 100 MB answer. bomb: so do 100 kB that are 100 MB unpacked.
drip: a byte of the answer at a time.
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
        self.elsewhere = ""  # where "302" leads
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

    def fault_of(self, call: str) -> Fault | None:
        """Return what becomes of a request that just came."""
        fault = self.script.get(call) or (None if call.startswith("GET") else self.script.get(ANY_WRITE))
        if fault in ("500 once", "503 once") and self.received.count(call) > 1:
            return None
        return fault

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await self._answer(reader, writer)
        except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the test is over, or the gateway has hung up; asyncio would log either
        finally:
            self._running.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not (line := await reader.readline()):
            return  # connected, and gone before it asked
        method, target, _ = line.decode().split()
        call = f"{method} {target.removeprefix('/api/v1/').partition('?')[0]}"
        self.received.append(call)
        fault = self.fault_of(call)
        if fault == "reset":
            linger_no_longer(writer)
        elif fault == "silent":
            await asyncio.Event().wait()
        else:
            request = await self._read(reader, method, target)
            refusal = self._refusal(fault)
            if refusal is not None:
                writer.write(refusal)
            else:
                await self._play(fault, writer, await self._client.send(request))

    def _refusal(self, fault: Fault | None) -> bytes | None:
        """Return the answer to what is not carried out."""
        body = json.dumps({"error": CANARY}).encode()
        match fault:
            case "500" | "500 once" | "503 once":
                return http(int(fault[:3]), JSON, body)
            case "429":
                return http(429, JSON, body)
            case "429 later":
                return http(429, JSON, body, "Retry-After: 3600")
            case "302":
                return http(302, JSON, b"", f"Location: {self.elsewhere}/{CANARY}")
            case _:
                return None

    async def _play(
        self, fault: Fault | None, writer: asyncio.StreamWriter, response: httpx.Response
    ) -> None:
        whole = http(200, JSON, b'{"data": {"id": 1, "x": "' + HTML + b'"}}')
        match fault:
            case None:
                media_type = response.headers.get("content-type", "")
                writer.write(http(response.status_code, media_type, response.content))
            case "hang":
                await asyncio.Event().wait()
            case "hang mid":
                writer.write(whole[:-20])
                await asyncio.Event().wait()
            case "reset mid":
                writer.write(whole[:-20])
                await asyncio.sleep(0.02)  # or the reset would overtake what was sent
                linger_no_longer(writer)
            case "half":
                writer.write(whole[:-20])
            case "short":
                writer.write(http(200, JSON, b'{"data": [', length=5) + HTML)
            case "broken":
                writer.write(http(200, JSON, b'{"data": [{"id": 1, "x": "' + HTML))
            case "502":
                writer.write(http(502, "text/html", HTML))
            case "html":
                writer.write(http(200, "text/html", HTML))
            case "huge":
                await self._flood(writer)
            case "bomb":
                writer.write(http(200, JSON, bomb(), "Content-Encoding: gzip"))
            case "drip":
                for byte in whole:
                    if writer.transport.is_closing():
                        return
                    writer.write(bytes((byte,)))
                    await asyncio.sleep(0.03)
            case _:
                pass  # lost

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        writer.write(http(200, JSON, b'{"data": ["', length=100 * MB))
        for _ in range(1600):
            writer.write(b"x" * 62_500)
            await writer.drain()

    async def _read(self, reader: asyncio.StreamReader, method: str, target: str) -> httpx.Request:
        headers: dict[str, str] = {}
        while line := (await reader.readline()).decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        headers.pop("host")
        return self._client.build_request(method, target, headers=headers, content=body)


@cache
def bomb() -> bytes:
    """Return 100 MB, packed."""
    return gzip.compress(b"x" * 100 * MB, 1)


def linger_no_longer(writer: asyncio.StreamWriter) -> None:
    """Reset the connection, whatever of it is unread."""
    if writer.transport.is_closing():
        return
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def http(status: int, media_type: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Return an answer that ends its connection; `length` is told instead of the body's own."""
    told = len(body) if length is None else length
    about = () if status == 204 else (f"Content-Length: {told}", f"Content-Type: {media_type}")
    lines = (f"HTTP/1.1 {status} -", "Connection: close", *about, *headers, "", "")
    return "\r\n".join(lines).encode() + body


def closed_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
