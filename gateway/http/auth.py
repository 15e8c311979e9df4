"""Who calls, and with which PlanDocket key their operations go out."""

from pydantic import SecretStr
from starlette.requests import Request

from gateway.access import Caller
from gateway.errors import UnauthenticatedError
from gateway.settings import Settings, is_sendable
from gateway.upstream.credential import Credential


class Callers:
    """Tells who sent a request."""

    def __init__(self, settings: Settings) -> None:
        held = settings.api_key
        self._anyone = None if held is None else Caller(Credential(held, is_held=True), is_let_in=True)

    async def of(self, request: Request) -> Caller:
        """Return who sent a request.

        Callers send PlanDocket's key as PlanDocket takes it, in a header; never in the address, which
        ends up in logs. Source: /en/getting-started/authentication.html

        Raises:
            UnauthenticatedError: what the caller sent cannot be a key.
        """
        if self._anyone is not None:
            return self._anyone
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "").strip()
        if not key:
            return Caller(None)
        if not is_sendable(key):
            raise UnauthenticatedError("The API key has characters that no key has.")
        return Caller(Credential(SecretStr(key), is_held=False), is_let_in=True)
