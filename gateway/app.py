"""The composition root: the one place that makes objects and joins them."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing, asynccontextmanager, closing, nullcontext
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.errors import SettingsError
from gateway.execution.operation import Executor
from gateway.execution.persisted_documents import StoredDocuments
from gateway.folder import Folder
from gateway.http.bearer import Page
from gateway.http.browsers.cors import Preflights, allowed_origins
from gateway.http.browsers.graphiql.page import GraphiQL
from gateway.http.browsers.hosts import loopback_hosts
from gateway.http.callers.callers import Callers
from gateway.http.compression import compression
from gateway.http.connections.protocol import Protocol
from gateway.http.export import door
from gateway.http.graphql.endpoint import METHODS, Endpoint
from gateway.http.headers import safe_headers
from gateway.http.health import Readiness, alive
from gateway.http.landing import landing, schema_file
from gateway.http.metrics_page import elsewhere, metrics_page
from gateway.http.operator_page import PATH, operator_page
from gateway.http.path_prefix import path_prefix
from gateway.http.refusal import RequestError
from gateway.http.request_id import Reporting
from gateway.mirror.answers.reading import Mirror
from gateway.mirror.disk.owner_files import OwnerFiles
from gateway.resources import RECORDS
from gateway.schema import RULES, SCHEMA
from gateway.settings.group import is_loopback
from gateway.settings.settings import Settings
from gateway.telemetry.events import CallDetails, Operation
from gateway.telemetry.log_lines import log_call, log_operation, lost_lines
from gateway.telemetry.metrics import Metrics, Process
from gateway.upstream.client import Upstream
from gateway.upstream.way.clock import Clock

if TYPE_CHECKING:
    from gateway.machines.machines import Machines


def create_app(
    settings: Settings,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Clock | None = None,
    pages: Sequence[Route] = (),
    all_metrics: Callable[[], Awaitable[bytes]] | None = None,
) -> Starlette:
    """Return the gateway; `transport` stands in for the network and `clock` for time, in tests. `pages` come along.

    `all_metrics` is the text of the metrics where several processes tell theirs together.

    Its `state.metrics` is the app for an address of the metrics' own, `state.counted` returns those of this process
    packed, `state.on_reload` is what reads files anew, and `state.give_up` lets what runs end.

    Raises:
        SettingsError: the stored documents cannot be read, or are not for this schema, or the folder is another's.
    """
    metrics = Metrics()

    def on_call(details: CallDetails) -> None:
        log_call(details)
        metrics.count_call(details)

    def on_operation(operation: Operation) -> None:
        log_operation(operation)
        metrics.count_operation(operation)

    executor = Executor(SCHEMA, RULES, settings)
    stored = StoredDocuments(settings, executor.problems)
    callers = Callers(settings, transport, clock)
    folder = None if settings.mirror_dir is None else Folder(settings.mirror_dir)
    clock = clock or Clock()
    machines = None if settings.redis_address is None else _machines(settings, clock)
    upstream = Upstream(settings, transport, clock, on_call, folder, machines and machines.hour)
    if machines is not None:
        machines.hour.file = upstream.hour_file
    readiness = Readiness(
        lambda: upstream.budget.is_remembered,
        lambda: machines and machines.degraded,
        lambda: machines is None or machines.feeds.is_filled,
    )
    files = (
        None
        if folder is None or machines is not None  # what is held by several processes lies in Redis
        else OwnerFiles(folder.path, str(settings.base_url), RECORDS, upstream.clock)
    )
    mirror = Mirror(upstream, settings, settings, RECORDS, files, machines and machines.feeds.join)
    upstream.on_refused.append(executor.forget)
    metrics.watch(lambda: mirror.state, _process(machines))
    own_metrics = metrics_page(all_metrics or metrics.text, settings.metrics_token)
    token = settings.operator_token
    has_page = settings.graphiql == "on" and settings.documents != "only"
    graphiql = GraphiQL(needs_key=not settings.lets_everyone_in) if has_page else None
    endpoint = Endpoint(
        executor,
        stored,
        mirror,
        callers,
        graphiql,
        most_running=settings.max_running,
        most_values=settings.max_tokens,
        refuses_forgeable=settings.csrf == "on",
    )

    export = door.Export(
        executor,
        mirror,
        callers,
        machines and machines.sealed,
        most_beginning=settings.max_running,
        most_values=settings.max_tokens,
        refuses_forgeable=settings.csrf == "on",
    )
    has_export = settings.documents != "only"  # it is any operation that its caller likes

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        with nullcontext() if folder is None else closing(folder):
            async with machines or nullcontext(), mirror, aclosing(callers):
                yield

    app = Starlette(
        routes=[
            Route("/graphql", endpoint, methods=METHODS),
            *([Route(door.PATH, export, methods=door.METHODS)] if has_export else []),
            Route("/", landing),
            *([Route("/graphiql/{version}/{name}", graphiql.file)] if graphiql else []),
            Route("/schema.graphql", schema_file(callers, settings)),
            Route("/healthz", alive),
            Route("/readyz", readiness.answer),
            Route("/metrics", elsewhere if settings.metrics_token is None else own_metrics),
            *pages,
            *([Route(PATH, _operated(mirror, executor, token), methods=["GET", "DELETE"])] if token else []),
        ],
        lifespan=lifespan,
        exception_handlers={HTTPException: _in_json("send GraphQL by POST to /graphql")},
    )
    app.router.redirect_slashes = False  # it would lead to whatever host the request names
    app.state.readiness = readiness
    app.state.counted = metrics.packed
    app.state.give_up = upstream.give_up
    app.state.on_reload = (callers.reload, stored.reload)
    app.state.metrics = _create_metrics_app(own_metrics, settings)
    # The last is the outermost.
    app.add_middleware(Preflights, origins=settings.cors_origins or (), headers=settings.cors_headers or ())
    if settings.lets_everyone_in and settings.is_on_loopback:
        app.add_middleware(loopback_hosts)
    app.add_middleware(compression)
    app.add_middleware(Reporting, path="/graphql", folder="/export", on_operation=on_operation)
    if settings.cors_origins:
        app.add_middleware(allowed_origins, origins=settings.cors_origins)
    app.add_middleware(safe_headers)
    if settings.root_path:
        app.add_middleware(path_prefix, prefix=settings.root_path)
    return app


def _operated(mirror: Mirror, executor: Executor, token: SecretStr) -> Page:
    async def drop(paths: Collection[str]) -> int:
        rows = await mirror.drop(paths)
        executor.forget(None)
        return rows

    return operator_page(mirror.standing, drop, [record.path for record in RECORDS], token)


def _machines(settings: Settings, clock: Clock) -> "Machines":
    """Return this process' part in what several share.

    Raises:
        SettingsError: Redis' client is not installed, or does not understand the address.
    """
    try:
        from gateway.machines.machines import Machines
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise SettingsError(
            "GATEWAY_REDIS_URL: needs redis-py: install the gateway with its extra, as in pip install '.[redis]'."
        ) from None
    limit = settings.requests_per_hour_limit
    return Machines(settings, clock, str(settings.base_url), limit, settings.ca_file)


def _process(machines: "Machines | None") -> Process:
    crowd = Protocol.crowd
    return Process(
        lambda: crowd.count, lambda: crowd.refused, lost_lines, lambda: machines and machines.standing
    )


def _create_metrics_app(page: Page, settings: Settings) -> Starlette:
    app = Starlette(
        routes=[Route("/metrics", page)],
        exception_handlers={HTTPException: _in_json("get the metrics at /metrics")},
    )
    app.router.redirect_slashes = False
    if settings.metrics_token is None and is_loopback(settings.metrics_host):
        app.add_middleware(loopback_hosts)
    app.add_middleware(compression)
    app.add_middleware(Reporting)
    app.add_middleware(safe_headers)
    return app


def _in_json(hint: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    told = {
        404: ("NOT_FOUND", f"There is nothing at this address: {hint}."),
        405: ("METHOD_NOT_ALLOWED", f"This address does not take this method: {hint}."),
    }

    async def answer(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        code, message = told.get(error.status_code, ("BAD_REQUEST", f"{error.detail}."))
        return RequestError(error.status_code, code, message, error.headers).response()

    return answer
