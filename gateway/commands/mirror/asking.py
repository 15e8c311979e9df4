"""Asks the gateway that runs; where none does, one is begun in this process, which holds what its folder holds."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import TypeVar

import httpx
import msgspec
from pydantic import SecretStr

from gateway.app import create_app
from gateway.commands.check.finding import unreachable
from gateway.errors import SettingsError
from gateway.http.operator_page import PATH
from gateway.resources import RECORDS
from gateway.settings.settings import Settings, load_operator_settings, load_settings
from gateway.upstream.way.network import proxy_to, transport_to
from gateway.upstream.way.obstacle import Way, obstacle

_TIMEOUT_S = 10.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what listens there is asked on loopback
_UNSET = (
    "GATEWAY_OPERATOR_TOKEN is not set: set it here to what the gateway was started with. Where that was started "
    "without, set it there too, to a secret such as 'openssl rand -hex 32' makes, and start it anew."
)
_REFUSED = {
    200: "answers, but not as this gateway does: correct the address, or update what is older",
    400: f"holds no such resource: name some of {', '.join(record.path for record in RECORDS)}",
    401: "does not know this token: set GATEWAY_OPERATOR_TOKEN to what the gateway there was started with, or correct "
    "the address",
    404: f"has no {PATH}: if that is the gateway, start it with GATEWAY_OPERATOR_TOKEN set, else correct the address",
    421: "answers to names of its own machine only: ask it there, as http://127.0.0.1 and its port",
}
_T = TypeVar("_T")


class OperatorError(Exception):
    """No gateway can be asked; the message says why, and what to do."""


async def ask(
    method: str, kind: type[_T], url: str | None, resources: Sequence[str] = ()
) -> tuple[_T, str | None]:
    """Return what the gateway at an address tells, or the one of the settings; and where none runs there, its address.

    Raises:
        OperatorError: there is none, it does not know the token, or something else is there.
        SettingsError: a setting by which it is asked is wrong.
    """
    settings = load_operator_settings()
    base = own(settings) if url is None else address(url)
    way = Way(base, "GATEWAY_HOST or GATEWAY_PORT" if url is None else "--url", proxy_to(base))
    asked = httpx.Request(method, f"{base}{PATH}", params={"resource": resources})
    runs, token = True, settings.operator_token
    try:
        reply = await _over_network(asked, way, settings)
    except (httpx.HTTPError, TimeoutError) as error:
        runs = url is not None or not is_refused(error)
        if runs:
            raise OperatorError(
                unreachable("The gateway cannot be asked", obstacle(error, way)).sentence
            ) from None
        token = SecretStr(secrets.token_urlsafe())
        reply = await _begun_here(asked, token, base)
    if token is None:
        raise OperatorError(_UNSET)
    try:
        if reply.status_code == 200:
            return msgspec.json.decode(reply.content, type=kind), None if runs else str(base)
    except msgspec.MsgspecError:
        pass
    status = f"answers with status {reply.status_code}: look at its log, or at what stands before it"
    raise OperatorError(f"{base} {_REFUSED.get(reply.status_code, status)}.")


def own(settings: Settings) -> httpx.URL:
    """Return the address of the gateway that the settings start."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return httpx.URL(scheme="http", host=host, port=settings.port)


def address(given: str) -> httpx.URL:
    """Return the address that `--url` names; OperatorError where it is none."""
    try:
        url = httpx.URL(given.rstrip("/").removesuffix("/graphql"))
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise OperatorError("--url: write the gateway's address alone, such as http://127.0.0.1:8000.")
    return url


async def _over_network(asked: httpx.Request, way: Way, settings: Settings) -> httpx.Response:
    async with asyncio.timeout(_TIMEOUT_S):
        return await _send(asked, transport_to(way, settings.ca_file), settings.operator_token)


async def _begun_here(asked: httpx.Request, token: SecretStr, base: httpx.URL) -> httpx.Response:
    try:
        settings = load_settings()
        auth = "passthrough" if settings.api_key is None else "none"  # nobody else reaches it
        for_this = {"operator_token": token, "auth": auth, "graphiql": "off", "documents": "off"}
        app = create_app(settings.model_copy(update=for_this))
    except SettingsError as error:
        raise OperatorError(
            f"No gateway runs at {base}: start it, or name its address with --url.\n"
            f"None can be begun here either, to tell what it would hold:\n{error}"
        ) from None
    asked.headers["Host"] = "localhost"
    async with app.router.lifespan_context(app):
        return await _send(asked, httpx.ASGITransport(app), token)


async def _send(
    asked: httpx.Request, transport: httpx.AsyncBaseTransport, token: SecretStr | None
) -> httpx.Response:
    if token is not None:
        asked.headers["Authorization"] = f"Bearer {token.get_secret_value()}"
    async with httpx.AsyncClient(transport=transport) as http:
        return await http.send(asked)


def is_refused(error: BaseException | None) -> bool:
    """Return whether nothing listens at an address: only then no gateway runs there."""
    while error is not None and not isinstance(error, ConnectionRefusedError):
        error = error.__cause__ or error.__context__
    return error is not None
