"""Starts the gateway, the sandbox, or one in front of the other, and serves until a signal."""

import logging
import sys
from collections.abc import Sequence
from dataclasses import replace

from starlette.routing import Route

from gateway.app import create_app
from gateway.commands.console import fail, refuse_to_start
from gateway.errors import SettingsError
from gateway.http.browsers.example_screen import ExampleScreen
from gateway.http.connections.protocol import Beside
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.serving.server import STAYS_S, CannotListenError, Served, run
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
_BY_SETTINGS = "set {host} or {port} to another, or end what listens there"

_KNOWN_BY = {
    "passthrough": "by PlanDocket keys of their own",
    "tokens": "by the tokens of GATEWAY_TOKENS_FILE",
    "jwt": "by JWTs of GATEWAY_JWT_ISSUER",
    "none": "by nothing: whoever reaches the gateway is let in",
}


def demo(port: int, sandbox_port: int) -> None:
    """Serve the gateway in front of a sandbox."""
    address = f"http://127.0.0.1:{sandbox_port}"
    screen = ExampleScreen()
    try:
        # Nothing else differs from `serve`: what works here must work there, but for the key.
        settings = load_settings(
            base_url=address, api_key=SANDBOX_KEY, auth="none", port=port, suggestions="on"
        )
        sandbox = Served(
            Sandbox().app, "127.0.0.1", sandbox_port, _FREE.format(option="--sandbox-port"), http=Beside
        )
        with logging_to(sys.stderr, settings.log_format, settings.log_level):
            gateway, *metrics = _served(settings, _FREE.format(option="--port"), pages=screen.routes)
            gateway = replace(gateway, on_reload=())  # so that it ends with its terminal
            announce = _DEMO.format(
                port=port,
                sandbox_port=sandbox_port,
                key=SANDBOX_KEY,
                screen=f"not here: {screen.lack}" if screen.lack else f"http://127.0.0.1:{port}/screen",
                metrics="".join(f"Metrics               http://{one.place}/metrics\n" for one in metrics),
            )
            _serve(gateway, *metrics, sandbox, announce=announce, settings=settings)
    except SettingsError as error:
        refuse_to_start(error)


def serve() -> None:
    """Serve the gateway with the settings of the environment."""
    try:
        settings = load_settings()
        with logging_to(sys.stderr, settings.log_format, settings.log_level):
            elsewhere = _BY_SETTINGS.format(host="GATEWAY_HOST", port="GATEWAY_PORT")
            gateway, *metrics = _served(settings, elsewhere, STAYS_S)
            announce = [
                f"GraphQL at http://{gateway.place}/graphql, in front of {settings.base_url}",
                *(f"Metrics at http://{one.place}/metrics" for one in metrics),
                standing(settings),
            ]
            _serve(gateway, *metrics, announce="\n".join(announce), settings=settings)
    except SettingsError as error:
        refuse_to_start(error)


def sandbox(port: int) -> None:
    """Serve the sandbox alone."""
    announce = (
        f"PlanDocket's REST API at http://127.0.0.1:{port}/api/v1/  (Authorization: Bearer {SANDBOX_KEY})"
    )
    with logging_to(sys.stderr, "console", "warning"):
        _serve(
            Served(Sandbox().app, "127.0.0.1", port, _FREE.format(option="--port")),
            announce=announce,
        )


def _served(
    settings: Settings, elsewhere: str, stays_s: float = 0, pages: Sequence[Route] = ()
) -> list[Served]:
    """Return the gateway, and behind it its metrics where they have an address of their own."""
    gateway = create_app(settings, pages=pages)
    state = gateway.state
    served = [
        Served(
            gateway,
            settings.host,
            settings.port,
            elsewhere,
            on_stop=state.readiness.stop,
            stays_s=stays_s,
            on_late=state.give_up,
            on_reload=state.on_reload,
        )
    ]
    if settings.metrics_port is not None:
        elsewhere = _BY_SETTINGS.format(host="GATEWAY_METRICS_HOST", port="GATEWAY_METRICS_PORT")
        served.append(
            Served(state.metrics, settings.metrics_host, settings.metrics_port, elsewhere, http=Beside)
        )
    return served


def _serve(*served: Served, announce: str, settings: Settings | None = None) -> None:
    def started() -> None:
        say(announce)
        for sentence in unknown_settings():
            log.warning(sentence)

    try:
        with saying_to(sys.stdout, settings.log_format if settings else "console") as say:
            run(*served, announce=started)
    except CannotListenError as error:
        fail(str(error))


def standing(settings: Settings) -> str:
    """Return how callers are known, what is kept, and which limits there are; no value of a secret."""
    return "; ".join((_callers(settings), _kept(settings), _limits(settings)))


def _callers(settings: Settings) -> str:
    mode = settings.auth or ("passthrough" if settings.api_key is None else "none")
    behind = f", behind proxies at {settings.trusted_proxies}" if settings.trusted_proxies else ""
    documents = "" if settings.documents == "off" else f", stored documents: {settings.documents}"
    return f"Callers are known {_KNOWN_BY[mode]}{behind}{documents}"


def _kept(settings: Settings) -> str:
    if settings.mirror == "off":
        return "nothing is kept"
    fresh = ", ".join(f"{path} {seconds:g} s" for path, seconds in settings.fresh_s.items())
    return f"kept: {settings.mirror_rows} rows, fresh for {fresh}"


def _limits(settings: Settings) -> str:
    shared = "" if settings.redis_address is None else " together with all processes of the same Redis"
    return (
        f"limits: {settings.requests_per_hour} requests an hour for a key{shared}, {settings.max_calls} and "
        f"{settings.operation_timeout:g} s for an operation, {settings.max_running} operations at once"
    )
