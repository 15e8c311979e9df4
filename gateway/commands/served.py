"""What a gateway serves and where, and what its start says of it."""

import socket
from collections.abc import Sequence

from starlette.applications import Starlette

from gateway.http.connections.protocol import Beside
from gateway.serving.server import Place, Served
from gateway.settings.settings import Settings

_BY_SETTINGS = "set {host} or {port} to another, or end what listens there"

_KNOWN_BY = {
    "passthrough": "by PlanDocket keys of their own",
    "tokens": "by the tokens of GATEWAY_TOKENS_FILE",
    "jwt": "by JWTs of GATEWAY_JWT_ISSUER",
    "none": "by nothing: whoever reaches the gateway is let in",
}


def places(settings: Settings, elsewhere: str | None = None) -> list[Place]:
    """Return where the gateway listens, and behind it where its metrics do, if they have an address of their own."""
    by_settings = _BY_SETTINGS.format(host="GATEWAY_HOST", port="GATEWAY_PORT")
    found = [Place(settings.host, settings.port, elsewhere or by_settings)]
    if settings.metrics_port is not None:
        by_settings = _BY_SETTINGS.format(host="GATEWAY_METRICS_HOST", port="GATEWAY_METRICS_PORT")
        found.append(Place(settings.metrics_host, settings.metrics_port, by_settings))
    return found


def served(
    app: Starlette,
    places: Sequence[Place],
    stays_s: float = 0,
    sockets: Sequence[tuple[socket.socket, ...]] = ((), ()),
) -> list[Served]:
    """Return the gateway and its metrics at these places, on the sockets that listen there already, if some do."""
    state = app.state
    gateway = Served(
        app,
        places[0],
        sockets[0],
        on_stop=state.readiness.stop,
        stays_s=stays_s,
        on_late=state.give_up,
        on_reload=state.on_reload,
    )
    metrics = zip(places[1:], sockets[1:], strict=False)
    return [gateway, *(Served(state.metrics, place, on, http=Beside) for place, on in metrics)]


def announcement(settings: Settings) -> str:
    """Return what `serve` says once it listens."""
    gateway, *metrics = places(settings)
    return "\n".join(
        [
            f"GraphQL at http://{gateway}/graphql, in front of {settings.base_url}",
            *(f"Metrics at http://{place}/metrics" for place in metrics),
            standing(settings),
        ]
    )


def standing(settings: Settings) -> str:
    """Return how callers are known, what is kept, and which limits there are; no value of a secret."""
    return "; ".join((_callers(settings), _kept(settings), _limits(settings)))


def _callers(settings: Settings) -> str:
    mode = settings.auth or ("passthrough" if settings.api_key is None else "none")
    behind = f", behind proxies at {settings.trusted_proxies}" if settings.trusted_proxies else ""
    documents = "" if settings.documents == "off" else f", stored documents: {settings.documents}"
    return f"Callers are known {_KNOWN_BY[mode]}{behind}{documents}"


def _kept(settings: Settings) -> str:
    if settings.mirror == "off":
        return "nothing is kept"
    fresh = ", ".join(f"{path} {seconds:g} s" for path, seconds in settings.fresh_s.items())
    return f"kept: {settings.mirror_rows} rows, fresh for {fresh}"


def _limits(settings: Settings) -> str:
    shared = "" if settings.redis_address is None else " together with all processes of the same Redis"
    return (
        f"limits: {settings.requests_per_hour} requests an hour for a key{shared}, {settings.max_calls} and "
        f"{settings.operation_timeout:g} s for an operation, {settings.max_running} operations at once"
    )
