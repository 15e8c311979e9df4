# ruff: noqa: T201 - it prints
"""Sends the gateway what is known to wear servers out, and tells how long everybody else waits meanwhile.

    .venv/bin/python tests/benchmarks/attacks.py [--only TEXT]

First documents: the processor time until each is refused, the least of ten tries; then what the harmless ones take
that are as large as they may be, which are answered. Then what clients send to a gateway, and what a PlanDocket
answers to one: the longest that `/healthz` took meanwhile, and how far the memory rose above what it was at rest.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from attackers import BY_CLIENTS, BY_PLANDOCKET, Play, post
from execution.attacks import ATTACKS, HARMLESS
from servers import Server, free_port, started

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings.settings import Settings

_TRIES = 10
_MOST_MS = 50
_MOST_STALL_MS = 150
_MOST_ABOVE_REST_MB = 120
_READS = 30

_PROBE = """
import http.client, sys, threading, time
longest, ends = 0, threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ends.set()), daemon=True).start()
while not ends.wait(0.005):
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    connection.close()
    longest = max(longest, time.perf_counter() - began)
print(longest)
"""


async def main() -> int:
    """Print them, and return 1 where one takes too long, or too much."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="only attacks whose name holds this")
    only = parser.parse_args().only
    bad = await _documents(only)
    print(f"\n{'/healthz':>9}  {'memory':>8}")
    with tempfile.TemporaryDirectory() as folder:
        bad += await _rest(Path(folder), only)
        for name, play in BY_CLIENTS.items():
            if only in name:
                bad += await _from_outside(name, play, Path(folder))
        for name, answer in BY_PLANDOCKET.items():
            if only in name:
                bad += await _from_plandocket(name, answer, Path(folder))
    print(f"{bad} took too long, too much, or left an error in the log")
    return 1 if bad else 0


async def _documents(only: str) -> int:
    """Print what each takes; return how many take too long."""
    given = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "auth": "none"}
    app = create_app(Settings.model_validate(given), httpx.ASGITransport(Sandbox().app))
    slow = 0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for name, text in {**ATTACKS, **HARMLESS}.items():
            if only in name:
                spent_ms = min([await _try(client, text, number) for number in range(_TRIES)])
                slow += name in ATTACKS and spent_ms > _MOST_MS
                print(f"{spent_ms:6.1f} ms  {len(text):7,} characters  {name}")
    return slow


async def _try(client: httpx.AsyncClient, text: str, number: int) -> float:
    """Return what a document took that was not seen before."""
    body = {"query": f"{text} # {number}"}
    began = time.process_time()
    await client.post("/graphql", json=body)
    return (time.process_time() - began) * 1e3


async def _rest(folder: Path, only: str) -> int:
    """Print what is seen while nothing happens: the machine's own share."""
    return 0 if only else await _from_outside("nothing", lambda _: asyncio.sleep(5), folder)


async def _from_outside(name: str, play: Play, folder: Path) -> int:
    """Attack a gateway to which everybody brings a key of their own."""
    async with _plandocket(b"") as address:
        with _gateway(folder, address) as server:
            return await _attacked(name, server, lambda: play(server.port))


async def _from_plandocket(name: str, made: Callable[[], bytes], folder: Path) -> int:
    """Let a gateway with a key ask a PlanDocket that answers this, thirty times at once."""

    async def read(number: int) -> None:
        text = f'{{ participants(filter: {{customerNumber: \\"{number}\\"}}) {{ totalCount }} }}'
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(post(b'{"query": "%b"}' % text.encode(), b"Connection: close\r\n"))
        await reader.read()
        writer.close()

    async def play() -> None:
        await asyncio.gather(*map(read, range(_READS)))

    async with _plandocket(made()) as address:
        with _gateway(folder, address, PLANDOCKET_API_KEY="key", GATEWAY_AUTH="none") as server:
            return await _attacked(f"PlanDocket: {name}", server, play)


@asynccontextmanager
async def _plandocket(answer: bytes) -> AsyncGenerator[str]:
    """Serve one answer to everything, as fast as it is taken."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # it went away, or the attack is over; asyncio would log either
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def _gateway(folder: Path, address: str, **settings: str) -> AbstractContextManager[Server]:
    port = free_port()
    command = [str(Path(sys.executable).with_name("gateway")), "serve"]
    given = {
        "PLANDOCKET_BASE_URL": address,
        "GATEWAY_PORT": str(port),
        "GATEWAY_LOG_FORMAT": "json",
        **settings,
    }
    return started("gateway", command, port, folder, **given)


async def _attacked(name: str, server: Server, play: Callable[[], Awaitable[None]]) -> int:
    """Print how an attack went; return 1 where it did harm."""
    server.settle()
    rest_mb = server.resident_mb
    server.forget_peak()
    probe = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _PROBE, str(server.port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    await asyncio.sleep(0.5)
    await play()
    told, _ = await probe.communicate(b"")
    stall_ms, above_mb = float(told) * 1e3, server.peak_mb - rest_mb
    errors = server.log.read_text(errors="replace").count('"level":"error"')
    print(
        f"{stall_ms:6.0f} ms  {above_mb:+5.0f} MB  {name}{f', {errors} errors in the log' if errors else ''}"
    )
    return stall_ms > _MOST_STALL_MS or above_mb > _MOST_ABOVE_REST_MB or errors > 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
