"""A path under which a proxy shows the gateway, such as `https://example.org/plandocket`."""

from starlette.types import ASGIApp, Receive, Scope, Send


def path_prefix(app: ASGIApp, prefix: str) -> ASGIApp:
    """Return the app behind a prefix, which begins with a slash: a proxy may pass it on, or have taken it off already.

    What the gateway's pages and answers refer to, they refer to from where they stand: nothing else need know it.
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{prefix}/"):
            scope = {**scope, "path": scope["path"][len(prefix) :]}
        await app(scope, receive, send)

    return answer
