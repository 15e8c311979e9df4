"""How a gateway stands by its settings, in one line: what an operator reads at the start."""

from gateway.settings.settings import Settings

_KNOWN_BY = {
    "passthrough": "by PlanDocket keys of their own",
    "tokens": "by the tokens of GATEWAY_TOKENS_FILE",
    "jwt": "by JWTs of GATEWAY_JWT_ISSUER",
    "none": "by nothing: whoever reaches the gateway is let in",
}


def standing(settings: Settings) -> str:
    """Return how callers are known, what is kept, and which limits there are; no value of a secret."""
    return "; ".join((_callers(settings), _kept(settings), _limits(settings)))


def _callers(settings: Settings) -> str:
    mode = settings.auth or ("passthrough" if settings.api_key is None else "none")
    behind = f", behind proxies at {settings.trusted_proxies}" if settings.trusted_proxies else ""
    documents = "" if settings.documents == "off" else f", stored documents: {settings.documents}"
    return f"Callers are known {_KNOWN_BY[mode]}{behind}{documents}"


def _kept(settings: Settings) -> str:
    if settings.cache == "off":
        return "nothing is kept"
    fresh = ", ".join(f"{path} {seconds:g} s" for path, seconds in settings.fresh_s.items())
    return f"kept: {settings.keep_rows} rows, fresh for {fresh}, stale for {settings.stale:g} s"


def _limits(settings: Settings) -> str:
    return (
        f"limits: {settings.requests_per_hour} requests an hour for a key, {settings.max_calls} and "
        f"{settings.operation_timeout:g} s for an operation, {settings.max_running} operations at once"
    )
