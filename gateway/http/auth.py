"""With which PlanDocket key a request's reads go out."""

from pydantic import SecretStr
from starlette.requests import Request

from gateway.errors import UnauthenticatedError
from gateway.settings import Settings, is_sendable
from gateway.upstream.credential import Credential


def credential_of(request: Request, settings: Settings) -> Credential | None:
    """Return the gateway's own key where it holds one, else the caller's; None where there is none.

    Callers send it as PlanDocket takes it, in a header; never in the address, which ends up in logs.
    Source: /en/getting-started/authentication.html

    Raises:
        UnauthenticatedError: what the caller sent cannot be a key.
    """
    if settings.api_key is not None:
        return Credential(settings.api_key, is_held=True)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "").strip()
    if not key:
        return None
    if not is_sendable(key):
        raise UnauthenticatedError("The API key has characters that no key has.")
    return Credential(SecretStr(key), is_held=False)
