"""The `gateway` command: parses arguments, nothing more."""

import asyncio
import logging
import os
import sys
import traceback
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import SecretStr

from gateway.app import create_app
from gateway.commands.check import Finding, Level, check_sources, check_upstream
from gateway.commands.plan.document import PlanError, plan_document
from gateway.errors import SettingsError
from gateway.http.callers.tokens import TokenError, new_token
from gateway.http.connections.protocol import Beside
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.schema import print_schema
from gateway.serving.server import STAYS_S, CannotListenError, Served, run
from gateway.settings.settings import Settings, load_plan_settings, load_settings, unknown_settings
from gateway.settings.standing import standing
from gateway.telemetry.log import logging_to, saying_to

log = logging.getLogger(__name__)
app = typer.Typer(
    help="A GraphQL gateway in front of PlanDocket's REST API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show values, and secrets are among those
)

_DEMO = """\
GraphiQL and GraphQL  http://127.0.0.1:{port}/graphql
The schema            http://127.0.0.1:{port}/schema.graphql
The sandbox it reads  http://127.0.0.1:{sandbox_port}/api/v1/  (Authorization: Bearer {key})
{metrics}
Three queries to try:
  {{ participants(first: 3) {{ nodes {{ isConfirmed contact {{ email }} event {{ title }} }} }} }}
  {{ events(first: 5, orderBy: {{field: DATE_FROM}}) {{ nodes {{ title city dateFrom participantCount }} }} }}
  {{ categories {{ title parent {{ title }} children {{ title }} }} }}

Stop it with Ctrl+C.
"""

_DEMO_METRICS = """\
Metrics               http://{place}/metrics
"""

_MADE = """\
That is the line of {name} for the file that GATEWAY_TOKENS_FILE names: append it with >>.
The token itself, shown this once (Authorization: Bearer TOKEN):
{token}
"""

_FREE = "choose another with {option}, or end what listens there"
_BY_SETTINGS = "set {host} or {port} to another, or end what listens there"

Port = Annotated[int, typer.Option(min=1, max=65535)]


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        print(f"gateway {version('plandocket-gateway')}")
        raise typer.Exit


@app.callback()
def common(
    _: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is.", callback=_tell_version, is_eager=True),
    ] = False,
) -> None:
    """Say what is the same for every command."""


@app.command()
def demo(port: Port = 8000, sandbox_port: Port = 8001) -> None:
    """Start the gateway in front of a sandbox with made-up data: no settings needed."""
    address = f"http://127.0.0.1:{sandbox_port}"
    try:
        # Nothing else differs from `serve`: what works here must work there, but for the key.
        settings = load_settings(
            base_url=address, api_key=SANDBOX_KEY, auth="none", port=port, suggestions="on"
        )
        sandbox = Served(
            Sandbox().app, "127.0.0.1", sandbox_port, _FREE.format(option="--sandbox-port"), http=Beside
        )
        with logging_to(sys.stderr, settings.log_format, settings.log_level):
            gateway, *metrics = _served(settings, _FREE.format(option="--port"))
            gateway = replace(gateway, on_reload=())  # so that it ends with its terminal
            announce = _DEMO.format(
                port=port,
                sandbox_port=sandbox_port,
                key=SANDBOX_KEY,
                metrics="".join(_DEMO_METRICS.format(place=one.place) for one in metrics),
            )
            _serve(gateway, *metrics, sandbox, announce=announce, settings=settings)
    except SettingsError as error:
        _refuse_to_start(error)


@app.command()
def serve() -> None:
    """Start the gateway in front of PlanDocket, with the settings of the environment."""
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
        _refuse_to_start(error)


@app.command()
def check(
    ask_key: Annotated[bool, typer.Option(help="Ask for the key to check with, where none is set.")] = False,
) -> None:
    """Check the settings and what they name, ask PlanDocket five cheap questions, and say what to do."""
    try:
        settings = load_settings()
    except SettingsError as error:
        for line in str(error).splitlines():
            print(f"FAILURE  {line}", file=sys.stderr)
        raise typer.Exit(1) from None
    logging.disable()  # what the log would say, the findings say in full
    key = settings.api_key
    if key is None and ask_key:
        key = SecretStr(typer.prompt("PlanDocket API key", hide_input=True))
    findings = asyncio.run(_check(settings, key))
    for finding in findings:
        print(f"{finding.level.name:8} {finding.sentence}")
    raise typer.Exit(1 if any(finding.level is Level.FAILURE for finding in findings) else 0)


async def _check(settings: Settings, key: SecretStr | None) -> list[Finding]:
    return [*await check_sources(settings), *await check_upstream(settings, key)]


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="A file of GraphQL operations.", exists=True, dir_okay=False)],
    variables: Annotated[str, typer.Option(help="The variables, as a JSON object.")] = "{}",
    size: Annotated[str, typer.Option(help="Rows of collections, such as contacts=300,events=12.")] = "",
    max_calls: Annotated[int | None, typer.Option(help="Exit with 1 where an operation needs more.")] = None,
) -> None:
    """Show the requests to PlanDocket that operations would make on a cold start, and why.

    Up to so many where it depends on what nobody knows beforehand, such as how much a search finds.
    """
    try:
        plans = plan_document(file.read_bytes(), variables, size, load_plan_settings())
    except PlanError as error:
        print(f"{file}: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except SettingsError as error:
        print(f"There is no plan.\n{error}", file=sys.stderr)
        raise typer.Exit(2) from None
    for planned in plans:
        print(planned.text())
    if max_calls is not None and any(planned.exceeds(max_calls) for planned in plans):
        print(f"Above {max_calls} requests.", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def token(
    name: Annotated[str, typer.Argument(help="What logs and metrics call whoever has it.")],
    read: Annotated[bool, typer.Option("--read", help="It may read.")] = False,
    write: Annotated[bool, typer.Option("--write", help="It may read and write.")] = False,
    only: Annotated[str, typer.Option(help="Resources that it is limited to, such as events,contacts.")] = "",
    sensitive: Annotated[
        bool,
        typer.Option("--sensitive", help="It sees contacts' notes, rating and tax id, and may write them."),
    ] = False,
) -> None:
    """Make a token for GATEWAY_AUTH=tokens: its line for GATEWAY_TOKENS_FILE, and on stderr, this once, itself."""
    if read == write:
        print("Say --read or --write, one of them.", file=sys.stderr)
        raise typer.Exit(2)
    roles = ["write" if write else "read", *(["sensitive"] if sensitive else [])]
    try:
        made = new_token(name, roles, [path.strip() for path in only.split(",") if path.strip()])
    except TokenError as error:
        print(f"No token was made: {error}.", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        print(made.line, flush=True)
    except OSError as error:
        print(f"No token was made: its line cannot be written ({error.strerror}).", file=sys.stderr)
        raise typer.Exit(1) from None
    print(_MADE.format(name=name, token=made.token.get_secret_value()), end="", file=sys.stderr)


@app.command()
def schema(
    output: Annotated[
        Path | None, typer.Option(help="Write it to this file instead of the terminal.")
    ] = None,
) -> None:
    """Print the GraphQL schema, as committed in schema.graphql."""
    if output is None:
        print(print_schema(), end="")
    else:
        output.write_text(print_schema(), encoding="utf-8")


@app.command()
def sandbox(port: Port = 8001) -> None:
    """Start the sandbox alone: PlanDocket's REST API with made-up data."""
    announce = (
        f"PlanDocket's REST API at http://127.0.0.1:{port}/api/v1/  (Authorization: Bearer {SANDBOX_KEY})"
    )
    with logging_to(sys.stderr, "console", "warning"):
        _serve(
            Served(Sandbox().app, "127.0.0.1", port, _FREE.format(option="--port")),
            announce=announce,
        )


def _refuse_to_start(error: Exception) -> NoReturn:
    _fail(f"The gateway cannot start.\n{error}")


def _fail(text: str) -> NoReturn:
    # The settings, which say how lines are written, may be what is wrong.
    style = "json" if os.environ.get("GATEWAY_LOG_FORMAT", "").lower() == "json" else "console"
    with saying_to(sys.stderr, style, "error") as say:
        say(text)
    raise typer.Exit(1) from None


def _served(settings: Settings, elsewhere: str, stays_s: float = 0) -> list[Served]:
    """Return the gateway, and behind it its metrics where they have an address of their own."""
    gateway = create_app(settings)
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
        _fail(str(error))


def main() -> None:
    """Run the command."""
    _open_what_is_closed()
    try:
        app()
    except Exception as error:
        stack = "".join(traceback.format_tb(error.__traceback__))
        with suppress(typer.Exit):
            _fail(f"The gateway failed: {type(error).__name__}\n{stack}")
        sys.exit(1)


def _open_what_is_closed() -> None:
    """Let the standard streams lead somewhere: a socket that got the number of one would be written to."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, which is this one
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")
