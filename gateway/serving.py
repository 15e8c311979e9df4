"""Runs servers until a signal ends them."""

import asyncio
import gc
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from gateway.http.protocol import Protocol

_GRACE_S = 20
_ROUNDS = (20_000, 20, 20)


@dataclass(frozen=True)
class Served:
    """An app and where it listens."""

    app: ASGIApp
    host: str
    port: int


class CannotListenError(Exception):
    """An address or port is taken, or not of this machine."""


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them, and tells when it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        if self.started:
            self._tell_started()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def _settle() -> None:
    """Take what was made to stay out of the garbage collector's rounds, and let it make fewer.

    A round would look through the whole schema; one operation makes more objects than a round waits for.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_ROUNDS)


def run(*served: Served, announce: str) -> None:
    """Serve all until SIGINT or SIGTERM, or until one of them ends; print `announce` once all listen."""
    with asyncio.Runner(loop_factory=_config(served[0]).get_loop_factory()) as runner:
        runner.run(_run(*served, announce=announce))


async def _run(*served: Served, announce: str) -> None:

    def started() -> None:
        if all(server.started for server in servers):
            _settle()
            print(announce, flush=True)

    servers = [_Server(_config(one), started) for one in served]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, stop)

    async def serve(server: uvicorn.Server) -> bool:
        try:
            await server.serve()
        except SystemExit:  # it could not listen, and has said why
            return False
        finally:
            stop()
        return True

    if not all(await asyncio.gather(*map(serve, servers))):
        raise CannotListenError


def _config(served: Served) -> uvicorn.Config:
    return uvicorn.Config(
        served.app,
        host=served.host,
        port=served.port,
        http=Protocol,
        access_log=False,  # addresses hold queries, and those hold names
        log_level="warning",
        timeout_graceful_shutdown=_GRACE_S,
    )
