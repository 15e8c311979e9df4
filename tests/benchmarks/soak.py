# pyright: basic
# ruff: noqa: T201, S311 - it prints, and its chance is no secret
"""50,000 operations against a PlanDocket that fails one request in five: what is left behind.

    .venv/bin/python tests/benchmarks/soak.py [OPERATIONS]

Over TCP, to a server in a process of its own. One operation in twenty is given up by its client.
Memory is the gateway's (and its clients') own process: its growth should end with the warm-up.
"""

import asyncio
import gc
import logging
import random
import subprocess
import sys
import time as wall
from collections import Counter
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from asking import Json, Time
from failing.faults import FaultyServer
from failing.leaks import descriptors
from writing.mutations import gid

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings.settings import Settings

OPERATIONS = 50_000
AT_ONCE = 40
FAILING = 0.2
GIVEN_UP = 0.05
STAGES = 10
EACH_S = 0.5  # of the fake clock, for each operation
FAULTS = (
    *["lost", "reset", "reset mid", "half", "short", "502", "502", "500", "500", "html", "broken", "302"] * 8,
    "silent",
    "hang",
    "hang mid",
    "drip",
    "429",
    "huge",
)
FRESH = ("fresh_participants", "fresh_contacts", "fresh_events", "fresh_categories")
READS = (
    "{ events(first: 3) { nodes { title } } categories { databaseId } }",
    "{ event(by: {databaseId: %(n)d}) { title } categories { title } }",
    "{ participants(first: 5) { nodes { databaseId contact { email } event { title } } } }",
    "{ participant(by: {databaseId: %(n)d}) { isConfirmed contact { email } } }",
    "{ contacts(first: 20) { nodes { email events { title } } } }",
    "{ events(first: 2) { nodes { title participants(first: 2) { nodes { contact { email } } } } } }",
)
WRITES = (
    'mutation { updateEvent(input: {id: "%(event)s", title: "Fair"}) { userErrors { code } event { title } } }',
    'mutation { updateContact(input: {id: "%(contact)s", email: "a@example.org"}) { userErrors { code } } }',
    'mutation { createCategory(input: {title: "Glass"}) { category { title } } }',
    'mutation { deleteCategory(input: {id: "%(category)s"}) { deletedId } }',
)


class Unsteady(FaultyServer):
    """Fails one request in five, in whatever way; forgets what it got."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(Sandbox(), {})
        self._chance = random.Random(seed)

    def fault_of(self, call):
        """Return a fault by chance."""
        for seen in (self.received, self.sandbox.requests):
            seen.clear()
        categories = self.sandbox.tables.categories
        if call == "POST categories" and len(list(categories)) > 40:
            return "500"
        return self._chance.choice(FAULTS) if self._chance.random() < FAILING else None


class Soak:
    """A gateway, and clients that ask it."""

    def __init__(self, address: str, seed: int = 2) -> None:
        self.time = Time()
        self._chance = random.Random(seed)
        settings = Settings.model_validate(
            {
                "base_url": address,
                "api_key": SANDBOX_KEY,
                "read_timeout": 0.2,
                "total_timeout": 0.5,
                # Every operation asks PlanDocket; what is kept answers for some that fail.
                **dict.fromkeys(FRESH, 0),
                "requests_per_hour": "unlimited",
                "mirror_rows": 1_000,
                "page_size": 20,
            }
        )
        self.app = create_app(settings, None, self.time.clock)
        self.outcomes: Counter[str] = Counter()

    async def run(self, operations: int) -> None:
        """Run so many, some at once."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://localhost"
        ) as http:
            left = iter(range(operations))

            async def work():
                for _ in left:
                    await self._one(http)

            async with asyncio.TaskGroup() as clients:
                for _ in range(AT_ONCE):
                    clients.create_task(work())

    async def close(self) -> None:
        """End what the gateway holds open."""
        async with self.app.router.lifespan_context(self.app):
            pass

    async def _one(self, http: httpx.AsyncClient) -> None:
        chance = self._chance
        self.time.seconds += EACH_S
        given = {name: gid(name.capitalize(), chance.randint(1, 12)) for name in ("event", "contact")}
        given["category"] = gid("Category", chance.randint(1, 20))
        texts = WRITES if chance.random() < 0.1 else READS
        query = chance.choice(texts) % {"n": chance.randint(1, 12), **given}
        asking = asyncio.create_task(http.post("/graphql", json={"query": query}, timeout=60))
        if chance.random() < GIVEN_UP:
            await asyncio.wait({asking}, timeout=chance.random() * 0.02)
            asking.cancel()
        try:
            response = await asking
        except asyncio.CancelledError:
            self.outcomes["given up"] += 1
            return
        self.outcomes.update(_outcomes(response))


def _outcomes(response: httpx.Response) -> set[str]:
    if response.status_code != 200:
        return {f"HTTP {response.status_code}"}
    answer: Json = response.json()
    return {error["extensions"]["code"] for error in answer.get("errors", ())} or {"answered"}


def left_behind() -> tuple[int, int, float]:
    """Return tasks, descriptors and resident megabytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return len(asyncio.all_tasks()), descriptors(), pages * 4096 / 1e6


async def serve() -> None:
    """Serve until the process is ended, and print where."""
    async with Unsteady() as server:
        print(server.address, flush=True)
        await asyncio.Event().wait()


async def main(operations: int) -> None:
    """Print what is left behind after each tenth of the operations."""
    logging.disable()  # every fifth request fails on purpose
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)  # noqa: S603, ASYNC220
    assert process.stdout is not None
    try:
        soak = Soak(process.stdout.readline().strip())
        began = wall.monotonic()
        print(f"{'operations':>10} {'tasks':>6} {'descriptors':>12} {'MB':>6} {'s':>6}")
        for stage in range(STAGES + 1):
            if stage:
                await soak.run(operations // STAGES)
                await asyncio.sleep(0.2)  # for what was given up last
            tasks, files, megabytes = left_behind()
            took = wall.monotonic() - began
            row = f"{stage * operations // STAGES:>10} {tasks:>6} {files:>12} {megabytes:>6.0f} {took:>6.0f}"
            print(row, flush=True)
        print(", ".join(f"{name} {count}" for name, count in soak.outcomes.most_common()))
        await soak.close()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else OPERATIONS))
