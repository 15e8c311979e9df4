"""`gateway serve --workers`: the parent, and what it starts of itself."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace

from starlette.applications import Starlette

from gateway.app import create_app
from gateway.commands.console import refuse_to_start
from gateway.commands.served import places, served
from gateway.errors import SettingsError
from gateway.http.connections.protocol import Shared
from gateway.serving.crew import Crew
from gateway.serving.parent import Parent
from gateway.serving.server import STAYS_S, listening, run
from gateway.settings.settings import Settings, load_settings
from gateway.telemetry.log_lines import logging_to
from gateway.telemetry.worker_metrics import join

log = logging.getLogger(__name__)

_LOOKS_EVERY_S = 0.02

_NEEDS_REDIS = (
    "GATEWAY_REDIS_URL: --workers {count} needs it, so that the workers count one hour and hold the same rows. Start a "
    'Redis with `redis-server --save "" --port 6379`, and set GATEWAY_REDIS_URL=redis://127.0.0.1:6379.'
)
_HAS_NO_FOLDER = (
    "GATEWAY_MIRROR_DIR: a folder is one process's at a time, and --workers are several: unset it. What they hold and "
    "have sent, Redis remembers over their restarts."
)
_NEEDS_SIGNALS = (
    "--workers: Windows has neither sockets that processes inherit nor the signals that replace workers. Start the "
    "gateway several times there, each with a GATEWAY_PORT of its own, behind a proxy."
)


def serve_together(count: int, settings: Settings, announce: Callable[[], None]) -> int:
    """Serve the gateway by so many workers, and return the exit status; call `announce` once it answers.

    Raises:
        SettingsError: there is no Redis over which they are one gateway, a folder is set, or the system is Windows.
        CannotListenError: an address is taken, or none of this machine.
    """
    if sys.platform == "win32":
        raise SettingsError(_NEEDS_SIGNALS)
    if settings.redis_address is None:
        raise SettingsError(_NEEDS_REDIS.format(count=count))
    if settings.mirror_dir is not None:
        raise SettingsError(_HAS_NO_FOLDER)
    with ExitStack() as opened, asyncio.Runner() as runner:
        crew = Crew(count, [listening(place, opened) for place in places(settings)], join)
        return runner.run(crew.run(announce))


def work(channel: int, sockets: Sequence[str]) -> None:
    """Serve as a worker: `channel` is the descriptor of the way to the parent, `sockets` have those of each place."""
    try:
        settings = load_settings()
        with logging_to(sys.stderr, settings.log_format, settings.log_level):
            parent = Parent(socket.socket(fileno=channel))
            app = create_app(settings, all_metrics=parent.metrics)
            parent.counted = app.state.counted
            let_fill(app)
            gateway, *metrics = served(app, places(settings), STAYS_S, [_inherited(one) for one in sockets])

            def stop() -> None:
                # Whoever asks the address whether it is ready must not hear of one that another stands in for.
                if not parent.is_stood_in_for:
                    gateway.on_stop()

            run(
                replace(gateway, on_stop=stop, http=Shared),
                *metrics,
                announce=parent.tell_ready,
                beside=parent.heeded,
            )
    except SettingsError as error:
        refuse_to_start(error)


def _inherited(descriptors: str) -> tuple[socket.socket, ...]:
    return tuple(socket.socket(fileno=int(one)) for one in descriptors.split(","))


def let_fill(app: Starlette, within_s: float = 10.0) -> None:
    """Let the app begin once it is ready, or after so long: until then others take the connections that come."""
    begun = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with begun(app):
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    while not app.state.readiness.is_ready:  # noqa: ASYNC110 - it is only ever asked
                        await asyncio.sleep(_LOOKS_EVERY_S)
            if not app.state.readiness.is_ready:
                log.warning("not ready within %g s: it answers all the same", within_s)
            yield

    app.router.lifespan_context = lifespan
