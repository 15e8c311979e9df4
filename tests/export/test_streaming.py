# pyright: basic
"""A file comes in parts, as its reader takes them: nothing is held meanwhile, and one that breaks off shows it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest
import uvicorn
from asking import Ask, Gateway, Time, endpoint_of
from export.downloading import UNFORGEABLE, bearer, download, error, with_tokens
from export.streaming import Stream
from mirror.mirroring import mirrored
from programs import program

from gateway.http.connections.protocol import Protocol

ADDRESS = "/export/participants.csv?fields=id,contact.lastName,event.title"


@pytest.fixture
def ask(gateway: Gateway, time: Time) -> Ask:
    """Make a gateway that mirrors."""
    return mirrored(gateway, time, requests_per_hour=100_000)


async def test_a_slow_reader_holds_nothing_up(ask: Ask, time: Time) -> None:
    """Ten minutes go by between its parts: others read and write, and the file has its end."""
    async with Stream(ask, ADDRESS) as stream:
        parts = [await stream.batch()]
        asked = ask.sandbox.count
        async for part in stream:
            parts.append(part)
            time.seconds += 40
            if len(parts) == 5:
                await ask(
                    'mutation { deleteParticipant(input: {id: "UGFydGljaXBhbnQ6MTQwMA=="}) { deletedId } }'
                )
                await ask("{ events { nodes { title } } }")
                asked = ask.sandbox.count - asked
    assert stream.is_whole
    assert b"".join(parts).count(b"\r\n") == 1 + 1_499
    assert len(parts) == 15


async def test_many_read_at_once(ask: Ask) -> None:
    """However many wait for a reader, others are answered."""
    streams = [Stream(ask, ADDRESS) for _ in range(20)]
    for stream in streams:
        await stream.__aenter__()
    for stream in streams:
        await stream.batch()
    await ask("{ events { nodes { title } } }")
    assert (await download(ask, "events.csv")).status_code == 200
    for stream in streams:
        assert len([part async for part in stream]) == 14
        await stream.__aexit__()
        assert stream.is_whole


async def test_a_reader_that_goes_away(ask: Ask) -> None:
    """Nothing more is read for it."""
    async with Stream(ask, ADDRESS) as stream:
        await stream.batch()
    assert not stream.is_whole
    assert stream.task.done()


async def test_a_file_that_breaks_off_shows_it(ask: Ask, caplog) -> None:
    """What is held was dropped meanwhile: the answer has no end, and the log says why."""
    async with Stream(ask, ADDRESS) as stream:
        await stream.batch()
        await endpoint_of(ask)._mirror.drop()
        asked = ask.sandbox.count
        parts = [part async for part in stream]
    assert stream.status == 200
    assert len(parts) <= 2  # those that were read ahead
    assert not stream.is_whole
    assert ask.sandbox.count == asked
    assert "An export of participants broke off:" in caplog.text


async def test_a_key_that_is_withdrawn_ends_it(gateway: Gateway, time: Time) -> None:
    """A caller's own key is held to be good for ten minutes: then PlanDocket is asked, and the file breaks off."""
    ask = gateway(time=time, api_key=None, mirror="on", requests_per_hour=100_000)
    async with Stream(ask, ADDRESS, {"Authorization": "Bearer sandbox-key"}) as stream:
        assert await stream.batch()
        ask.sandbox._keys.clear()
        time.seconds += 700
        assert len([part async for part in stream]) <= 2
    assert not stream.is_whole


async def test_http_1_0_is_refused(ask: Ask) -> None:
    """By that nobody sees a file's end."""
    stream = Stream(ask, ADDRESS)
    stream._scope["http_version"] = "1.0"
    async with stream:
        body = b"".join([part async for part in stream])
    assert stream.status == 400
    assert b"proxy_http_version 1.1;" in body


async def test_more_than_may_begin(gateway: Gateway, time: Time) -> None:
    """Beyond `GATEWAY_MAX_RUNNING` that wait for their first rows, one is told to come again."""
    ask = mirrored(gateway, time, requests_per_hour=100_000, max_running=1)
    waiting = asyncio.create_task(download(ask, "participants.csv"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answer = await download(ask, "participants.csv")
    assert error(answer)[:2] == (503, "OVERLOADED")
    assert answer.headers["retry-after"] == "1"
    assert (await waiting).status_code == 200


async def test_packed(ask: Ask) -> None:
    """For who asks for it."""
    answer = await download(ask, "participants.csv", {**UNFORGEABLE, "Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.text.splitlines()) == 1_501


async def test_what_the_log_says(gateway: Gateway, time: Time, tmp_path, caplog) -> None:
    """A line for each export, with its caller, and nothing of what was asked for."""
    ask = with_tokens(gateway, time, tmp_path)
    await download(ask, "contacts.csv", bearer("read"), filter={"search": "xylophon"})
    [line] = [record for record in caplog.records if record.name == "gateway.operations"]
    told = line.__dict__
    assert "ExportContact" in str(told)
    assert "'export'" in str(told)
    assert "xylophon" not in str(told)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve an app as the gateway is served, and yield its address."""
    config = uvicorn.Config(app, http=Protocol, ws="none", access_log=False, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listening])
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        await server.shutdown(sockets=[listening])


@pytest.mark.parametrize("coding", ["identity", "gzip"])
async def test_clients_notice_that_a_file_broke_off(ask: Ask, coding: str) -> None:
    """Over the network, packed or not."""
    inner = cast(Any, ask.http)._transport.app
    breaks = True

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def dropping(message: Any) -> None:
            await send(message)
            if breaks and message.get("body"):
                await endpoint_of(ask)._mirror.drop()

        await inner(scope, receive, dropping)

    headers = {**UNFORGEABLE, "Accept-Encoding": coding}
    async with served(app) as url, httpx.AsyncClient(base_url=url, headers=headers) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(ADDRESS)
        curl = await asyncio.create_subprocess_exec(
            program("curl"),
            "-sf",
            "-HX-Requested-With: test",
            f"{url}{ADDRESS}",
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await curl.wait() == 18
        breaks = False
        assert len((await http.get(ADDRESS)).text.splitlines()) == 1_501
