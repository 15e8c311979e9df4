"""`/metrics`: at the gateway's address for a token of its own, else at an address of their own.

Nothing of a request tells whether it comes from this machine or through a proxy on it: nginx and HAProxy add no
header unless they are told to. So what the public address answers depends on no header but the token.
"""

from collections.abc import Awaitable, Callable

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from gateway.http.bearer import Page, guarded
from gateway.http.refusal import RequestError
from gateway.telemetry.metrics import CONTENT_TYPE


def metrics_page(text: Callable[[], Awaitable[bytes]], token: SecretStr | None) -> Page:
    """Return the page of a text in Prometheus' format: where there is a token, for those who bring it."""

    async def answer(_: Request) -> Response:
        return Response(await text(), headers={"Content-Type": CONTENT_TYPE})

    return answer if token is None else guarded(answer, token, "GATEWAY_METRICS_TOKEN")


async def elsewhere(_: Request) -> Response:
    """Tell at the gateway's address how metrics can be read, where there is no token for them."""
    return RequestError(
        404,
        "NOT_FOUND",
        "Metrics are not told at this address: set GATEWAY_METRICS_TOKEN to read them here with that token, or "
        "GATEWAY_METRICS_PORT to read them at an address of their own.",
    ).response()
