"""Requests as bytes, into a gateway as it is served: what is no HTTP, or too much of it, ends in 4xx and JSON."""

# pyright: basic
import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
import uvicorn
import uvloop

from gateway.app import create_app
from gateway.http.connections.backlog import Backlog
from gateway.http.connections.joined_writes import JoinedTransport
from gateway.http.connections.protocol import Protocol
from gateway.settings.settings import Settings

QUERY = json.dumps({"query": "{ __typename }"}).encode()
ANSWER = b'{"data":{"__typename":"Query"}'
HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(QUERY) + QUERY


class Impatient(Protocol):
    """The same, in the time that a test has."""

    head_s = 0.05
    body_s = 0.5
    linger_s = 0.5


class Brief(Protocol):
    """The same, where connections are kept for no time."""

    idle_s = 0.05


class Thrifty(Protocol):
    """The same, with room for few answers that nobody takes."""

    backlog = Backlog(most_bytes=3_000_000, looks_every_s=0.5)


async def serve(protocol: type[Protocol]) -> AsyncIterator[int]:
    """Serve a gateway on a port of this machine, and yield that."""
    app = create_app(Settings.model_validate({"base_url": "http://plandocket.test", "api_key": "key"}))
    config = uvicorn.Config(app, http=protocol, ws="none", access_log=False, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listening])
        async with app.router.lifespan_context(app):
            yield listening.getsockname()[1]
        await server.shutdown(sockets=[listening])


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Serve a gateway."""
    async for port in serve(Protocol):
        yield port


@pytest.fixture
async def impatient() -> AsyncIterator[int]:
    """Serve a gateway that waits for nobody."""
    async for port in serve(Impatient):
        yield port


@pytest.fixture
async def brief() -> AsyncIterator[int]:
    """Serve a gateway that keeps connections for no time."""
    async for port in serve(Brief):
        yield port


@pytest.fixture
async def thrifty() -> AsyncIterator[int]:
    """Serve a gateway that holds few answers."""
    async for port in serve(Thrifty):
        yield port


async def talk(port: int, *pieces: bytes, most_s: float = 5) -> bytes:
    """Send bytes, and return all that comes back until the gateway closes; TimeoutError where it does not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        async with asyncio.timeout(most_s):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            while more := await reader.read(65_536):
                got += more
    except ConnectionError:
        pass
    finally:
        writer.close()
    return got


def refusal(got: bytes) -> tuple[int, str]:
    """Return the status and the code of the last answer."""
    head, _, body = got[got.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
    assert b"x-content-type-options: nosniff" in head.lower()
    error: dict[str, Any] = json.loads(body)["errors"][0]
    return int(head.split()[1]), error["extensions"]["code"]


CLOSE = b"Connection: close\r\n"


async def test_a_whole_request_is_answered(port: int) -> None:
    """And so is the next on the same connection."""
    got = await talk(port, WHOLE + WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))
    assert got.count(b"HTTP/1.1 200 OK") == got.count(ANSWER) == 2


PROXIES_KEEP_S = {"nginx": 60, "AWS's load balancers": 60, "Azure's": 90, "Traefik": 90, "Caddy": 120}


@pytest.mark.parametrize("kept_s", PROXIES_KEEP_S.values(), ids=PROXIES_KEEP_S)
def test_connections_are_kept_for_longer_than_proxies_keep_theirs(kept_s: float) -> None:
    """Whoever closes first may close on what the other just sends, and a POST is not sent again."""
    assert Protocol.idle_s > kept_s


async def test_an_idle_connection_is_kept_for_that_time_and_no_longer(brief: int) -> None:
    """Counted from the last answer."""
    assert (await talk(brief, WHOLE, most_s=2)).count(ANSWER) == 1


async def test_a_chunked_body_is_read(port: int) -> None:
    """However it is cut."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in QUERY)
    got = await talk(port, HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert ANSWER in got


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /graphql HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"GET /gr\xffphql HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://[::1/graphql HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n123456789",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n",
        HEAD + b"X: a\x00b\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused(port: int, sent: bytes) -> None:
    """400 in JSON, and the connection ends."""
    assert refusal(await talk(port, sent)) == (400, "BAD_REQUEST")


async def test_a_body_longer_than_told_is_another_request(port: int) -> None:
    """Which it is not; those before it are answered all the same."""
    got = await talk(port, WHOLE + WHOLE + b"the rest\r\n\r\n")
    assert got.count(ANSWER) == 2
    assert refusal(got) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("times", [2, 30, 500])
async def test_requests_may_be_sent_ahead(port: int, times: int) -> None:
    """All are answered, in their order; a few at a time are read."""
    got = await talk(port, WHOLE * (times - 1) + WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))
    assert got.count(b"HTTP/1.1 200 OK") == got.count(ANSWER) == times


async def test_few_requests_are_read_ahead_whatever_comes_at_once() -> None:
    """Also where a piece of what came ends amid a body."""
    ahead: list[int] = []

    class Counting(Protocol):
        def on_message_complete(self) -> None:
            super().on_message_complete()
            ahead.append(len(self.pipeline))

    async for port in serve(Counting):
        await talk(port, WHOLE * 499 + WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))

    assert len(ahead) == 500
    assert max(ahead) < 20


async def test_what_is_read_ahead_is_bounded_while_an_operation_waits() -> None:
    """It looks whether its client went away: not by reading on and on."""
    held: list[int] = []
    query = json.dumps({"query": "{ events { totalCount } }"}).encode()
    waiting = HEAD + b"Content-Length: %d\r\n\r\n" % len(query) + query

    class Counting(Protocol):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            held.append(len(self._held))

    async for port in serve(Counting):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(100):
            writer.write(waiting * 1_000)
        await asyncio.sleep(1)
        writer.close()

    assert 0 < max(held) < 600_000


ENDLESS = [
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 1_000, "trailers"),
    (b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"y" * 6_000, "a trailer"),
    (b"Transfer-Encoding: chunked\r\n\r\n5;a=", b"y" * 6_000, "an extension"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"1;abcdefgh=ijklmnopq\r\nx\r\n" * 200, "extensions"),
    (b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n", "chunks"),
    (b"Content-Length: 1000000000\r\n\r\n", b"y" * 6_000, "a body"),
]


@pytest.mark.parametrize("request_line", [b"POST /graphql", b"GET /healthz", b"POST /nowhere"])
@pytest.mark.parametrize(("framing", "more", "_name"), ENDLESS, ids=[name for _, _, name in ENDLESS])
async def test_what_has_no_end_is_not_taken(
    port: int, request_line: bytes, framing: bytes, more: bytes, _name: str
) -> None:
    """The connection ends after 4 MB at the latest, whatever reads of it, and what was asked is answered before."""
    head = request_line + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    writer.write(head + framing)
    async with asyncio.timeout(10):
        while sent < 20_000_000 and not reader.at_eof():
            writer.write(more)
            sent += len(more)
            try:
                await writer.drain()
            except ConnectionError:
                break
            await asyncio.sleep(0)
            if sent > 4_000_000:
                break
        got = await reader.read()
    assert got.startswith(b"HTTP/1.1 ")
    assert b"Traceback" not in got
    writer.close()


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
        b"Connection: Upgrade\r\nUpgrade: TLS/1.2, anything/9\r\n",
        b"Upgrade: h2c\r\n",
    ],
)
@pytest.mark.parametrize("cut", [None, 20, -40, -len(QUERY), -3])
async def test_another_protocol_is_not_spoken(port: int, upgrade: bytes, cut: int | None) -> None:
    """Whoever offers one is answered in this one, body and all, and so is the next on the same connection."""
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(QUERY), QUERY)
    for whole in (WHOLE, chunked):
        asked = whole.replace(b"\r\nHost", b"\r\n" + upgrade + b"Host")
        pieces = [asked] if cut is None else [asked[:cut], asked[cut:]]
        last = WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost")
        got = await talk(port, *pieces, last)
        assert got.count(b"HTTP/1.1 200 OK") == got.count(ANSWER) == 2


@pytest.mark.parametrize("coding", [b"gzip", b"chunked, gzip", b"identity", b"x"])
async def test_a_body_in_an_unknown_form_is_refused_whatever_else_is_offered(
    port: int, coding: bytes
) -> None:
    """As it is without the offer: 400 in JSON."""
    framing = b"Transfer-Encoding: " + coding + b"\r\n\r\n"
    upgrade = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
    for head in (HEAD, HEAD + upgrade):
        assert refusal(await talk(port, head + framing + QUERY)) == (400, "BAD_REQUEST")


async def test_answers_that_nobody_takes_are_given_up(thrifty: int) -> None:
    """Large ones, asked for again and again without reading: the connection is cut off, others are answered."""
    writers = []
    schema = b"GET /schema.graphql HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", thrifty, limit=1)
        transport: Any = writer.transport
        transport.pause_reading()
        writer.write(schema * 200)
        writers.append(writer)
    async with asyncio.timeout(20):
        for writer in writers:
            while not writer.transport.is_closing():
                writer.write(schema)
                await asyncio.sleep(0.05)
    assert ANSWER in await talk(thrifty, WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n"],
        [HEAD + b"X: ", *[b"x" * 10_000] * 1_000],
        [HEAD, *[b"X: y\r\n" * 1_000] * 1_000],
        [b"GET /graphql?query=", *[b"x" * 10_000] * 1_000],
    ],
    ids=["at once", "one header", "many headers", "address"],
)
async def test_too_much_before_the_body_is_refused(port: int, pieces: list[bytes]) -> None:
    """431 in JSON, without reading the rest."""
    assert refusal(await talk(port, *pieces)) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("sent", [b"POST /gra", HEAD, HEAD + b"X: "])
async def test_a_head_that_does_not_come_is_not_waited_for(impatient: int, sent: bytes) -> None:
    """408 in JSON."""
    assert refusal(await talk(impatient, sent)) == (408, "REQUEST_TIMEOUT")


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 20\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\n12"]
)
async def test_a_body_that_does_not_come_is_not_waited_for(impatient: int, framing: bytes) -> None:
    """408 in JSON."""
    assert refusal(await talk(impatient, HEAD + framing)) == (408, "REQUEST_TIMEOUT")


async def test_a_connection_that_asks_nothing_is_closed(impatient: int) -> None:
    """Without a word: nothing was asked."""
    assert await talk(impatient) == b""


async def test_the_head_of_a_later_request_is_not_waited_for_either(impatient: int) -> None:
    """After an answer on the same connection."""
    got = await talk(impatient, WHOLE, HEAD)
    assert ANSWER in got
    assert refusal(got) == (408, "REQUEST_TIMEOUT")


async def test_a_web_socket_is_refused_without_a_fault(impatient: int) -> None:
    """There are none yet: 4xx as for any GET without an operation, and the next connection is answered."""
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13\r\n"
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    got = await talk(impatient, b"GET /graphql HTTP/1.1\r\nHost: localhost\r\n" + upgrade + key)
    assert refusal(got) == (400, "BAD_REQUEST")
    assert ANSWER in await talk(impatient, WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost"))


async def test_a_body_may_take_longer_than_a_head(impatient: int) -> None:
    """The head's time is over once it is read."""
    head, _, body = WHOLE.replace(b"\r\nHost", b"\r\nConnection: close\r\nHost").partition(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)
    writer.write(head + b"\r\n\r\n")
    assert refusal(await talk(impatient, HEAD)) == (408, "REQUEST_TIMEOUT")  # a head's time is over
    writer.write(body)
    assert ANSWER in await reader.read()
    writer.close()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 20000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_a_large_body_is_refused_while_it_comes(port: int, framing: bytes) -> None:
    """413 in JSON, long before its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + framing + b"100000\r\n" + b" " * 1_048_576 + b"\r\n")
    got = await reader.readuntil(b"]}")
    assert refusal(got) == (413, "PAYLOAD_TOO_LARGE")
    writer.close()


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    """Send one chunk of a body after the other."""
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def test_the_end_of_what_was_refused_is_not_waited_for(impatient: int) -> None:
    """A client that sends for ever is cut off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n100000\r\n" + b" " * 1_048_576 + b"\r\n")
    assert refusal(await reader.readuntil(b"]}")) == (413, "PAYLOAD_TOO_LARGE")
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(send_for_ever(writer), 5)


@pytest.mark.parametrize("kept", ["keep-alive", "close"])
async def test_a_client_that_sends_on_reads_its_refusal(port: int, kept: str) -> None:
    """As clients are written: the body first, the answer then; also where no other request is to follow."""
    async with httpx.AsyncClient() as http:
        response = await http.post(
            f"http://127.0.0.1:{port}/graphql",
            content=b" " * 20_000_000,
            headers={"Content-Type": "application/json", "Connection": kept},
        )
    assert response.status_code == 413


def test_nothing_is_written_to_a_connection_that_was_closed() -> None:
    """Uvloop raises where it is; uvicorn writes answers to what was sent ahead, whoever went away meanwhile."""
    loop = uvloop.new_event_loop()

    async def write_late() -> None:
        transport, _ = await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
        joined = JoinedTransport(cast(asyncio.Transport, transport), loop)
        joined.abort()
        await asyncio.sleep(0.01)
        joined.write(b"head")
        joined.write(b"body")
        joined.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        loop.run_until_complete(write_late())
    loop.close()
