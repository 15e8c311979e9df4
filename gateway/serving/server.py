"""Runs servers until a signal ends them."""

import asyncio
import errno
import gc
import math
import os
import socket
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from gateway.http.connections.connection_limit import raise_limit
from gateway.http.connections.protocol import Protocol
from gateway.serving.signals import Signals
from gateway.telemetry.log_lines import log_loop_error

GRACE_S = 20
"""For so long operations that run may go on after the first signal."""
STAYS_S = 1.0
"""For so long `serve` still takes what comes after the first signal, so that who sends to it learns of its end."""
_LAST_S = 0.2
_TO_TELL_S = 3
"""For so long what ended late may still be answered."""
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_ROUNDS = (5_000, 10, 100)
_TURN_S = 0.0005  # of a thread that reads a large answer: the loop waits for one before each of its sockets


@dataclass(frozen=True)
class Place:
    """Where something listens."""

    host: str
    port: int
    elsewhere: str
    """How it is made to listen somewhere else: "choose another with --port"."""

    def __str__(self) -> str:
        """Return it as an address has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Served:
    """An app and where it listens."""

    app: ASGIApp
    place: Place
    sockets: tuple[socket.socket, ...] = ()
    """Those that listen there already; without any, they are opened."""
    on_stop: Callable[[], None] = lambda: None
    """Called with the first signal, while what comes is still answered."""
    stays_s: float = 0
    """How long after that it still listens."""
    on_late: Callable[[], None] = lambda: None
    """Called once what runs has had its time: it must end now, and tell what is known of it."""
    grace_s: float = GRACE_S
    """How long that is."""
    on_reload: Sequence[Callable[[], None]] = ()
    """Called with SIGHUP, to read files anew."""
    http: type[Protocol] = Protocol
    """What its connections are."""


class CannotListenError(Exception):
    """An address or port is taken, or not of this machine; the message says which, and what to do."""

    def __init__(self, place: Place, error: OSError | UnicodeError) -> None:
        is_unknown = isinstance(error, socket.gaierror | UnicodeError)
        why = "there is no such host" if is_unknown else os.strerror(error.errno or 0).lower()
        super().__init__(f"Cannot listen on {place} ({why}): {place.elsewhere}.")


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them, and tells when it listens."""

    def __init__(self, served: Served, started: Callable[[], None]) -> None:
        super().__init__(_config(served))
        self._served = served
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._tell_started()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no connection any more; who has just got one is still answered before idle ones are closed."""
        still_open = [one.dup() for one in sockets or ()]
        for server in self.servers:
            server.close()
        for one in still_open:
            await self._take_last(one)
        await asyncio.sleep(_LAST_S)
        await super().shutdown(sockets)

    async def _take_last(self, listening: socket.socket) -> None:
        """Take the connections that the system holds ready, which it would reset, and close the socket."""
        make = partial(
            self.config.http_protocol_class,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        # All at once: while this waited, clients who come again as soon as they are answered would find it open.
        taken: list[socket.socket] = []
        with listening, suppress(OSError):  # none is left, or no descriptor for one
            listening.setblocking(False)
            while True:
                taken.append(listening.accept()[0])
        for one in taken:
            await asyncio.get_running_loop().connect_accepted_socket(make, one)

    async def stop(self, serving: asyncio.Task[None]) -> None:
        """Answer what runs and what still comes, then nothing more; return once it ended.

        Kept connections are closed by the answers themselves: one that is closed while idle may be
        closed on a request that is under way to it.
        """
        if self.started and not serving.done():
            self._served.on_stop()
            close = (b"connection", b"close")
            self.config.encoded_headers.append(close)
            self.server_state.default_headers = [*self.server_state.default_headers, close]
            await asyncio.sleep(self._served.stays_s)
        self.should_exit = True
        _, late = await asyncio.wait([serving], timeout=self._served.grace_s)
        if late:
            self._served.on_late()
            await asyncio.wait(late)


def _settle() -> None:
    """Take what was made to stay out of the garbage collector's rounds, let it make fewer, and let threads take turns.

    A round would look through the whole schema; one operation makes more objects than a round waits for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_ROUNDS)
    sys.setswitchinterval(_TURN_S)


def run(
    *served: Served,
    announce: Callable[[], None],
    beside: Callable[[Signals], AbstractAsyncContextManager[None]] = lambda _: nullcontext(),
) -> None:
    """Serve all until a signal ends them, or until one of them ends; call `announce` once all listen.

    They are served within what `beside` makes of the process's signals.

    Raises:
        CannotListenError: one of them cannot; none was started.
    """
    raise_limit()
    with ExitStack() as opened:
        # Before any of them is started: it would be stopped again if another could not be.
        sockets = {one: one.sockets or listening(one.place, opened) for one in served}
        with asyncio.Runner(loop_factory=_config(served[0]).get_loop_factory()) as runner:
            runner.run(_run(sockets, announce, beside))


def listening(place: Place, opened: ExitStack) -> tuple[socket.socket, ...]:
    """Return a listening socket for each address that a host has on this machine; `opened` closes them.

    Raises:
        CannotListenError: the port is taken, or the host is not of this machine.
    """
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in found:
            try:
                sockets.append(opened.enter_context(socket.create_server(address, family=family)))
            except OSError as error:
                if error.errno not in _NOT_HERE:  # `localhost` may be ::1 too where there is no IPv6
                    raise
        if not sockets:
            raise OSError(errno.EADDRNOTAVAIL, "")
    except (OSError, UnicodeError) as error:
        raise CannotListenError(place, error) from None
    return tuple(sockets)


async def _run(
    sockets: Mapping[Served, Sequence[socket.socket]],
    announce: Callable[[], None],
    beside: Callable[[Signals], AbstractAsyncContextManager[None]],
) -> None:
    def started() -> None:
        if all(server.started for server in servers):
            _settle()
            announce()

    asyncio.get_running_loop().set_exception_handler(log_loop_error)
    servers = [_Server(one, started) for one in sockets]
    serving: dict[_Server, asyncio.Task[None]] = {}
    on_reload = [reload for one in sockets for reload in one.on_reload]
    signals = Signals(partial(_stop, serving), on_reload, GRACE_S)
    async with beside(signals):
        for server, on in zip(servers, sockets.values(), strict=True):
            serving[server] = asyncio.create_task(server.serve(list(on)))
            serving[server].add_done_callback(lambda _: signals.begin())
        await asyncio.gather(*serving.values())


async def _stop(serving: Mapping[_Server, asyncio.Task[None]]) -> None:
    """End one after the other, since the first may need the second for what it still answers."""
    for server, task in serving.items():
        await server.stop(task)


def _config(served: Served) -> uvicorn.Config:
    return uvicorn.Config(
        served.app,
        host=served.place.host,
        port=served.place.port,
        http=served.http,
        ws="none",  # it would answer by itself, without the gateway's headers, checks and log
        access_log=False,  # addresses hold queries, and those hold names
        log_config=None,  # the process's lines are all written alike: see `gateway.telemetry.log_lines`
        proxy_headers=False,  # whoever is on this machine could name any address as theirs
        timeout_graceful_shutdown=math.ceil(served.grace_s) + _TO_TELL_S,
    )
