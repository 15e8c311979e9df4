"""Sends the gateway three times what it can serve: what it takes keeps its latency, the rest is told so at once.

overload.py [--seconds 10] [--running 8] [--times 3]

What it can serve is measured first, with as many clients as operations may run (GATEWAY_MAX_RUNNING),
each sending its next as soon as it is answered. Reads are cold, each caller's with a key of its own;
the upstream takes 20 ms.
"""

import argparse
import asyncio
import http.client
import json
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from driving import quantile
from page import write_page
from servers import FIRST_CALLER, PEERS, FailedError, Server, Target, free_port, started, url

_QUERY = "{ participants(first: 100) { nodes { id isConfirmed contact { email } event { title } } } }"
_UPSTREAM_S = 0.02
_PATIENCE_S = 30


@dataclass
class Seen:
    """What came of the requests of a run: latencies in seconds."""

    accepted: list[float] = field(default_factory=list[float])
    refused: list[float] = field(default_factory=list[float])
    """Those answered with 503 and `Retry-After`."""
    others: list[str] = field(default_factory=list[str])
    """What any other answer began with, or why there was none."""
    seconds: float = 0
    """From the first request to the last answer."""

    def row(self, label: str) -> list[str]:
        """Return a row of the table."""
        count = len(self.accepted) + len(self.refused) + len(self.others)
        return [
            label,
            f"{count:,}",
            f"{len(self.accepted) / self.seconds:,.0f}",
            *_quantiles(self.accepted),
            f"{len(self.refused) / max(1, count):.0%}",
            *_quantiles(self.refused),
            str(len(self.others)),
        ]


@dataclass(frozen=True)
class _Connection:
    """A connection, and the request of the caller whose it is: equal reads of one key would be one."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes


class Client:
    """Sends one request again and again, each on a connection that nobody else uses meanwhile."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._port = target.server.port
        self._opened = 0
        self._idle: list[_Connection] = []

    async def at_once(self, clients: int, seconds: float) -> Seen:
        """Send as much as so many clients do, each its next request as soon as it is answered."""
        seen, loop = Seen(), asyncio.get_running_loop()
        start = loop.time()
        until = start + seconds

        async def one() -> None:
            while (began := loop.time()) < until:
                await self._exchange(seen, began)

        await asyncio.gather(*(one() for _ in range(clients)))
        seen.seconds = loop.time() - start
        return seen

    async def at_rate(self, per_s: float, seconds: float) -> Seen:
        """Send at a fixed rate whether or not answers came; latencies count from when each was due."""
        seen, loop = Seen(), asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for n in range(int(per_s * seconds)):
                due = began + n / per_s
                await asyncio.sleep(due - loop.time())
                group.create_task(self._exchange(seen, due))
        seen.seconds = loop.time() - began
        return seen

    def close(self) -> None:
        """Close every connection."""
        for connection in self._idle:
            connection.writer.close()

    async def _exchange(self, seen: Seen, due: float) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await self._send()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            seen.others.append(type(error).__name__)
            return
        latency = asyncio.get_running_loop().time() - due
        if head.startswith(b"http/1.1 200 "):
            seen.accepted.append(latency)
        elif head.startswith(b"http/1.1 503 ") and b"retry-after:" in head:
            seen.refused.append(latency)
        else:
            seen.others.append(head[:40].decode())

    async def _send(self) -> bytes:
        connection = self._idle.pop() if self._idle else await self._open()
        connection.writer.write(connection.request)
        head = (await connection.reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await connection.reader.readexactly(size)
        if b"connection: close" in head:
            connection.writer.close()
        else:
            self._idle.append(connection)
        return head

    async def _open(self) -> _Connection:
        self._opened += 1
        streams = await asyncio.open_connection("127.0.0.1", self._port)
        return _Connection(*streams, self._target.raw_of(self._opened))


def _quantiles(latencies: list[float]) -> list[str]:
    return [f"{quantile(latencies, part) * 1e3:,.1f}" if latencies else "" for part in (0.5, 0.99)]


def _gateway(folder: Path, stack: ExitStack, running: int) -> Server:
    upstream_port, port = free_port(), free_port()
    command = [sys.executable, str(PEERS / "slow_upstream.py")]
    command += [str(upstream_port), str(folder / "page.json"), str(_UPSTREAM_S)]
    upstream = stack.enter_context(started("slow upstream", command, upstream_port, folder))
    settings = {
        "PLANDOCKET_BASE_URL": url(upstream),
        "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
        "GATEWAY_PORT": str(port),
        "GATEWAY_MIRROR": "off",
        "GATEWAY_MAX_RUNNING": str(running),
    }
    gateway = [str(Path(sys.executable).with_name("gateway")), "serve"]
    return stack.enter_context(started("gateway", gateway, port, folder, **settings))


async def measure(target: Target, running: int, times: float, seconds: float) -> None:
    """Print the table."""
    client = Client(target)
    await client.at_once(running, 1)
    full = await client.at_once(running, seconds)
    per_s = len(full.accepted) / full.seconds
    if not per_s:
        raise FailedError(f"nothing was accepted: {full.others[:3]}")
    over = await client.at_rate(per_s * times, seconds)
    client.close()
    _say(["load", "sent", "accepted/s", "p50 ms", "p99 ms", "503", "p50 ms", "p99 ms", "others"])
    _say(["---"] * 9)
    _say(full.row(f"full: {running} clients"))
    _say(over.row(f"{times:g} times that"))
    for other in sorted(set(over.others)):
        print(f"other: {over.others.count(other)} x {other!r}")  # noqa: T201


def _say(cells: list[str]) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)  # noqa: T201


def main() -> int:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10, help="of each run")
    parser.add_argument("--running", type=int, default=8, help="operations that may run at the same time")
    parser.add_argument("--times", type=float, default=3, help="what it can serve")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        write_page(folder)
        server = _gateway(folder, stack, given.running)
        target = Target(server, "/graphql", json.dumps({"query": _QUERY}).encode(), FIRST_CALLER)
        try:
            target.ask()
            asyncio.run(measure(target, given.running, given.times, given.seconds))
        except (FailedError, http.client.HTTPException) as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
