"""CORS: which pages of other origins may call, with what, and read what they are told.

No cookies: a caller is known by what a page sends itself. Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

import logging
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.browsers.csrf import HEADERS as AGAINST_FORGERY
from gateway.http.client_names import HEADERS as OF_CLIENTS
from gateway.http.refusal import RequestError
from gateway.telemetry.events import printable

log = logging.getLogger(__name__)

_METHODS = ("GET", "HEAD", "POST")
_OWN = ("Authorization", "X-API-Key", "X-Request-ID", "Cache-Control", "Pragma", "Gateway-At-Least")
_SAFE = ("Accept", "Accept-Language", "Content-Language", "Content-Type")
_OF_APOLLO = ("X-Apollo-Operation-Name", "X-Apollo-Operation-Id", "X-Apollo-Operation-Type")
_OF_TRACING = (
    # What a page's monitoring adds to its requests by itself: W3C's headers, and those of Sentry, Zipkin, Jaeger,
    # Datadog, New Relic, Elastic and Application Insights.
    *("traceparent", "tracestate", "baggage", "sentry-trace", "X-Correlation-ID"),
    *("b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags"),
    *("x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-origin", "x-datadog-sampling-priority"),
    *("x-datadog-tags", "uber-trace-id", "newrelic", "elastic-apm-traceparent"),
    *("Request-Id", "Request-Context"),
)
_ALLOWED = (*_SAFE, *_OWN, *AGAINST_FORGERY, *OF_CLIENTS, *_OF_APOLLO, *_OF_TRACING)
_EXPOSED = ("Age", "Content-Disposition", "Retry-After", "X-Request-Id", "X-Total-Count")
_KEPT_S = 600
_LONGEST = 100  # characters of what a page names
_MOST_NAMED = 10


def allowed_origins(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """Return the app whose answers, be they failures, browsers show to pages of these origins."""
    exposed = (b"access-control-expose-headers", ", ".join(_EXPOSED).encode())
    of_origins = {
        origin.encode(): ((b"access-control-allow-origin", origin.encode()), exposed) for origin in origins
    }

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        added = [*of_origins.get(given, ()), (b"vary", b"Origin")]

        async def send_allowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await app(scope, receive, send_allowed)

    return answer


class Preflights:
    """Answers browsers that ask what a page of another origin may send.

    A refusal says what is refused and how it is allowed, to whoever looks at it in a browser and in the log:
    the page itself learns only that there was no answer.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], headers: Collection[str]) -> None:
        self._app = app
        self._origins = origins
        allowed = (*_ALLOWED, *headers)
        self._names = {name.lower() for name in allowed}
        self._allowing = {
            "Access-Control-Allow-Methods": ", ".join(_METHODS),
            "Access-Control-Allow-Headers": ", ".join(allowed),
            "Access-Control-Max-Age": str(_KEPT_S),
            "Vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, and pass any other request on."""
        answer = None
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            answer = self._answer(Headers(scope=scope))
        await (answer or self._app)(scope, receive, send)

    def _answer(self, asked: Headers) -> Response | None:
        origin, method = asked.get("origin"), asked.get("access-control-request-method")
        if origin is None or method is None:
            return None
        refused = [*self._refused(origin, method, asked.get("access-control-request-headers", ""))]
        if not refused:
            return Response(headers=self._allowing)
        text = " ".join(refused)
        log.warning("A page may not call: %s", text)
        return RequestError(400, "CORS_REFUSED", text, {"Vary": self._allowing["Vary"]}).response()

    def _refused(self, origin: str, method: str, headers: str) -> Collection[str]:
        """Return a sentence for each thing that a page may not, none if it may call so."""
        refused: list[str] = []
        if origin not in self._origins:
            refused.append(_no_origin(origin))
        if method not in _METHODS:
            told = printable(method, _LONGEST)
            refused.append(f"The method {told!r} is not for pages: send operations by POST, or by GET.")
        names = dict.fromkeys(name.strip().lower() for name in headers.split(","))
        unknown = [name for name in names if name and name not in self._names]
        if unknown:
            told = ", ".join(repr(printable(name, _LONGEST)) for name in unknown[:_MOST_NAMED])
            which = f"header {told} is" if len(unknown) == 1 else f"headers {told} are"
            refused.append(
                f"The {which} not for pages to send: leave out what you do not need, or let the gateway's operator "
                "add it to GATEWAY_CORS_HEADERS."
            )
        return refused


def _no_origin(origin: str) -> str:
    if origin == "null":
        return (
            "Pages without an origin of their own (a file, a sandboxed frame) may not call: open the page "
            "from an http address, and let the gateway's operator add that to GATEWAY_CORS_ORIGINS."
        )
    told = printable(origin, _LONGEST)
    return (
        f"Pages of the origin {told!r} may not call: "
        "let the gateway's operator add it to GATEWAY_CORS_ORIGINS."
    )
