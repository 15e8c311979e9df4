# pyright: basic
"""Answers over 1 kB are packed for whoever asks for it, once, and nobody else's."""

import asyncio
import gzip
import json
import zlib

import httpx
import pytest
from asking import METRICS_TOKEN
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import Response

from gateway.http.compression import compression

LARGE = "{ contacts(first: 100) { nodes { id customerNumber companyName email } } }"
SMALL = "{ category(by: {databaseId: 1}) { title } }"
BROWSER = "gzip, deflate, br, zstd"
PROMETHEUS = {"Authorization": f"Bearer {METRICS_TOKEN}"}


async def sent(ask, query, accepted):
    """Return the answer, unpacked by nobody."""
    headers = {"Content-Type": "application/json"}
    if accepted is not None:
        headers["Accept-Encoding"] = accepted
    request = httpx.Request("POST", "http://localhost/graphql", headers=headers, json={"query": query})
    return await raw(ask, request)


async def raw(ask, request):
    """Return a response with its body as it was sent; a client of httpx asks for gzip by itself."""
    response = await ask.http._transport.handle_async_request(request)
    response.body = b"".join([piece async for piece in response.stream])
    return response


ASKING = [
    BROWSER,
    "gzip",
    "GZIP",
    "x-gzip",
    "*",
    "br;q=1, gzip;q=0.2",
    "gzip;q=0.001",
    "identity;q=0.5, *;q=0.7",
]
NOT_ASKING = [
    None,
    "",
    "br",
    "identity",
    "gzip;q=0",
    "gzip;q=0.0, *",
    "*;q=0",
    "gzip;q=x",
    "identity, gzip;q=0.5",
]


@pytest.mark.parametrize("accepted", ASKING)
async def test_who_asks_for_gzip_gets_it(ask, accepted):
    """The same answer, in a tenth of the bytes."""
    plain, packed = await sent(ask, LARGE, None), await sent(ask, LARGE, accepted)

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-length"] == str(len(packed.body))
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 4


@pytest.mark.parametrize("accepted", NOT_ASKING)
async def test_who_does_not_ask_gets_it_as_it_is(ask, accepted):
    """Weights count: 0 is no, and what is liked better is given."""
    answer = await sent(ask, LARGE, accepted)

    assert "content-encoding" not in answer.headers
    assert json.loads(answer.body)["data"]["contacts"]


async def test_a_small_answer_stays_as_it_is(ask):
    """It would hardly be smaller."""
    answer = await sent(ask, SMALL, BROWSER)

    assert "content-encoding" not in answer.headers
    assert json.loads(answer.body) == {"data": {"category": {"title": "Crafts"}}}


@pytest.mark.parametrize("accepted", [None, BROWSER])
@pytest.mark.parametrize("query", [LARGE, SMALL])
async def test_every_answer_says_that_it_varies(gateway, query, accepted):
    """Beside the origin that it varies by."""
    ask = gateway(cors_origins="https://app.example.org")
    varies = (await sent(ask, query, accepted)).headers["vary"]

    assert {name.strip() for name in varies.split(",")} >= {"Accept-Encoding", "Origin"}


@pytest.mark.parametrize("path", ["/schema.graphql", "/metrics", "/graphql"])
async def test_pages_are_packed_too(gateway, path):
    """Whatever the gateway answers."""
    ask = gateway(introspection="on")
    headers = {"Accept-Encoding": BROWSER, "Accept": "text/html, */*;q=0.5", **PROMETHEUS}
    answer = await raw(ask, httpx.Request("GET", f"http://localhost{path}", headers=headers))

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body)


async def test_a_packed_page_of_metrics_is_one(ask):
    """As Prometheus reads it."""
    text = (await ask.http.get("/metrics", headers={"Accept-Encoding": "gzip", **PROMETHEUS})).text

    assert "gateway_operations" in {family.name for family in text_string_to_metric_families(text)}


async def test_errors_are_answers_like_others(ask):
    """Many of them, in one that is long."""
    ids = json.dumps(["nonsense"] * 50)
    answer = await sent(ask, f"{{ nodes(ids: {ids}) {{ id }} }}", BROWSER)

    assert json.loads(gzip.decompress(answer.body))["errors"]


def packing(response):
    """Return a client of an app that answers so."""
    app = compression(response)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x.test")


async def test_nothing_is_packed_twice():
    """What has a coding keeps it."""
    body = gzip.compress(b"x" * 100_000, mtime=0) + bytes(2_000)
    async with (
        packing(Response(body, headers={"Content-Encoding": "br"})) as http,
        http.stream("GET", "/", headers={"Accept-Encoding": BROWSER}) as answer,
    ):
        assert answer.headers["content-encoding"] == "br"
        assert b"".join([piece async for piece in answer.aiter_raw()]) == body


async def test_what_comes_in_pieces_is_passed_on_as_it_comes():
    """Its end may be far off: each piece can be unpacked as soon as it is there."""
    pieces = [b"x" * 5_000, b"y" * 5_000]
    unpacked = []
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number, piece in enumerate(pieces, start=1):
            await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})
            assert unpacked == pieces[:number]

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        if body := message.get("body"):
            unpacked.append(unpacking.decompress(body))

    scope = {"type": "http", "headers": [(b"accept-encoding", BROWSER.encode())]}
    await compression(app)(scope, receive, send)
    assert unpacked == pieces
    assert unpacking.eof


async def test_a_long_answer_is_packed_beside_the_loop():
    """Others are answered meanwhile: at a hundred megabytes a second, ten would stop them for a tenth of one."""
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async with packing(Response(b"0123456789abcdef" * 1_000_000)) as http:
        task = asyncio.create_task(tick())
        request = http.build_request("GET", "/", headers={"Accept-Encoding": "gzip"})
        response = await http.send(request, stream=True)
        task.cancel()
        packed = b"".join([piece async for piece in response.aiter_raw()])
    assert len(gzip.decompress(packed)) == 16_000_000
    assert ticks > 50
