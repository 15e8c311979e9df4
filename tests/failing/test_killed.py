# pyright: basic
"""A gateway that is killed under load, again and again, has sent no more in the hour than it may: real processes."""

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import httpx
import uvicorn
from keeping.wires import gid
from serving_here import free_ports, run, started

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
