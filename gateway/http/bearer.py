"""Bearer tokens in a request's `Authorization`. Source: RFC 6750, 2.1"""

import hmac
from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from gateway.http.refusal import RequestError


def bearer_of(request: Request) -> str | None:
    """Return the token that a request shows, which may be empty; None where it shows none that way."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


Page = Callable[[Request], Awaitable[Response]]


def guarded(page: Page, token: SecretStr, setting: str) -> Page:
    """Return a page for those who bring a token of its own, which a setting has; all others get 401."""
    wanted = token.get_secret_value().encode()

    async def answer(request: Request) -> Response:
        # Headers come as latin-1, and bytes compare where text that is not ASCII raises.
        if hmac.compare_digest((bearer_of(request) or "").encode("latin-1"), wanted):
            return await page(request)
        why = f"Send the token of {setting} as 'Authorization: Bearer TOKEN'."
        return RequestError(401, "UNAUTHENTICATED", why, {"WWW-Authenticate": "Bearer"}).response()

    return answer
