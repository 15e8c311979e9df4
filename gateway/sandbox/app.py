"""PlanDocket in a box: the documented REST API over seeded data, as an ASGI app."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast, get_args

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from gateway.sandbox.data import seed
from gateway.sandbox.dialect import SCHEMA, Dialect
from gateway.sandbox.errors import RefusedError, not_found
from gateway.sandbox.filters import Reads
from gateway.sandbox.hour import Hour
from gateway.sandbox.pages import Envelope, cut
from gateway.sandbox.query import Query, read_int
from gateway.sandbox.record import Recorded
from gateway.sandbox.render import Renderer, Written
from gateway.sandbox.rows import Resource, Row
from gateway.sandbox.writes import Writes

SANDBOX_KEY = "sandbox-key"
BY_NAME: Mapping[str, Resource] = {name: name for name in get_args(Resource)}
ALL_SCOPES = frozenset(BY_NAME)  # each scope is named as the path it opens

BASE = "/api/v1/"
ON_LIST = ("GET", "POST")
ON_ROW = ("GET", "PUT", "PATCH", "DELETE")


class Json(JSONResponse):
    """The same, many times sooner: of a list, most of the time goes into this."""

    def render(self, content: Any) -> bytes:
        """Return the content as JSON."""
        return msgspec.json.encode(content)


class Sandbox:
    """A PlanDocket tenant of its own: `app` serves it, `tables` is its state.

    `keys` maps API keys to their scopes, `per_hour` is the rate limit of each key
    (None: unlimited), `now` gives unix seconds. Nothing is shared between sandboxes.
    """

    def __init__(
        self,
        dialect: Dialect = SCHEMA,
        keys: Mapping[str, frozenset[str]] | None = None,
        per_hour: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.dialect = dialect
        self.tables = seed()
        self.now = now
        self.requests: deque[Recorded] = deque(maxlen=100_000)
        self.count = 0  # requests ever received, also those `requests` has forgotten
        self.app = Starlette(routes=[Mount("/", app=self._serve)])
        self._keys = dict({SANDBOX_KEY: ALL_SCOPES} if keys is None else keys)
        self._hours = {key: Hour(per_hour) for key in self._keys}
        self._kept: Written = {}
        self._reads = Reads(self.tables, dialect, now)
        self._writes = Writes(self.tables, dialect, now)

    @property
    def calls(self) -> list[str]:
        """The remembered requests, oldest first, one line each: `GET participants?include=contact`."""
        return [str(request) for request in self.requests]

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = await request.body()
        # From here to the record there is no await: requests are answered one after the other.
        self.count += 1
        try:
            response = self._answer(request, raw)
        except RefusedError as refused:
            response = JSONResponse(refused.body, refused.status, refused.headers)
        self._record(request, raw, response.status_code)
        await response(scope, receive, send)

    def _answer(self, request: Request, raw: bytes) -> Response:
        scopes = self._admit(request)
        resource, row_id = read_path(request.scope["path"])
        if resource not in scopes:
            raise RefusedError(403, "Forbidden")
        allowed = ON_LIST if row_id is None else ON_ROW
        if request.method not in allowed:
            raise RefusedError(405, "Method not allowed", headers={"Allow": ", ".join(allowed)})
        query = Query([pair for pair in request.query_params.multi_items() if pair[0] != "api_key"])
        match request.method:
            case "GET" if row_id is None:
                return self._list(resource, query, request.scope["path"])
            case "GET":
                return self._single(resource, self._find(resource, row_id), query)
            case "POST":
                return self._written(self._writes.create(resource, read_object(raw)), 201)
            case "DELETE":
                return self._delete(resource, row_id)
            case method:
                replacing = method == "PUT" and self.dialect.put == "replace"
                row = self._find(resource, row_id)
                changed = self._writes.update(resource, row, read_object(raw), replacing=replacing)
                return self._written(changed, 200)

    def _admit(self, request: Request) -> frozenset[str]:
        """Return the scopes of the request's key, and count the request against its hour."""
        key = read_key(request)
        if key is None or key not in self._keys:
            raise RefusedError(401, "Unauthenticated")
        if not self._hours[key].take(self.now()):
            # Source: /en/getting-started/rate-limiting.html (this body, and no extra headers yet).
            raise RefusedError(429, "Rate limit exceeded")
        return self._keys[key]

    def _find(self, resource: Resource, row_id: int | None) -> Row:
        row: Row | None = None if row_id is None else self.tables.of(resource).get(row_id)
        if row is None:
            raise not_found()
        return row

    def _list(self, resource: Resource, query: Query, path: str) -> Response:
        embedded = query.embedded(resource, self.dialect)
        if query.tree(resource):
            embedded |= {"children"}
        page = cut(self.dialect, query, self._reads.rows(resource, query))
        wires = self._renderer.rows(page.rows, embedded)
        return Json(self._envelope.many(wires, page, path, query))

    def _single(self, resource: Resource, row: Row, query: Query) -> Response:
        embedded = (
            query.embedded(resource, self.dialect) if self.dialect.include_on_single else frozenset[str]()
        )
        return Json(self._envelope.one(self._renderer.row(row, embedded)))

    def _written(self, row: Row, status: int) -> Response:
        if self.dialect.writes == "empty":
            return Response(status_code=204)
        wire = self._renderer.row(row) if self.dialect.writes == "full" else self._renderer.id_only(row)
        return Json(self._envelope.one(wire), status)

    def _delete(self, resource: Resource, row_id: int | None) -> Response:
        try:
            row = self._find(resource, row_id)
        except RefusedError:
            if self.dialect.delete_missing == "404":
                raise
            return Response(status_code=204)
        self.tables.delete(row)
        if self.dialect.delete == "empty":
            return Response(status_code=204)
        return Json(self._envelope.one(self._renderer.id_only(row)))

    @property
    def _renderer(self) -> Renderer:
        return Renderer(self.dialect, self.tables, self._kept)

    @property
    def _envelope(self) -> Envelope:
        return Envelope(self.dialect, f"req_{self.count:06}")

    def _record(self, request: Request, raw: bytes, status: int) -> None:
        try:
            body: object = read_json(raw)
        except RefusedError:
            body = None
        pairs = request.query_params.multi_items()
        self.requests.append(
            Recorded(
                request.method,
                request.scope["path"].removeprefix(BASE).lstrip("/"),
                tuple(pair for pair in pairs if pair[0] != "api_key"),
                body,
                status,
                self.dialect.page_param,
                self.dialect.per_page_param,
            )
        )


def read_key(request: Request) -> str | None:
    """Return the API key; of several, the first in the order the page lists the ways.

    Source: /en/getting-started/authentication.html
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.headers.get("x-api-key") or request.query_params.get("api_key")


def read_path(path: str) -> tuple[Resource, int | None]:
    """Return the resource and the id, None for the list; RefusedError, 404, for other paths and for no integer."""
    name, slash, text = path.removeprefix(BASE).partition("/")
    resource = BY_NAME.get(name)
    row_id = read_int(text)
    if not path.startswith(BASE) or resource is None or (slash and row_id is None):
        raise not_found()
    return resource, row_id


def read_json(raw: bytes) -> object:
    """Return what a body holds; RefusedError, 400, for no JSON, NaN and half a surrogate."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RefusedError(400, "Malformed JSON") from None


def read_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object a body holds; RefusedError, 400, where it holds another thing."""
    body = read_json(raw)
    if not isinstance(body, dict):
        raise RefusedError(400, "Body must be a JSON object")
    return cast("dict[str, object]", body)
