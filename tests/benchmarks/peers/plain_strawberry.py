"""The gateway's schema, resolvers and loaders in Strawberry's stock executor and stock ASGI view.

Takes the gateway's own settings from the environment.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.mirror.answers.reading import Mirror
from gateway.resources import RECORDS
from gateway.schema import SCHEMA
from gateway.settings.settings import Settings, load_settings
from gateway.upstream.client import Upstream
from gateway.upstream.way.credential import Credential


class View(GraphQL[Context, None]):
    """The stock view, with the gateway's context."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(SCHEMA, graphql_ide=None)
        self.mirror = Mirror(Upstream(settings), settings, settings, RECORDS)
        self._held = settings.api_key

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Return a context that ends after the answer."""
        key = self._held or SecretStr(request.headers["X-API-Key"])
        context = Context(self.mirror, Caller(Credential(key, is_held=self._held is not None)))
        assert isinstance(response, Response)
        response.background = BackgroundTask(context.__aexit__, None, None, None)
        return context


def main() -> None:
    """Serve until a signal ends it."""
    settings = load_settings()
    view = View(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with view.mirror:
            yield

    app = Starlette(routes=[Route("/graphql", view)], lifespan=lifespan)
    # "auto", the default, is uvloop and httptools where they are installed.
    uvicorn.run(app, host="127.0.0.1", port=settings.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
