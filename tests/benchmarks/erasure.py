# pyright: basic
# ruff: noqa: T201, S311 - it prints, and its chance is no secret
"""20,000 random changes of contacts, and what is left of their texts on disk two minutes after the last is deleted.

    .venv/bin/python tests/benchmarks/erasure.py [CHANGES]

Contacts are made, read, searched, changed and deleted by some clients, while another reads page by page, slowly. Their
texts are of letters that stand nowhere else (Vai: U+A500 to U+A5FF), so that all that are found are traces: two in a
row at least, since one is three bytes, which binary data have by chance.
Searched byte by byte: all of the folder, what the process holds open of removed files, and what was written to the
temporary folders since the start; each for pairs, and for three in a row, as a search index holds them.
"""

import asyncio
import logging
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import httpx
from pydantic import SecretStr

sys.path.insert(0, str(Path(__file__).parents[1]))

from asking import Ask, endpoint_of

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings.settings import Settings
from gateway.upstream.way.credential import Credential

CHANGES = 20_000
CLIENTS = 8
MOST_S = 120
LETTER = rb"\xea[\x94-\x97][\x80-\xbf]"
LETTERS = {"pairs": re.compile(rb"(?:%b){2}" % LETTER), "threes": re.compile(rb"(?:%b){3}" % LETTER)}

CREATE = "mutation ($input: CreateContactInput!) { createContact(input: $input) { writtenId } }"
UPDATE = "mutation ($input: UpdateContactInput!) { updateContact(input: $input) { written } }"
DELETE = "mutation ($id: ID!) { deleteContact(input: {id: $id}) { deletedId } }"
READ = "query ($id: ID!) { node(id: $id) { ... on Contact { lastName notes } } }"
SEARCH = "query ($text: String!) { contacts(filter: {search: $text}) { nodes { lastName } } }"
PAGE = (
    "query ($after: String) { contacts(first: 20, after: $after) "
    "{ nodes { lastName notes } pageInfo { endCursor } } }"
)


def text(chance: random.Random) -> str:
    """Return a name of eight letters."""
    return "".join(chr(chance.randrange(0xA500, 0xA5FF)) for _ in range(8))


class Load:
    """Clients that change so many contacts, and delete all of them in the end."""

    def __init__(self, ask: Ask, changes: int) -> None:
        self.done = Counter[str]()
        self._ask = ask
        self._left = changes
        self._chance = random.Random(26)
        self._held: list[tuple[str, str]] = []

    async def change(self) -> None:
        """Change one after the other; a fifth of them is read, and a fifth searched for."""
        while self._left > 0:
            self._left -= 1
            name, kind = text(self._chance), self._chance.random()
            if len(self._held) < 50 or (kind < 0.3 and len(self._held) < 300):
                made = await self._ask(
                    CREATE, input={"lastName": name, "email": "a@example.org", "notes": name}
                )
                self._keep("made", made["createContact"]["writtenId"], name)
                continue
            row_id, before = self._held.pop(self._chance.randrange(len(self._held)))
            if kind > 0.8:
                await self._ask(READ, id=row_id)
            elif kind > 0.6:
                await self._ask(SEARCH, text=before)
            if self._chance.random() < 0.6:
                await self._ask(UPDATE, input={"id": row_id, "lastName": name, "notes": f"{name} {before}"})
                self._keep("changed", row_id, name)
            else:
                await self._delete(row_id)

    def _keep(self, what: str, row_id: str, name: str) -> None:
        self.done[what] += 1
        self._held.append((row_id, name))

    async def _delete(self, row_id: str) -> None:
        await self._ask(DELETE, id=row_id)
        self.done["deleted"] += 1

    async def end(self) -> None:
        """Delete all that is left."""
        for row_id, _ in self._held:
            await self._delete(row_id)

    async def read_slowly(self) -> None:
        """Read page by page, with a pause after each."""
        after = None
        while True:
            page = (await self._ask(PAGE, after=after))["contacts"]
            after = page["pageInfo"]["endCursor"]
            self.done["pages read"] += 1
            await asyncio.sleep(0.2)


def found(folder: Path, since: float) -> dict[str, Counter[str]]:
    """Return how many traces there are, by file, of those that have any."""
    places = {Path(place) for place in (tempfile.gettempdir(), "/tmp", "/var/tmp")}  # noqa: S108
    files = [*folder.iterdir(), *Path("/proc/self/fd").iterdir()]
    found_there = (Path(at) / name for place in places for at, _, names in os.walk(place) for name in names)
    files += [path for path in found_there if folder not in path.parents]
    traces: dict[str, Counter[str]] = {}
    for path in files:
        try:
            if not path.is_file() or path.stat().st_mtime < since:
                continue
            data = path.read_bytes()
        except OSError:  # gone meanwhile, or another user's
            continue
        if counts := {
            name: len(letters.findall(data)) for name, letters in LETTERS.items() if letters.search(data)
        }:
            traces[f"{path.resolve().name[-20:]}"] = Counter(counts)
    return traces


def report(when: str, folder: Path, since: float) -> bool:
    """Print how large the files are and what is found; return whether that is anything."""
    traces = found(folder, since)
    sizes = ", ".join(
        f"{path.name[-12:]} {path.stat().st_size / 1e6:.2f} MB" for path in sorted(folder.iterdir())
    )
    print(f"{when}: {sizes}")
    for name, counts in traces.items():
        print(f"    {name}: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    if not traces:
        print("    no trace")
    return bool(traces)


def timed(ask: Ask) -> list[float]:
    """Return the seconds that each erasure takes from now on."""
    owners = cast("Any", endpoint_of(ask))._mirror._owners
    (owner,) = owners._owners.values()
    file, seconds = owner.lasting.file, []
    erase = file._erase

    def measured() -> bool:
        began = time.perf_counter()
        is_done = erase()
        seconds.append(time.perf_counter() - began)
        return is_done

    file._erase = measured
    return seconds


async def main(changes: int, folder: Path) -> None:
    """Change, and print what is found before and after the erasure."""
    logging.disable()
    sandbox, since = Sandbox(), time.time() - 1
    given = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "requests_per_hour": "unlimited"}
    settings = Settings.model_validate({**given, "mirror_dir": folder})
    app = create_app(settings, httpx.ASGITransport(sandbox.app))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", timeout=60)
    async with app.router.lifespan_context(app), http:
        ask = Ask(sandbox, http)
        await endpoint_of(ask)._mirror.warm(Credential(SecretStr(SANDBOX_KEY), is_held=True))
        erasures, load, began = timed(ask), Load(ask, changes), time.perf_counter()
        reading = asyncio.create_task(load.read_slowly())
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(load.change())
        report("under load", folder, since)
        await load.end()
        took = time.perf_counter() - began
        print(f"{took:.0f} s: " + ", ".join(f"{count} {what}" for what, count in load.done.items()))
        ended = time.perf_counter()
        while report(f"{time.perf_counter() - ended:.0f} s after", folder, since):
            if time.perf_counter() - ended > MOST_S:
                sys.exit("There are traces two minutes after the last change.")
            await asyncio.sleep(10)
        reading.cancel()
        each = ", ".join(f"{1000 * one:.0f}" for one in erasures)
        print(f"erasures took {each} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else CHANGES, Path(made) / "mirror"))
