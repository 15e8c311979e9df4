"""`/metrics`: for a token of its own, or for whoever asks from this machine."""

import hmac
import ipaddress

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from gateway.http.graphql import RequestError
from gateway.metrics import CONTENT_TYPE, Metrics

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class MetricsPage:
    """Shows the metrics to those who may see them."""

    def __init__(self, metrics: Metrics, token: SecretStr | None) -> None:
        self._metrics = metrics
        self._token = None if token is None else token.get_secret_value().encode()

    async def answer(self, request: Request) -> Response:
        """Return the metrics in Prometheus' text format, or 401 or 403."""
        if self._token is not None:
            if not hmac.compare_digest(_bearer(request), self._token):
                return RequestError(
                    401,
                    "UNAUTHENTICATED",
                    "Send the token of GATEWAY_METRICS_TOKEN as 'Authorization: Bearer TOKEN'.",
                    {"WWW-Authenticate": "Bearer"},
                ).response()
        elif not _is_from_here(request):
            return RequestError(
                403,
                "FORBIDDEN",
                "Metrics are for this machine only: set GATEWAY_METRICS_TOKEN to read them from elsewhere.",
            ).response()
        return Response(self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def _bearer(request: Request) -> bytes:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    # Headers come as latin-1, and bytes compare where text that is not ASCII raises.
    return token.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def _is_from_here(request: Request) -> bool:
    """Return whether the connection itself comes from this machine, and no proxy here passes it on."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
