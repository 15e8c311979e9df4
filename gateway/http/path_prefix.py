"""A path under which a proxy shows the gateway, such as `https://example.org/plandocket`."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """Takes the prefix off the paths that have it: a proxy may pass it on, or have taken it off already.

    What the gateway's pages and answers refer to, they refer to from where they stand: nothing else need know it.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """`prefix` begins with a slash and ends with none."""
        self._app = app
        self._begins = f"{prefix}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http" and scope["path"].startswith(self._begins):
            scope = {**scope, "path": scope["path"][len(self._begins) - 1 :]}
        await self._app(scope, receive, send)
