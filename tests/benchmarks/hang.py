# ruff: noqa: T201 - it prints
"""Asks a gateway whose PlanDocket hangs (accepts, and answers nothing), for a minute, for what it keeps.

    .venv/bin/python tests/benchmarks/hang.py [--seconds 60] [--per-second 40]

Everything is kept and no longer fresh, so every operation would ask. Tells what came of the operations, how long they
took after the first ten seconds, how long a write took, and how soon answers are fresh once PlanDocket answers again.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from driving import quantile
from failing.faults import Fault, FaultyServer
from servers import free_port, started, url

from gateway.graph.global_id import global_ids
from gateway.sandbox import SANDBOX_KEY, Sandbox

_SETTLED_S = 10
_READS = [
    *(f"{{ event(by: {{databaseId: {number}}}) {{ title }} }}" for number in range(1, 6)),
    "{ participants(first: 10) { nodes { id contact { email } } } }",
    "{ events(first: 10) { nodes { title participantCount } } }",
    "{ contacts(first: 10) { nodes { email } } }",
    "{ categories { title } }",
]
_WRITE = (
    f'mutation {{ deleteEvent(input: {{id: "{global_ids("Event")[9]}"}}) {{ userErrors {{ message }} }} }}'
)


class Hanging(FaultyServer):
    """A PlanDocket that hangs, or works."""

    hangs = False

    def fault_of(self, call: str) -> Fault | None:
        """Return what becomes of a request that just came."""
        return "silent" if self.hangs else None


class Asker:
    """A client that notes how long answers took and what they were."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self.outcomes: Counter[str] = Counter()
        self.latencies: list[tuple[float, float]] = []
        """When each was due, and how long it took, in seconds."""

    async def ask(self, text: str, due: float) -> str:
        """Send an operation, and return what came of it: fresh, stale or a code."""
        async with self._client.post("/graphql", json={"query": text}) as response:
            answer = await response.json()
        self.latencies.append((due, perf_counter() - due))
        if errors := answer.get("errors"):
            return str(errors[0]["extensions"]["code"])
        return "stale" if answer["extensions"]["upstream"]["stale"] else "fresh"

    async def at_rate(self, per_s: float, seconds: float) -> None:
        """Send operations at a fixed rate, whether or not answers come."""
        began = perf_counter()

        async def one(number: int, due: float) -> None:
            self.outcomes[await self.ask(_READS[number % len(_READS)], due)] += 1

        async with asyncio.TaskGroup() as group:
            for number in range(int(per_s * seconds)):
                due = began + number / per_s
                await asyncio.sleep(due - perf_counter())
                group.create_task(one(number, due))

    def slowest(self, after_s: float, part: float) -> float:
        """Return what this part of the answers took at most, of operations sent that long after the first."""
        first = min(due for due, _ in self.latencies)
        return quantile([took for due, took in self.latencies if due >= first + after_s], part)


async def main() -> int:
    """Print how it went; return 1 where anybody waited, or was refused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--per-second", type=float, default=40)
    given = parser.parse_args()
    port = free_port()
    async with Hanging(Sandbox(), {}) as plandocket:
        settings = {
            "PLANDOCKET_BASE_URL": plandocket.address,
            "PLANDOCKET_API_KEY": SANDBOX_KEY,
            "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
            "GATEWAY_AUTH": "none",
            "GATEWAY_PORT": str(port),
            **{f"GATEWAY_FRESH_{kind}": "1" for kind in ("PARTICIPANTS", "EVENTS", "CONTACTS", "CATEGORIES")},
        }
        command = [str(Path(sys.executable).with_name("gateway")), "serve"]
        with tempfile.TemporaryDirectory() as folder:
            # Started beside the loop, which the gateway's start may not wait for.
            running = started("gateway", command, port, Path(folder), **settings)
            server = await asyncio.to_thread(running.__enter__)
            try:
                return await _watch(plandocket, url(server), given.seconds, given.per_second)
            finally:
                await asyncio.to_thread(running.__exit__, None, None, None)


async def _watch(plandocket: Hanging, address: str, seconds: float, per_s: float) -> int:
    # As many connections as there are operations that wait: httpx's pool takes longer over some hundreds than they do.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    async with aiohttp.ClientSession(address, connector=connector) as client:
        asker = Asker(client)
        for text in _READS:
            await asker.ask(text, perf_counter())
        await asyncio.sleep(2)  # what is kept is no longer fresh
        asker.latencies.clear()
        plandocket.hangs = True
        async with asyncio.TaskGroup() as group:
            group.create_task(asker.at_rate(per_s, seconds))
            writing = group.create_task(_write(asker, seconds / 2))
        p99_s = asker.slowest(_SETTLED_S, 0.99)
        plandocket.hangs = False
        fresh_after_s = await _until_fresh(asker)
    write_s, told = writing.result()
    print(f"operations: {dict(asker.outcomes)}")
    print(f"p99 after {_SETTLED_S} s: {p99_s * 1e3:.0f} ms, in all: {asker.slowest(0, 0.99) * 1e3:.0f} ms")
    print(f"a write: {told} after {write_s:.1f} s")
    print(f"fresh again {fresh_after_s:.1f} s after PlanDocket answers")
    return 0 if set(asker.outcomes) <= {"stale", "fresh"} and p99_s < 0.1 and fresh_after_s < 5 else 1


async def _write(asker: Asker, after_s: float) -> tuple[float, str]:
    await asyncio.sleep(after_s)
    began = perf_counter()
    told = await asker.ask(_WRITE, began)
    asker.latencies.pop()
    return perf_counter() - began, told


async def _until_fresh(asker: Asker) -> float:
    """Return how long it takes until an operation is answered fresh, asked ten times a second."""
    began = perf_counter()
    for _ in range(600):
        if await asker.ask(_READS[-1], perf_counter()) == "fresh":
            break
        await asyncio.sleep(0.1)
    return perf_counter() - began


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
