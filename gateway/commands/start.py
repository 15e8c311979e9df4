"""Starts the gateway, the sandbox, or one in front of the other, and serves until a signal."""

import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

import typer

from gateway.app import create_app
from gateway.commands.console import fail, refuse_to_start
from gateway.commands.served import announcement, places, served
from gateway.commands.workers import serve_together
from gateway.errors import SettingsError
from gateway.http.browsers.example_screen import ExampleScreen
from gateway.http.connections.protocol import Beside
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.serving.server import STAYS_S, CannotListenError, Place, Served, run
from gateway.settings.settings import Settings, load_settings, unknown_settings
from gateway.telemetry.log_lines import logging_to, saying_to

log = logging.getLogger(__name__)

_DEMO = """\
GraphiQL and GraphQL  http://127.0.0.1:{port}/graphql
The schema            http://127.0.0.1:{port}/schema.graphql
The sandbox it reads  http://127.0.0.1:{sandbox_port}/api/v1/  (Authorization: Bearer {key})
An example screen     {screen}
{metrics}
Three queries to try:
  {{ participants(first: 3) {{ nodes {{ isConfirmed contact {{ email }} event {{ title }} }} }} }}
  {{ events(first: 5, orderBy: {{field: DATE_FROM}}) {{ nodes {{ title city dateFrom participantCount }} }} }}
  {{ categories {{ title parent {{ title }} children {{ title }} }} }}

Stop it with Ctrl+C.
"""

_FREE = "choose another with {option}, or end what listens there"


def demo(port: int, sandbox_port: int) -> None:
    """Serve the gateway in front of a sandbox."""
    address = f"http://127.0.0.1:{sandbox_port}"
    screen = ExampleScreen()
    try:
        # Nothing else differs from `serve`: what works here must work there, but for the key.
        settings = load_settings(
            base_url=address, api_key=SANDBOX_KEY, auth="none", port=port, suggestions="on"
        )
        sandbox_place = Place("127.0.0.1", sandbox_port, _FREE.format(option="--sandbox-port"))
        sandbox = Served(Sandbox().app, sandbox_place, http=Beside)
        with logging_to(sys.stderr, settings.log_format, settings.log_level):
            app = create_app(settings, pages=screen.routes)
            gateway, *metrics = served(app, places(settings, _FREE.format(option="--port")))
            gateway = replace(gateway, on_reload=())  # so that it ends with its terminal
            announce = _DEMO.format(
                port=port,
                sandbox_port=sandbox_port,
                key=SANDBOX_KEY,
                screen=f"not here: {screen.lack}" if screen.lack else f"http://127.0.0.1:{port}/screen",
                metrics="".join(f"Metrics               http://{one.place}/metrics\n" for one in metrics),
            )
            with _announcing(announce, settings) as announced:
                run(gateway, *metrics, sandbox, announce=announced)
    except SettingsError as error:
        refuse_to_start(error)


def serve(workers: int) -> None:
    """Serve the gateway with the settings of the environment, by so many processes."""
    status = 0
    try:
        settings = load_settings()
        with (
            logging_to(sys.stderr, settings.log_format, settings.log_level),
            _announcing(announcement(settings), settings) as announced,
        ):
            if workers > 1:
                status = serve_together(workers, settings, announced)
            else:
                run(*served(create_app(settings), places(settings), STAYS_S), announce=announced)
    except SettingsError as error:
        refuse_to_start(error)
    raise typer.Exit(status)


def sandbox(port: int) -> None:
    """Serve the sandbox alone."""
    announce = (
        f"PlanDocket's REST API at http://127.0.0.1:{port}/api/v1/  (Authorization: Bearer {SANDBOX_KEY})"
    )
    place = Place("127.0.0.1", port, _FREE.format(option="--port"))
    with logging_to(sys.stderr, "console", "warning"), _announcing(announce) as announced:
        run(Served(Sandbox().app, place), announce=announced)


@contextmanager
def _announcing(text: str, settings: Settings | None = None) -> Generator[Callable[[], None]]:
    """Yield what says that text, with what is odd of the environment; end with 1 where nothing can be listened on."""

    def announce() -> None:
        say(text)
        for sentence in unknown_settings():
            log.warning(sentence)

    try:
        with saying_to(sys.stdout, settings.log_format if settings else "console") as say:
            yield announce
    except CannotListenError as error:
        fail(str(error))
