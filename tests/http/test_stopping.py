# pyright: basic
"""A signal ends the gateway without losing anything that it has begun: seen from outside, with real processes."""

import asyncio
import json
import signal
import socket
import sys
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

import httpx
import pytest
from serving_here import free_ports, started

from gateway.serving.server import Place, Served, _Server

DATA = {"data": {"category": {"title": "Crafts"}}}
ROW = {"title": "Crafts", "is_visible": True}
SIGNALS = (signal.SIGTERM, signal.SIGINT)


def query(row_id=1):
    """Return an operation of one request, which is none of those that ask for another row."""
    return json.dumps({"query": f"{{ category(by: {{databaseId: {row_id}}}) {{ title }} }}"}).encode()


QUERY = query()


class Upstream:
    """Answers every request with the row that it asks for, once it is let."""

    def __init__(self):
        self.asked = 0
        self.may_answer = asyncio.Event()
        self._came = asyncio.Condition()

    async def wait_for(self, count):
        """Wait until so many requests came."""
        async with self._came:
            await asyncio.wait_for(self._came.wait_for(lambda: self.asked >= count), 30)

    async def serve(self, reader, writer):
        """Answer one connection."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                async with self._came:
                    self.asked += 1
                    self._came.notify_all()
                await self.may_answer.wait()
                row_id = int(head.split()[1].partition(b"?")[0].rpartition(b"/")[2])
                body = json.dumps({"data": {"id": row_id, **ROW}}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Connection:
    """A connection to the gateway, kept as long as the gateway keeps it."""

    opened: ClassVar[list["Connection"]] = []

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self.answers = []
        self.is_closed = False

    @classmethod
    async def open(cls, port):
        """Connect."""
        connection = cls(*await asyncio.open_connection("127.0.0.1", port))
        cls.opened.append(connection)
        return connection

    def send(self, query=QUERY):
        """Send an operation."""
        head = b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += b"Content-Length: %d\r\n\r\n"
        self._writer.write(head % len(query) + query)

    async def answer(self):
        """Return what the operation sent is answered."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200 "), head
        self.is_closed = b"connection: close" in head
        body = await self._reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        self.answers.append(json.loads(body))
        return self.answers[-1]

    async def end(self):
        """Wait until the gateway closes it."""
        assert await asyncio.wait_for(self._reader.read(), 30) == b""

    async def close(self):
        """Leave."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def serving(*arguments, command=None, **settings):
    """Yield a gateway's process and port, and the upstream that it asks."""
    upstream = Upstream()
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    [port] = free_ports(1)
    given = {
        "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        "PLANDOCKET_API_KEY": "some-key",
        "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
        "GATEWAY_PORT": str(port),
        "GATEWAY_MIRROR": "off",
        "GATEWAY_TELL_COST": "off",
        "GATEWAY_LOG_LEVEL": "error",
        **settings,
    }
    try:
        with started(*arguments, "serve", command=command, **given) as process:
            yield process, port, upstream
    finally:
        upstream.may_answer.set()
        server.close()
        while Connection.opened:
            await Connection.opened.pop().close()


async def ended(process):
    """Return the process's exit code once it ended."""
    return await asyncio.to_thread(process.wait, 30)


async def not_ready(port):
    """Wait until the gateway says that it is not ready, and return that answer."""
    async with httpx.AsyncClient() as http:
        while (response := await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
            pass
    return response


@pytest.mark.parametrize("sig", SIGNALS)
async def test_operations_that_run_are_answered(sig):
    """The probe turns to 503, what runs goes on, and the exit code is 0."""
    async with serving() as (process, port, upstream):
        connections = [await Connection.open(port) for _ in range(5)]
        for row_id, connection in enumerate(connections, 1):
            connection.send(query(row_id))
        await upstream.wait_for(5)
        process.send_signal(sig)
        probe = await not_ready(port)
        assert process.poll() is None
        upstream.may_answer.set()
        answers = [await connection.answer() for connection in connections]
        for connection in connections:
            await connection.end()
        code = await ended(process)

    assert (probe.status_code, probe.json()) == (503, {"status": "stopping"})
    assert answers == [DATA] * 5
    assert code == 0


async def test_what_comes_while_it_stops_is_answered_and_the_connection_closed():
    """On a kept connection and on a new one: whoever asks learns with the answer to go elsewhere."""
    async with serving() as (process, port, upstream):
        upstream.may_answer.set()
        kept = await Connection.open(port)
        kept.send()
        await kept.answer()
        assert not kept.is_closed
        process.send_signal(signal.SIGTERM)
        await not_ready(port)
        new = await Connection.open(port)
        for connection in (kept, new):
            connection.send()
            assert await connection.answer() == DATA
            assert connection.is_closed
            await connection.end()
        assert await ended(process) == 0


async def test_idle_connections_hold_up_nothing():
    """They are closed; a client that keeps them open for ever is not waited for."""
    async with serving() as (process, port, upstream):
        upstream.may_answer.set()
        idle, used = await Connection.open(port), await Connection.open(port)
        used.send()
        await used.answer()
        process.send_signal(signal.SIGTERM)
        await idle.end()
        await used.end()
        assert await asyncio.to_thread(process.wait, 10) == 0


async def connect_for_ever(port):
    """Connect as long as somebody listens."""
    while True:
        await (await Connection.open(port)).close()


async def test_nobody_can_connect_once_it_stopped_listening():
    """Though an operation still runs, and is answered."""
    async with serving() as (process, port, upstream):
        running = await Connection.open(port)
        running.send()
        await upstream.wait_for(1)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionError):
            await connect_for_ever(port)
        upstream.may_answer.set()
        assert await running.answer() == DATA
        assert await ended(process) == 0


@pytest.mark.parametrize("sig", SIGNALS)
async def test_a_second_signal_ends_it_at_once(sig):
    """Whatever still runs; the exit status says by which signal."""
    async with serving() as (process, port, upstream):
        running = await Connection.open(port)
        running.send()
        await upstream.wait_for(1)
        process.send_signal(sig)
        await not_ready(port)
        process.send_signal(sig)
        assert await asyncio.to_thread(process.wait, 5) == -sig


@pytest.mark.parametrize("mirror", ["on", "off"])
async def test_no_operation_is_lost_under_load(mirror):
    """Clients ask as fast as they are answered, on kept connections: every operation sent is answered whole.

    Five times, since what it is about is a matter of moments; tests/drill restarts it behind proxies.
    """
    for count in (48, 8, 8, 8, 8):
        async with serving(GATEWAY_MIRROR=mirror) as (process, port, upstream):
            upstream.may_answer.set()
            clients = [Client(port) for _ in range(count)]
            are_busy = [client.is_busy.wait() for client in clients]
            loads = [asyncio.create_task(client.ask_for_ever()) for client in clients]
            await asyncio.gather(*are_busy)
            process.send_signal(signal.SIGTERM)
            await asyncio.gather(*loads)
            assert await ended(process) == 0

        assert [client.lost for client in clients if client.lost] == []


async def test_who_connected_before_it_stopped_listening_is_answered():
    """Though only the system took the connection yet: what a proxy sent into it, it sends to nobody else."""
    async with listening_server(answer_nothing) as (server, listening):
        clients = [socket.create_connection(listening.getsockname()) for _ in range(3)]
        for client in clients:
            client.sendall(ASKS)
        await server.shutdown(sockets=[listening])
        for client in clients:
            with client:
                assert client.recv(100).startswith(b"HTTP/1.1 204 ")


async def test_who_comes_again_with_each_answer_does_not_keep_it_from_stopping():
    """Else it would go on until the time that it has for its end is over, and then give up what runs."""
    clients = []

    def come(address):
        clients.append(socket.create_connection(address))
        clients[-1].sendall(ASKS)

    async def app(scope, receive, send):
        with suppress(ConnectionRefusedError):
            come(scope["server"])
        await answer_nothing(scope, receive, send)

    async with listening_server(app) as (server, listening):
        for _ in range(20):
            come(listening.getsockname())
        await asyncio.wait_for(server.shutdown(sockets=[listening]), 5)
    for client in clients:
        client.close()


ASKS = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def answer_nothing(_, __, send):
    """Say that there is nothing to say."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@asynccontextmanager
async def listening_server(app):
    """Yield a server that listens, in this process, and its socket."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = _Server(Served(app, Place("127.0.0.1", 0, "")), lambda: None)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listening])
        yield server, listening


class Client:
    """Asks on one connection after the other, each as long as it is kept."""

    def __init__(self, port):
        self.answered = 0
        self.is_busy = asyncio.Event()
        self.lost = ""
        self._port = port

    async def ask_for_ever(self):
        """Ask until nobody listens any more: who connects in the very moment it ends is reset."""
        with suppress(ConnectionRefusedError, ConnectionResetError):
            while not self.lost:
                await self._ask(await Connection.open(self._port))

    async def _ask(self, connection):
        before = self.answered
        try:
            while not connection.is_closed:
                connection.send()
                assert await connection.answer() == DATA
                self.answered += 1
                if self.answered == 20:
                    self.is_busy.set()
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            # The system may have taken a connection for a gateway that did not take it any more, or that closed
            # it before it read a byte: then it is reset, or ends, without an answer ever having come on it.
            is_untaken = isinstance(error, ConnectionResetError) or getattr(error, "partial", None) == b""
            if self.answered > before or not is_untaken:
                self.lost = repr(error)
        await connection.close()


SOON = """
from functools import partial
from gateway import cli
from gateway.commands import served
served.Served = partial(served.Served, grace_s=0.5)
cli.main()
"""
"""The command, but that what runs has half a second to end."""
MUTATION = b"""mutation {
    done: deleteEvent(input: {id: "RXZlbnQ6MQ=="}) { deletedId }
    open: deleteEvent(input: {id: "RXZlbnQ6Mg=="}) { deletedId }
    never: deleteEvent(input: {id: "RXZlbnQ6Mw=="}) { deletedId }
}"""
PATIENT = dict.fromkeys(
    ("PLANDOCKET_READ_TIMEOUT", "PLANDOCKET_TOTAL_TIMEOUT", "GATEWAY_OPERATION_TIMEOUT"), "60"
)


async def test_what_outlasts_the_grace_is_told_what_is_known():
    """A write that waits may have happened, and what was done before it is told; all in JSON, and the exit is 0."""
    async with serving("-c", SOON, command=sys.executable, **PATIENT) as (process, port, upstream):
        writes, read = [await Connection.open(port) for _ in range(2)]
        upstream.may_answer.set()
        writes.send(json.dumps({"query": MUTATION.decode()}).encode())
        await upstream.wait_for(1)
        upstream.may_answer.clear()
        await upstream.wait_for(2)
        read.send()
        await upstream.wait_for(3)
        process.terminate()
        written, asked = await writes.answer(), await read.answer()
        await writes.end()
        await read.end()
        code = await ended(process)

    assert written["data"] == {"done": {"deletedId": "RXZlbnQ6MQ=="}, "open": None, "never": None}
    told = {error["path"][0]: error["extensions"] for error in written["errors"]}
    assert told == {"open": {"code": "OUTCOME_UNKNOWN"}, "never": {"code": "UPSTREAM_UNAVAILABLE"}}
    assert asked["data"] == {"category": None}
    assert [error["extensions"]["code"] for error in asked["errors"]] == ["UPSTREAM_TIMEOUT"]
    assert (upstream.asked, code) == (3, 0)
