"""Bearer tokens in a request's `Authorization`. Source: RFC 6750, 2.1"""

from starlette.requests import Request


def bearer_of(request: Request) -> str | None:
    """Return the token that a request shows, which may be empty; None where it shows none that way."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
