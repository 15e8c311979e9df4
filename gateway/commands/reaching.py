"""The way to the gateway that runs; where none does, one is begun in this process at a socket of its own."""

import asyncio
import secrets
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import uvicorn
from pydantic import SecretStr

from gateway.app import create_app
from gateway.commands.check.finding import unreachable
from gateway.commands.mirror.asking import OperatorError, address, is_refused, own
from gateway.commands.mirror.report import none_runs
from gateway.http.connections.protocol import Beside
from gateway.settings.settings import load_operator_settings, load_settings
from gateway.upstream.way.network import proxy_to, transport_to
from gateway.upstream.way.obstacle import Way, obstacle

_TIMEOUT_S = 60.0


@asynccontextmanager
async def reached(
    url: str | None, command: str, begins: str
) -> AsyncGenerator[tuple[httpx.AsyncClient, SecretStr | None]]:
    """Yield a client of the gateway at an address, or of that of the settings, with GATEWAY_TOKEN for its token.

    Where nothing listens at the latter, of one that is begun here, with its operator's token; `begins` says so.

    Raises:
        OperatorError: it cannot be asked; the message says why, and what to do.
        SettingsError: a setting is wrong, or missing where one is begun.
    """
    settings = load_operator_settings()
    base = own(settings) if url is None else address(url)
    way = Way(base, "GATEWAY_HOST or GATEWAY_PORT" if url is None else "--url", proxy_to(base))
    async with _client(transport_to(way, settings.ca_file), base, settings.token, command) as http:
        try:
            await http.get("/healthz")
        except httpx.TransportError as error:
            if url is not None or not is_refused(error):
                told = unreachable("The gateway cannot be asked", obstacle(error, way))
                raise OperatorError(told.sentence) from None
        else:
            yield http, None
            return
    print(none_runs(str(base)), begins, file=sys.stderr)
    operator = SecretStr(secrets.token_urlsafe())
    async with (
        _begun(operator) as transport,
        _client(transport, "http://localhost", settings.token, command) as http,
    ):
        yield http, operator


def _client(
    transport: httpx.AsyncBaseTransport, base: httpx.URL | str, token: SecretStr | None, command: str
) -> httpx.AsyncClient:
    headers = {"X-Requested-With": f"gateway {command}"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    return httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=_TIMEOUT_S)


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
