# pyright: basic
"""A gateway that is killed under load, again and again: real processes.

It has sent no more in the hour than it may, and holds what it had answered.
"""

import asyncio
import random
import socket
import time
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import httpx
import uvicorn
from asking import Time
from keeping.wires import gid
from mirror.mirroring import LISTS, hold, mirrored
from serving_here import free_ports, logged, run, started

from gateway.sandbox import SANDBOX_KEY, Sandbox

PER_HOUR = 150
KILLS = 5
CLIENTS = 8
QUERY = "mutation ($id: ID!, $title: String!) { updateCategory(input: {id: $id, title: $title}) { written } }"


@asynccontextmanager
async def in_front_of_a_sandbox(folder):
    """Yield a sandbox that sets no limit itself, the settings of a gateway in front of it, and where that is."""
    sandbox, [port] = Sandbox(), free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(sandbox.app, log_config=None, access_log=False, ws="none", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        settings = {
            "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{listening.getsockname()[1]}",
            "PLANDOCKET_API_KEY": SANDBOX_KEY,
            "PLANDOCKET_REQUESTS_PER_HOUR": str(PER_HOUR),
            "GATEWAY_MIRROR_DIR": str(folder),
            "GATEWAY_PORT": str(port),
            "GATEWAY_LOG_LEVEL": "error",
        }
        yield sandbox, settings, f"http://127.0.0.1:{port}"
        server.should_exit = True
        await serving


@asynccontextmanager
async def serving(settings):
    """Run a gateway, whose sandbox is in this process."""
    starting = started("serve", **settings)
    yield await asyncio.to_thread(starting.__enter__)
    await asyncio.to_thread(starting.__exit__, None, None, None)


async def write(http, number, seen):
    """Write one after the other, until the gateway is gone or refuses; note each answer."""
    with suppress(httpx.TransportError):
        while True:
            body = {"query": QUERY, "variables": {"id": gid("Category", number), "title": "Crafts"}}
            answer = (await http.post("/graphql", json=body)).json()
            seen.append(answer)
            if "errors" in answer:
                return


async def test_however_often_it_is_killed_the_hour_is_not_overrun(tmp_path):
    """What PlanDocket got is at the most the hour, and hardly less: a kill costs only what was on its way."""
    seen: list[dict] = []
    async with in_front_of_a_sandbox(tmp_path / "kept") as (sandbox, settings, address):
        for turn in range(1, KILLS + 2):
            async with serving(settings) as process, httpx.AsyncClient(base_url=address, timeout=30) as http:
                loads = [asyncio.create_task(write(http, number, seen)) for number in range(1, CLIENTS + 1)]
                while turn <= KILLS and sandbox.count < turn * PER_HOUR // (KILLS + 1):  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.002)
                if turn <= KILLS:
                    process.kill()
                await asyncio.gather(*loads)

    codes = {error["extensions"]["code"] for answer in seen for error in answer.get("errors", ())}
    assert codes == {"UPSTREAM_RATE_LIMITED"}
    assert PER_HOUR - KILLS * CLIENTS <= sandbox.count <= PER_HOUR


async def test_a_second_process_is_refused_the_folder(tmp_path):
    """In a sentence that names it, whichever port it would listen on; killed, the first has left it."""
    async with in_front_of_a_sandbox(tmp_path / "kept") as (_, settings, _):
        other = settings | {"GATEWAY_PORT": str(free_ports(1)[0])}
        async with serving(settings):
            refused = await asyncio.to_thread(run, "serve", **other)
        async with serving(other):
            pass

    assert refused.returncode == 1
    sentence = "GATEWAY_MIRROR_DIR: {} is another gateway's: end that one, or name another folder."
    assert sentence.format(tmp_path / "kept") in refused.stderr


ONLY_KEPT = {"Cache-Control": "only-if-cached"}
ROWS = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Contact { phone } ... on Participant { isConfirmed } } }"


class Told:
    """What was answered of rows: `phone` of contacts, `isConfirmed` of participations, None of what was deleted."""

    def __init__(self, address):
        self.rows: dict[str, object] = {}
        self.unanswered: dict[str, object] = {}
        self.count = 0
        self._address = address

    async def write(self, http, field, told, **given):
        """Send a write, note what it says of its row once it is answered, and return the row's id."""
        name = f"{field[0].upper()}{field[1:]}Input"
        if "id" in given:
            self.unanswered[given["id"]] = told
        written = "id: deletedId" if told is None else "id: writtenId"
        query = f"mutation ($input: {name}!) {{ {field}(input: $input) {{ {written} userErrors {{ message }} }} }}"
        answer = (await http.post("/graphql", json={"query": query, "variables": {"input": given}})).json()
        assert "errors" not in answer, answer
        row_id = answer["data"][field]["id"]
        assert row_id, answer
        self.unanswered.pop(row_id, None)
        self.rows[row_id] = told
        self.count += 1
        return row_id

    async def load(self, http, own):
        """Write one after the other, until the gateway is gone."""
        with suppress(httpx.TransportError):
            while True:
                phone = str(self.count)
                await self.write(http, "updateContact", phone, id=own, phone=phone)
                number = f"{own}{phone}"
                new = await self.write(http, "createContact", phone, customerNumber=number, phone=phone)
                places = {"event": {"databaseId": 1}, "contact": {"id": new}}
                place = await self.write(http, "createParticipant", False, isConfirmed=False, **places)
                await self.write(http, "updateParticipant", True, id=place, isConfirmed=True)
                await self.write(http, "updateContact", f"{phone}0", id=new, phone=f"{phone}0")
                if self.count % 3:
                    await self.write(http, "deleteParticipant", None, id=place)
                    await self.write(http, "deleteContact", None, id=new)

    async def check(self, http):
        """Return where what the gateway holds is what was answered, or was being written as it was killed."""
        ids = list(self.rows)
        for start in range(0, len(ids), 50):
            some = ids[start : start + 50]
            body = {"query": ROWS, "variables": {"ids": some}}
            answer = (await http.post("/graphql", json=body, headers=ONLY_KEPT)).json()
            assert "errors" not in answer, answer
            for row_id, row in zip(some, answer["data"]["nodes"], strict=True):
                found = None if row is None else next(iter(row.values()))
                if found != self.rows[row_id]:
                    assert found == self.unanswered.pop(row_id), row_id
                    self.rows[row_id] = found


async def read(http):
    """Read one list after the other, until the gateway is gone."""
    with suppress(httpx.TransportError):
        while True:
            for query in LISTS[1:]:
                await http.post("/graphql", json={"query": query})


async def killed_again_and_again(gateway, folder, log, kills):
    """Kill a gateway so often while it reads and writes, and look at each start at what it holds; return how much."""
    chance = random.Random(kills)  # noqa: S311 - no secret
    async with in_front_of_a_sandbox(folder) as (sandbox, settings, address):
        past = Time(time.time() - 100, since_boot=0.0)
        given = {"base_url": settings["PLANDOCKET_BASE_URL"], "mirror_dir": folder}
        first = mirrored(gateway, past, sandbox, transport=httpx.ASGITransport(sandbox.app), **given)
        app = cast("Any", first.http)._transport.app
        async with app.router.lifespan_context(app):
            await hold(first, past)
        settings |= {"PLANDOCKET_REQUESTS_PER_HOUR": "1000000", "GATEWAY_LOG_LEVEL": "warning"}
        told = Told(address)
        for turn in range(kills + 1):
            count = sandbox.count
            starting = logged(log / f"{turn}", "serve", **settings)
            process = await asyncio.to_thread(starting.__enter__)
            async with httpx.AsyncClient(base_url=address, timeout=30) as http:
                assert sandbox.count == count
                await told.check(http)
                if turn < kills:
                    own = [gid("Contact", number) for number in range(1, CLIENTS + 1)]
                    loads = [asyncio.create_task(told.load(http, one)) for one in own]
                    loads += [asyncio.create_task(read(http)) for _ in range(2)]
                    enough = told.count + chance.randint(1, 40)
                    while told.count < enough:  # noqa: ASYNC110 - nothing tells of it
                        await asyncio.sleep(0.002)
                    process.kill()
                    await asyncio.gather(*loads)
            await asyncio.to_thread(starting.__exit__, None, None, None)
    assert "sqlite3" not in "".join(path.read_text() for path in log.iterdir())
    return told


async def test_what_was_answered_is_held_however_often_it_is_killed(gateway, tmp_path):
    """Nothing older than what was answered, without a request, and no file is broken."""
    (log := tmp_path / "log").mkdir()
    told = await killed_again_and_again(gateway, tmp_path / "kept", log, KILLS)
    assert told.count > KILLS
