"""With which PlanDocket key a request's reads go out."""

from pydantic import SecretStr
from starlette.requests import Request

from gateway.errors import UnauthenticatedError
from gateway.settings import Settings, is_sendable
from gateway.upstream.credential import Credential


class Keys:
    """Gives each request the key that its reads go out with."""

    def __init__(self, settings: Settings) -> None:
        held = settings.api_key
        self._held = None if held is None else Credential(held, is_held=True)

    def of(self, request: Request) -> Credential | None:
        """Return the gateway's own key where it holds one, else the caller's; None where there is none.

        Callers send it as PlanDocket takes it, in a header; never in the address, which ends up in logs.
        Source: /en/getting-started/authentication.html

        Raises:
            UnauthenticatedError: what the caller sent cannot be a key.
        """
        if self._held is not None:
            return self._held
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "").strip()
        if not key:
            return None
        if not is_sendable(key):
            raise UnauthenticatedError("The API key has characters that no key has.")
        return Credential(SecretStr(key), is_held=False)
