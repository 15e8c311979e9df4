"""The composition root: the one place that makes objects and joins them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.execution.operation import Executor
from gateway.http.graphiql.page import GraphiQL
from gateway.http.graphql import Endpoint, RequestError
from gateway.http.health import Readiness, alive
from gateway.http.metrics import MetricsPage
from gateway.http.pages import landing, schema_file
from gateway.http.reporting import Reporting
from gateway.logs import log_call, log_operation
from gateway.metrics import Metrics
from gateway.schema import SCHEMA
from gateway.settings import Settings
from gateway.telemetry import CallDetails, OperationDetails
from gateway.upstream.client import Upstream
from gateway.upstream.clock import Clock


def create_app(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None, clock: Clock | None = None
) -> Starlette:
    """Return the gateway; `transport` stands in for the network and `clock` for time, in tests."""
    metrics, readiness = Metrics(), Readiness()

    def on_call(details: CallDetails) -> None:
        log_call(details)
        metrics.count_call(details)

    def on_operation(details: OperationDetails) -> None:
        log_operation(details)
        metrics.count_operation(details)

    upstream = Upstream(settings, transport, clock, on_call)
    metrics.watch(upstream)
    graphiql = GraphiQL()
    endpoint = Endpoint(Executor(SCHEMA, tells_cost=settings.tell_cost == "on"), upstream, settings, graphiql)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with upstream:
            yield

    app = Starlette(
        routes=[
            Route("/", landing),
            Route("/graphql", endpoint.answer, methods=["GET", "POST"]),
            Route("/graphiql/{version}/{name}", graphiql.file),
            Route("/schema.graphql", schema_file),
            Route("/healthz", alive),
            Route("/readyz", readiness.answer),
            Route("/metrics", MetricsPage(metrics, settings.metrics_token).answer),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _in_json},
    )
    app.state.readiness = readiness
    app.add_middleware(_NoStore)
    app.add_middleware(Reporting, path="/graphql", on_operation=on_operation)  # the last is the outermost
    return app


_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


async def _in_json(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    detail = error.detail if isinstance(error, HTTPException) else "Error"
    return RequestError(status, _CODES.get(status, "BAD_REQUEST"), f"{detail}.", headers).response()


class _NoStore:
    """Answers hold personal data of whoever asked: nothing on the way may keep them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_marked if scope["type"] == "http" else send)
