"""What is sent to wear the gateway out, by clients and by a PlanDocket: each a name and what plays it."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Iterable
from functools import cache

Play = Callable[[int], Awaitable[None]]
"""Attacks the gateway that listens on a port."""

SECONDS = 15
MB = 1_000_000

_HEAD = b"Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
_CHUNKED = b"POST %b HTTP/1.1\r\n" + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
_LAST_CHUNK = b"2\r\n{}\r\n0\r\n"


def post(body: bytes, headers: bytes = b"") -> bytes:
    """Return a request to the endpoint as it goes over the wire."""
    head = b"POST /graphql HTTP/1.1\r\n" + _HEAD + headers
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _query(text: str, **others: object) -> bytes:
    return json.dumps({"query": text, **others}).encode()


async def _each(port: int, requests: Iterable[bytes], connections: int = 8) -> None:
    """Send requests one after the other on so many connections, whatever is answered."""
    left = iter(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            try:
                if writer.is_closing() or reader.at_eof():
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
                if b"connection: close" in head:
                    writer.close()
            except (OSError, asyncio.IncompleteReadError):
                writer.close()
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))


def _all_of(requests: Callable[[], Iterable[bytes]]) -> Play:
    return lambda port: _each(port, requests())


def _without_end(head: bytes, piece: bytes) -> Play:
    """Return what sends a head, and then pieces for a while: on a new connection where the gateway closes."""

    async def play(port: int) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + SECONDS
        while loop.time() < until:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(head)
                while loop.time() < until:
                    writer.write(piece)
                    await writer.drain()
                    if writer.transport.get_write_buffer_size():
                        await asyncio.sleep(0.001)
            except OSError:
                pass
            finally:
                reader.feed_eof()
                writer.transport.abort()

    return play


def _not_reading(ahead: int) -> Play:
    """Return what pipelines on two hundred connections, and takes no answer."""
    request = post(_query('{ __type(name: "Participant") { fields { name description } } __typename }'))

    async def one(port: int) -> None:
        _, writer = await asyncio.open_connection(
            "127.0.0.1", port, limit=1
        )  # bytes: it stops reading at once
        try:
            async with asyncio.timeout(SECONDS):
                while True:
                    writer.write(request * ahead)
                    await writer.drain()
        except (OSError, TimeoutError):
            pass
        finally:
            writer.transport.abort()

    async def play(port: int) -> None:
        await asyncio.gather(*(one(port) for _ in range(200)))

    return play


def _documents(count: int, headers: bytes = b"") -> Callable[[], Iterable[bytes]]:
    """Return documents of 12 kB, each another."""
    pad = "x" * 60

    def made() -> Iterable[bytes]:
        for number in range(count):
            fields = " ".join(f"a{number}_{field}_{pad}: __typename" for field in range(150))
            yield post(_query(f"{{ {fields} }}"), headers)

    return made


def _keys(count: int, length: int) -> Callable[[], Iterable[bytes]]:
    body = _query("{ __typename }")
    return lambda: (post(body, b"X-API-Key: k%d%b\r\n" % (n, b"x" * length)) for n in range(count))


def _variables(unit: bytes) -> Callable[[], Iterable[bytes]]:
    values = b",".join([unit] * (900_000 // (len(unit) + 1)))
    return lambda: 50 * [post(b'{"query":"{ __typename }","variables":{"v":[%b]}}' % values)]


_NUMBER = "9" * 80_000
_LONG = "Name" * 225_000

BY_CLIENTS: dict[str, Play] = {
    "1,000 documents of 12 kB, without a key": _all_of(_documents(1_000)),
    "1,000 documents of 12 kB, with one": _all_of(_documents(1_000, b"X-API-Key: a-key\r\n")),
    "36,000 keys of 64 kB": _all_of(_keys(36_000, 64_000)),
    "36,000 keys of 500 bytes": _all_of(_keys(36_000, 500)),
    "trailers without end": _without_end(_CHUNKED % b"/graphql" + _LAST_CHUNK, b"X: y\r\n" * 10_000),
    "trailers without end, at /healthz": _without_end(
        _CHUNKED % b"/healthz" + _LAST_CHUNK, b"X: y\r\n" * 10_000
    ),
    "a trailer without end": _without_end(_CHUNKED % b"/graphql" + _LAST_CHUNK + b"X: ", b"y" * 65_536),
    "a chunk's extension without end": _without_end(_CHUNKED % b"/graphql" + b"5;x=", b"y" * 65_536),
    "chunks of a byte without end": _without_end(_CHUNKED % b"/healthz", b"1\r\nx\r\n" * 10_000),
    "headers without end": _without_end(b"POST /graphql HTTP/1.1\r\n", b"X: y\r\n" * 10_000),
    "a header without end": _without_end(b"POST /graphql HTTP/1.1\r\nX: ", b"y" * 65_536),
    "a body without end": _without_end(
        b"POST /graphql HTTP/1.1\r\n" + _HEAD + b"Content-Length: 999999999999\r\n\r\n", b"y" * 65_536
    ),
    "empty lines without end": _without_end(b"", b"\r\n" * 30_000),
    "numbers of 80,000 digits": _all_of(
        lambda: 100 * [post(_query(f"query ($v: Int = {_NUMBER}) {{ events(first: $v) {{ totalCount }} }}"))]
    ),
    "900 kB of empty lists as variables": _all_of(_variables(b"[]")),
    "900 kB of empty objects": _all_of(_variables(b"{}")),
    "900 kB of lists in lists": _all_of(_variables(b"[" * 90 + b"]" * 90)),
    "900 kB of numbers": _all_of(_variables(b"1")),
    "900 kB of texts": _all_of(_variables(b'"\\u0041"')),
    "900 kB as an operation's name": _all_of(
        lambda: 50 * [post(_query("{ __typename }", operationName=_LONG))]
    ),
    "900 kB as a document": _all_of(lambda: 50 * [post(_query(_LONG))]),
    "900 kB of brackets": _all_of(lambda: 50 * [post(b"[" * 900_000)]),
    "answers that nobody takes": _not_reading(50),
    "answers that nobody takes, one by one": _not_reading(1),
}


def _answer(body: bytes, *headers: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join([*lines, "", ""]).encode() + body


@cache
def _zeros(size_mb: int) -> bytes:
    """Return so many MB of zeros in gzip's form, in members of 100."""
    member = gzip.compress(bytes(100 * MB), 1)
    return member * (size_mb // 100)


def _packed(size_mb: int, *headers: str, inner: Callable[[bytes], bytes] = bytes) -> Callable[[], bytes]:
    return lambda: _answer(gzip.compress(inner(_zeros(size_mb))), *headers)


def _rows(unit: bytes, around: bytes = b'{"data":[%b]}') -> Callable[[], bytes]:
    return lambda: _answer(around % b",".join([unit] * (15 * MB // (len(unit) + 1))))


def _participants(confirmed: object) -> Callable[[], bytes]:
    row = {"event_id": 1, "contact_id": 2, "is_confirmed": confirmed, "created_at": None, "updated_at": None}
    rest = json.dumps(row, separators=(",", ":"))[1:].encode()
    return lambda: _answer(
        b'{"data":[%b]}' % b",".join(b'{"id":%d,%b' % (n, rest) for n in range(1, 150_001))
    )


_TWICE = "Content-Encoding: gzip, gzip"
_ONCE = "Content-Encoding: gzip"

BY_PLANDOCKET: dict[str, Callable[[], bytes]] = {
    "100 without end": lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000_000,
    "103 without end": lambda: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 500_000,
    "300 MB, packed twice": _packed(300, _TWICE),
    "4 GB, packed twice": _packed(4_000, _TWICE),
    "4 GB, packed twice in two headers": _packed(4_000, _ONCE, _ONCE),
    "300 MB, deflate below gzip": lambda: _answer(
        gzip.compress(zlib.compress(bytes(300 * MB))), "Content-Encoding: deflate, gzip"
    ),
    "100 MB, packed": lambda: _answer(_zeros(100), _ONCE),
    "15 MB of empty lists": _rows(b"[]"),
    "15 MB of empty lists beside the rows": _rows(b"[]", b'{"data":[],"meta":[%b]}'),
    "15 MB of lists in lists": _rows(b"[[[[]]]]"),
    "15 MB of empty objects": _rows(b"{}"),
    "15 MB of numbers": _rows(b"1"),
    "15 MB of texts": _rows(b'"some text that is no row, and long enough"'),
    "15 MB of rows without columns": _rows(b'{"id":1,"x":"some text that is no column, and long"}'),
    "150,000 rows": _participants(confirmed=True),
    "150,000 rows in another dialect": _participants(confirmed="yes"),
    "a pause of thirty years": lambda: (
        b"HTTP/1.1 429 -\r\nRetry-After: 1000000000\r\nContent-Length: 2\r\n\r\n{}"
    ),
}
"""What PlanDocket answers to each read of thirty at once."""
