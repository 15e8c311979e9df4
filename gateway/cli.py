"""The `gateway` command: parses arguments, nothing more."""

import os
import sys
import traceback
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands import start
from gateway.commands.check.report import check as report_check
from gateway.commands.console import fail
from gateway.commands.export import export as fetch_export
from gateway.commands.importing.command import import_participants
from gateway.commands.mirror import report as of_mirror
from gateway.commands.plan.document import plan as report_plan
from gateway.commands.token import token as make_token
from gateway.commands.workers import work
from gateway.schema import print_schema

app = typer.Typer(
    help="A GraphQL gateway in front of PlanDocket's REST API.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show values, and secrets are among those
)

mirror = typer.Typer(help="What a gateway that runs holds of PlanDocket's rows.", no_args_is_help=True)
app.add_typer(mirror, name="mirror")

imports = typer.Typer(help="Write the rows of a file.", no_args_is_help=True)
app.add_typer(imports, name="import")

Port = Annotated[int, typer.Option(min=1, max=65535)]
Url = Annotated[
    str | None, typer.Option(help="Where the gateway runs; else as GATEWAY_HOST and GATEWAY_PORT say.")
]


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
    start.demo(port, sandbox_port)


@app.command()
def serve(
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that serve at one address, over GATEWAY_REDIS_URL.")
    ] = 1,
) -> None:
    """Start the gateway in front of PlanDocket, with the settings of the environment."""
    start.serve(workers)


@app.command(hidden=True)
def worker(channel: int, sockets: list[str]) -> None:
    """Serve as `gateway serve --workers` has it, which alone starts this, with descriptors that are inherited."""
    work(channel, sockets)


@app.command()
def check(
    ask_key: Annotated[bool, typer.Option(help="Ask for the key to check with, where none is set.")] = False,
    url: Url = None,
) -> None:
    """Check the settings and what they name, ask PlanDocket five cheap questions, and say what to do."""
    report_check(partial(typer.prompt, "PlanDocket API key", hide_input=True) if ask_key else None, url)


@mirror.command()
def status(
    url: Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show what is held, how old it is, when it is read again, and what the hour's requests were for."""
    of_mirror.status(url, as_json=as_json)


@mirror.command()
def drop(
    resources: Annotated[list[str] | None, typer.Argument(help="These alone; else all.")] = None,
    url: Url = None,
) -> None:
    """Hold nothing more of these resources, or of all. That costs no request: they are read once asked for."""
    of_mirror.drop(url, resources or ())


@app.command()
def plan(
    file: Annotated[Path, typer.Argument(help="A file of GraphQL operations.", exists=True, dir_okay=False)],
    variables: Annotated[str, typer.Option(help="The variables, as a JSON object.")] = "{}",
    size: Annotated[str, typer.Option(help="Rows of collections, such as contacts=300,events=12.")] = "",
    max_calls: Annotated[int | None, typer.Option(help="Exit with 1 where an operation needs more.")] = None,
    warm: Annotated[bool, typer.Option("--warm", help="Count where all of the tenant is mirrored.")] = False,
) -> None:
    """Show the requests to PlanDocket that operations would make on a cold start, or with a warm mirror, and why.

    Up to so many where it depends on what nobody knows beforehand, such as how much a search finds.
    """
    report_plan(file, variables, size, max_calls, warm=warm)


@app.command()
def export(
    file: Annotated[str, typer.Argument(help="participants, contacts or events, with .csv or .ndjson.")],
    filter_: Annotated[str | None, typer.Option("--filter", help="GraphQL's filter, as JSON.")] = None,
    order_by: Annotated[str | None, typer.Option(help="GraphQL's orderBy, as JSON.")] = None,
    fields: Annotated[str | None, typer.Option(help="Columns, such as id,contact.email.")] = None,
    spreadsheet: Annotated[
        str | None, typer.Option(help="Make it for a spreadsheet in this language, such as de.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write it to this file instead of the terminal.")
    ] = None,
    url: Url = None,
) -> None:
    """Write a list as a file, as /export tells it; where no gateway runs, one is begun that reads the rows first."""
    form = {"for": spreadsheet and "spreadsheet", "language": spreadsheet}
    fetch_export(file, {"filter": filter_, "orderBy": order_by, "fields": fields, **form}, output, url)


@imports.command()
def participants(
    file: Annotated[Path, typer.Argument(help="A CSV file with eventKey, customerNumber and isConfirmed.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: write what can be, and leave out what is wrong.")
    ] = False,
    url: Url = None,
) -> None:
    """Make PlanDocket's participations as a file says: it is checked, then told what that costs, and asked.

    Stopped or killed, the same command goes on. What came of each row is in FILE's .report.csv.
    """
    import_participants(file, url, yes=yes)


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
    make_token(name, read=read, write=write, only=only, sensitive=sensitive)


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
    start.sandbox(port)


def main() -> None:
    """Run the command."""
    _open_what_is_closed()
    try:
        app()
    except Exception as error:
        stack = "".join(traceback.format_tb(error.__traceback__))
        with suppress(typer.Exit):
            fail(f"The gateway failed: {type(error).__name__}\n{stack}")
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


if __name__ == "__main__":  # as workers are started
    main()
