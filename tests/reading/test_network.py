# pyright: basic
"""Over a real connection: what the gateway sends, and what it takes."""

import asyncio
import gzip
import json
import zlib
from contextlib import asynccontextmanager

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


async def test_an_answer_in_plain_text_to_a_tls_greeting(gateway):
    """The address says https where there is none: it is told apart from an answer that was lost."""
    async with answering(b"") as (url, _):
        ask = gateway(base_url=url.replace("http:", "https:"))
        answer = await ask.answer(
            'mutation { deleteCategory(input: {id: "Q2F0ZWdvcnk6Nw=="}) { deletedId } }'
        )

    assert "OUTCOME_UNKNOWN" not in json.dumps(answer)
