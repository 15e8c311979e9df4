"""Who calls, and with which PlanDocket key their operations go out."""

import hashlib
import logging

import httpx
from starlette.requests import Request

from gateway.errors import UnauthenticatedError
from gateway.graph.caller import Caller
from gateway.http.bearer import bearer_of
from gateway.http.callers.client_address import client_of
from gateway.http.callers.issuer import Issuer
from gateway.http.callers.jwts import JsonWebTokens
from gateway.http.callers.passthrough import OwnKeys
from gateway.http.callers.tokens import Tokens
from gateway.http.callers.wrong_credentials import Failures
from gateway.settings.settings import Settings
from gateway.telemetry.events import note_address
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential

log = logging.getLogger(__name__)


class Callers:
    """Tells who sent a request."""

    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepare for the mode of the settings; `transport` stands in for the way to a JWT's issuer.

        Raises:
            SettingsError: the file of tokens cannot be read; the message names the line.
        """
        clock = clock or Clock()
        self._proxies = settings.proxies
        self._failures = Failures(clock.monotonic)
        self._own_keys = OwnKeys(clock.monotonic)
        self._anyone: Caller | None = None
        self._tokens: Tokens | JsonWebTokens | None = None
        self._issuer: Issuer | None = None
        if settings.api_key is None:
            return
        held = Credential(settings.api_key, is_held=True)
        match settings.auth:
            case "tokens":
                self._tokens = Tokens(settings, held, clock.monotonic)
            case "jwt":
                self._issuer = Issuer(settings, clock.monotonic, transport)
                self._tokens = JsonWebTokens(settings, held, self._issuer, clock.unix)
            case _:
                self._anyone = Caller(held, is_let_in=True)
                _warn(settings)

    async def aclose(self) -> None:
        """End what runs, and close every connection."""
        if self._issuer is not None:
            await self._issuer.close()

    def reload(self) -> None:
        """Read anew by what tokens are judged: the file of them, or their issuer's keys."""
        if isinstance(self._tokens, Tokens):
            self._tokens.reload()
        if self._issuer is not None:
            self._issuer.reload()

    async def of(self, request: Request, shown: str | None = None) -> Caller:
        """Return who sent a request; `shown` stands for what it shows, where it continues an earlier one.

        A key or token comes in a header, never in the address, which ends up in logs: `Authorization:
        Bearer KEY`, or `X-API-Key: KEY`, as PlanDocket takes it. Where both are sent, the bearer wins;
        an `Authorization` of another scheme, such as a proxy's own `Basic`, is not ours and is passed over.
        Source: /en/getting-started/authentication.html

        Raises:
            UnauthenticatedError: no token came, or none that lets anyone in; or it cannot be a key.
            ForbiddenError: the token is right, and gives no access.
            TooManyFailuresError: wrong tokens came from the same address.
            IssuerUnavailableError: there are no keys to judge a JWT by.
        """
        if self._anyone is not None:
            return self._anyone
        shown = shown_by(request) if shown is None else shown
        address = client_of(request.scope, self._proxies)
        note_address(address)
        if self._tokens is None:
            return self._own_keys.caller(shown, address)
        if not shown:
            raise UnauthenticatedError("No token came with the request.", wanted="token", shown="TOKEN")
        return await self._known(self._tokens, shown, address)

    async def _known(self, tokens: Tokens | JsonWebTokens, shown: str, address: str) -> Caller:
        digest = hashlib.sha256(shown.encode()).digest()
        caller = await tokens.caller(shown, digest)
        if caller is None:
            self._failures.let_pass(address)
            self._failures.note(address, digest)
            raise UnauthenticatedError("Nobody knows this token.", wanted="token", shown="TOKEN")
        if isinstance(tokens, Tokens):  # a signature cannot be guessed
            self._failures.let_pass(address, digest)
            self._failures.trust(address, digest)
        return caller


def shown_by(request: Request) -> str:
    """Return the key or token that a request shows; "" where it shows none."""
    bearer = bearer_of(request)
    return request.headers.get("x-api-key", "").strip() if bearer is None else bearer


def _warn(settings: Settings) -> None:
    if settings.auth is None:
        log.warning(
            "GATEWAY_AUTH is not set: whoever reaches %s at port %d, through a proxy too, reads and writes with the "
            "key that the gateway holds. Set it to tokens or jwt, or to none if that is meant.",
            settings.host,
            settings.port,
        )
    elif not settings.is_on_loopback:
        log.warning(
            "GATEWAY_AUTH=none: whoever reaches %s reads and writes all of PlanDocket's data.", settings.host
        )
