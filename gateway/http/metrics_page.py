"""`/metrics`: at the gateway's address for a token of its own, else at an address of their own.

Nothing of a request tells whether it comes from this machine or through a proxy on it: nginx and HAProxy add no
header unless they are told to. So what the public address answers depends on no header but the token.
"""

import hmac
from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from gateway.http.bearer import bearer_of
from gateway.http.refusal import RequestError
from gateway.telemetry.metrics import CONTENT_TYPE, Metrics


def metrics_page(metrics: Metrics, token: SecretStr | None) -> Callable[[Request], Awaitable[Response]]:
    """Return the page in Prometheus' text format: where there is a token, for those who bring it."""
    wanted = None if token is None else token.get_secret_value().encode()

    async def answer(request: Request) -> Response:
        # Headers come as latin-1, and bytes compare where text that is not ASCII raises.
        shown = (bearer_of(request) or "").encode("latin-1")
        if wanted is not None and not hmac.compare_digest(shown, wanted):
            return RequestError(
                401,
                "UNAUTHENTICATED",
                "Send the token of GATEWAY_METRICS_TOKEN as 'Authorization: Bearer TOKEN'.",
                {"WWW-Authenticate": "Bearer"},
            ).response()
        return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    return answer


async def elsewhere(_: Request) -> Response:
    """Tell at the gateway's address how metrics can be read, where there is no token for them."""
    return RequestError(
        404,
        "NOT_FOUND",
        "Metrics are not told at this address: set GATEWAY_METRICS_TOKEN to read them here with that token, or "
        "GATEWAY_METRICS_PORT to read them at an address of their own.",
    ).response()
