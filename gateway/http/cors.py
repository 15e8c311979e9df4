"""CORS: which pages of other origins may call, and read what they are told."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from gateway.http.csrf import HEADERS
from gateway.http.refusal import RequestError

_ALLOWED = ("Content-Type", "Authorization", "X-API-Key", "X-Request-ID", *HEADERS)
_EXPOSED = ("Retry-After", "X-Request-ID")
_KEPT_S = 600


class AllowedOrigins(CORSMiddleware):
    """Lets pages of these origins call. No cookies: a caller is known by what a page sends itself."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("GET", "HEAD", "POST"),
            allow_headers=_ALLOWED,
            expose_headers=_EXPOSED,
            max_age=_KEPT_S,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the answer to a preflight; a refusal is in JSON, as all are."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == 200:
            return answer
        text = "A page may not send this here: GATEWAY_CORS_ORIGINS names the origins that may, and "
        text += f"they may send {', '.join(_ALLOWED)}."
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return RequestError(400, "CORS_REFUSED", text, headers).response()
