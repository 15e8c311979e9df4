# pyright: basic
"""Over a real connection: what the gateway sends, and what it takes."""

import asyncio
import gzip
import json
import zlib
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.sandbox import SANDBOX_KEY

MB = 1_000_000
LIST = "{ categories { databaseId title } }"
FOUND = {"categories": [{"databaseId": 7, "title": "VIP"}]}
LISTED = json.dumps({"data": [{"id": 7, "title": "VIP"}]}).encode()


@asynccontextmanager
async def answering(body, *headers, status=200):
    """Listen on loopback, answer every request so, and note what came: first line and headers."""
    seen: list[str] = []

    async def serve(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            seen.append(head.decode())
            lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()

    async def quietly(reader, writer):
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}", seen
    finally:
        server.close()


@pytest.mark.parametrize(
    ("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_packed_answers_are_unpacked(gateway, name, pack):
    """PlanDocket may pack what it sends: the gateway says that it takes it."""
    async with answering(pack(LISTED), f"Content-Encoding: {name}") as (url, seen):
        data = await gateway(base_url=url)(LIST)

    assert data == FOUND
    assert "Accept-Encoding: gzip, deflate" in seen[0]


def raw(body):
    """Return what some servers call deflate: without zlib's head."""
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("x-gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("identity, gzip", gzip.compress),
        ("deflate", raw),
        ("", bytes),
    ],
)
async def test_what_servers_make_of_a_coding(gateway, coding, pack):
    """One is taken, however it is written."""
    async with answering(pack(LISTED), f"Content-Encoding: {coding}") as (url, _):
        assert await gateway(base_url=url)(LIST) == FOUND


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Encoding: gzip, gzip"],
        ["Content-Encoding: gzip", "Content-Encoding: gzip"],
        ["Content-Encoding: deflate, gzip"],
        ["Content-Encoding: br"],
        ["Content-Encoding: zstd"],
    ],
)
async def test_two_codings_are_not_unpacked(gateway, headers):
    """660 bytes may be 300 MB in one step, and nobody asked for it."""
    async with answering(gzip.compress(gzip.compress(LISTED)), *headers) as (url, _):
        error = await gateway(base_url=url).error(LIST)

    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"
    assert "packed in a way that was not asked for" in error["message"]


@pytest.mark.parametrize(
    "interim", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 -\r\nLink: </a>\r\n\r\n"]
)
@pytest.mark.parametrize(
    ("count", "code"), [(3, None), (11, "UPSTREAM_UNAVAILABLE"), (50_000, "UPSTREAM_UNAVAILABLE")]
)
async def test_a_few_interim_answers_are_passed_over(gateway, interim, count, code):
    """More than ten are no answer any more: without end they would be passed over for ever."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 -\r\nConnection: close\r\nContent-Length: {len(LISTED)}\r\n\r\n".encode()
        writer.write(interim * count + head + LISTED)
        with suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        answer = await gateway(base_url=f"http://{host}:{port}").answer(LIST)

    codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
    assert codes == ([] if code is None else [code])


async def test_an_answer_that_cannot_be_unpacked_is_unreadable(gateway):
    """It says gzip and is not."""
    async with answering(LISTED, "Content-Encoding: gzip") as (url, _):
        error = await gateway(base_url=url).error(LIST)

    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed small"])
async def test_an_answer_over_20_mb_is_refused(gateway, pack):
    """However small it is on the way."""
    body = pack(b'{"data": ["' + b"x" * 21 * MB + b'"]}')
    encoding = "identity" if pack is bytes else "gzip"
    async with answering(body, f"Content-Encoding: {encoding}") as (url, _):
        error = await gateway(base_url=url).error(LIST)

    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"
    assert "20,000,000 bytes" in error["message"]


async def test_what_is_sent(gateway):
    """One connection for several requests, the key in its header, no cookie that came along."""
    async with answering(LISTED, "Set-Cookie: session=1; Path=/") as (url, seen):
        ask = gateway(base_url=url)
        await ask(LIST)
        await ask(LIST)

    for head in seen:
        lines = head.splitlines()
        assert lines[0].startswith("GET /api/v1/categories?")
        assert f"Authorization: Bearer {SANDBOX_KEY}" in lines
        assert "User-Agent: plandocket-gateway" in lines
        assert "cookie" not in head.lower()
    assert len(seen) == 2


async def test_a_redirect_is_not_followed(gateway):
    """The key would go along to wherever it leads."""
    async with answering(b"", "Location: /elsewhere", status=302) as (url, seen):
        error = await gateway(base_url=url).error(LIST)

    assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert len(seen) == 1


async def test_the_proxy_of_the_environment_is_used(gateway, monkeypatch):
    """As other programs do it: HTTP_PROXY names it, NO_PROXY what goes past it."""
    async with answering(LISTED) as (proxy, seen), answering(LISTED) as (url, past):
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        await gateway(base_url="http://plandocket.test")(LIST)
        await gateway(base_url=url)(LIST)

    assert [head.split()[1].partition("?")[0] for head in seen] == [
        "http://plandocket.test/api/v1/categories"
    ]
    assert len(past) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [(b"", "UPSTREAM_TIMEOUT"), (b"HTTP/1.1 400 -\r\nContent-Length: 0\r\n\r\n", "UPSTREAM_UNAVAILABLE")],
    ids=["none", "HTTP"],
)
async def test_what_answers_a_tls_greeting_otherwise(gateway, answer, code):
    """The address says https where there is none: it is told apart from an answer that was lost."""

    async def serve(reader, writer):
        await reader.read(1)
        writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        ask = gateway(base_url=f"https://{host}:{port}", connect_timeout=0.3)
        error = await ask.error('mutation { deleteCategory(input: {id: "Q2F0ZWdvcnk6Nw=="}) { deletedId } }')

    assert error["extensions"]["code"] == code
