"""`gateway export`: fetches a list as a file from the gateway that runs; where none does, from one of its own."""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import httpx
import msgspec
import uvicorn
from pydantic import SecretStr
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from gateway.app import create_app
from gateway.commands.check.finding import unreachable
from gateway.commands.console import fail
from gateway.commands.mirror.asking import OperatorError, address, is_refused, own
from gateway.commands.mirror.report import none_runs
from gateway.errors import SettingsError
from gateway.http.connections.protocol import Beside
from gateway.http.operator_page import PATH
from gateway.mirror.standing import Standing
from gateway.settings.settings import load_operator_settings, load_settings
from gateway.upstream.way.network import proxy_to, transport_to
from gateway.upstream.way.obstacle import Way, obstacle

_TIMEOUT_S = 60.0
_MOST_TO_WAIT_S = 120
"""For rows that are not read yet; the hour may have no room for them for longer."""
_MOST_TRIES = 10
_WAITS = "The rows are not read yet: waiting for {} s."


def export(file: str, given: Mapping[str, str | None], output: Path | None, url: str | None) -> None:
    """Write a list to a file or stdout, with a progress bar on stderr; end with 1 where it did not come whole."""
    asked = {name: value for name, value in given.items() if value is not None}
    try:
        asyncio.run(_export(httpx.URL(f"/export/{file}", params=asked), output, url))
    except (OperatorError, SettingsError) as error:
        fail(str(error))


async def _export(asked: httpx.URL, output: Path | None, url: str | None) -> None:
    settings = load_operator_settings()
    base = own(settings) if url is None else address(url)
    way = Way(base, "GATEWAY_HOST or GATEWAY_PORT" if url is None else "--url", proxy_to(base))
    try:
        async with _client(transport_to(way, settings.ca_file), base, settings.token) as http:
            await _fetch(http, asked, output)
    except httpx.ConnectError as error:
        if url is not None or not is_refused(error):
            told = unreachable("The gateway cannot be asked", obstacle(error, way))
            raise OperatorError(told.sentence) from None
        print(none_runs(str(base)), "One is begun here, and reads the rows first.", file=sys.stderr)
        await _fetch_here(asked, output, settings.token)


def _client(
    transport: httpx.AsyncBaseTransport, base: httpx.URL | str, token: SecretStr | None
) -> httpx.AsyncClient:
    headers = {"X-Requested-With": "gateway export"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    return httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=_TIMEOUT_S)


async def _fetch(http: httpx.AsyncClient, asked: httpx.URL, output: Path | None) -> None:
    for _ in range(_MOST_TRIES):
        async with http.stream("GET", asked) as reply:
            if reply.status_code == 200:
                await _write(reply, output)
                return
            wait_s = int(reply.headers.get("retry-after", _MOST_TO_WAIT_S + 1))
            if reply.status_code != 503 or wait_s > _MOST_TO_WAIT_S:
                raise _refusal(reply, await reply.aread())
        print(_WAITS.format(wait_s), file=sys.stderr)
        await asyncio.sleep(wait_s)
    raise OperatorError("The rows were not read in time: look at 'gateway mirror status', and try again.")


def _refusal(reply: httpx.Response, body: bytes) -> OperatorError:
    try:
        said = msgspec.json.decode(body)["errors"][0]["message"]
    except (msgspec.MsgspecError, LookupError, TypeError):
        said = "that is no answer of this gateway: correct the address, or look at what stands before it."
    token = " Set GATEWAY_TOKEN to a token or key that it knows." if reply.status_code == 401 else ""
    return OperatorError(f"The gateway answers with status {reply.status_code}: {said}{token}")


async def _write(reply: httpx.Response, output: Path | None) -> None:
    rows = 0
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with _opened(output) as file, Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("Rows", total=int(reply.headers["x-total-count"]))
        try:
            async for part in reply.aiter_bytes():
                file.write(part)
                rows += part.count(b"\n")
                bar.update(task, completed=rows)
        except httpx.TransportError:
            raise OperatorError(
                f"The file broke off after some {rows:,} rows: try again, and look at the gateway's log if that does "
                "not help."
            ) from None


def _opened(output: Path | None) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdout.buffer) if output is None else _replacing(output)


@contextmanager
def _replacing(output: Path) -> Generator[BinaryIO]:
    """Yield a file that takes another's place once it is whole: one that broke off is never there."""
    part = output.with_name(f"{output.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(output)
    except OSError as error:
        raise OperatorError(
            f"--output: {output} cannot be written: {os.strerror(error.errno or 0)}."
        ) from None
    finally:
        part.unlink(missing_ok=True)


async def _fetch_here(asked: httpx.URL, output: Path | None, key: SecretStr | None) -> None:
    """Fetch from a gateway of one's own, and tell what that cost."""
    token = SecretStr(secrets.token_urlsafe())
    async with _begun(token) as transport:
        async with _client(transport, "http://localhost", key) as http:
            await _fetch(http, asked, output)
        async with _client(transport, "http://localhost", token) as http:
            standing = msgspec.json.decode((await http.get(PATH)).content, type=Standing)
    used, limit = sum(standing.used.values()), standing.limit
    of = "" if limit is None else f" of {limit:,}"
    print(f"The hour: {used:,}{of} requests to PlanDocket are used.", file=sys.stderr)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # Ctrl+C ends the command


@asynccontextmanager
async def _begun(token: SecretStr) -> AsyncGenerator[httpx.AsyncBaseTransport]:
    """Begin a gateway at a socket that nobody else reaches, and yield the way there."""
    settings = load_settings()
    auth = "passthrough" if settings.api_key is None else "none"
    for_this = {"operator_token": token, "auth": auth, "graphiql": "off", "documents": "off"}
    app = create_app(settings.model_copy(update=for_this))
    with tempfile.TemporaryDirectory() as folder:
        place = str(Path(folder, "gateway"))
        config = uvicorn.Config(app, uds=place, http=Beside, ws="none", access_log=False, log_config=None)
        server = _Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.01)
        transport = httpx.AsyncHTTPTransport(uds=place)
        try:
            yield transport
        finally:
            await transport.aclose()
            server.should_exit = True
            await serving
