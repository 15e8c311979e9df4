"""The GraphQL endpoint: GraphQL over HTTP, in JSON."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from gateway.context import Context
from gateway.errors import UnauthenticatedError
from gateway.execution.operation import Executor, NotAllowedError, Outcome, Request
from gateway.http.auth import Callers
from gateway.http.graphiql.page import GraphiQL
from gateway.http.leaving import ClientLeftError, WhileThere
from gateway.settings import Settings
from gateway.telemetry import note_code
from gateway.upstream.client import Upstream

_JSON = "application/json"
_GRAPHQL = "application/graphql-response+json"
_LARGEST_BODY = 1_000_000  # bytes
_CLIENT_LEFT = 499  # nobody sees it


class RequestError(Exception):
    """What came is not a well-formed GraphQL-over-HTTP request."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers

    def response(self) -> Response:
        """Return the answer to it."""
        note_code(self.code)
        body = {"errors": [{"message": str(self), "extensions": {"code": self.code}}]}
        return Response(msgspec.json.encode(body), self.status, self.headers, media_type=_JSON)


class Endpoint:
    """`GET /graphql` and `POST /graphql`."""

    def __init__(
        self, executor: Executor, upstream: Upstream, settings: Settings, graphiql: GraphiQL
    ) -> None:
        self._executor = executor
        self._upstream = upstream
        self._callers = Callers(settings)
        self._graphiql = graphiql

    async def answer(self, http: HttpRequest) -> Response:
        """Return the answer to a GraphQL request, or the IDE's page to a browser that asks nothing yet."""
        if _is_for_ide(http):
            return self._graphiql.page()
        try:
            request = _from_query(http) if http.method == "GET" else await _from_body(http)
            outcome = await self._outcome(http, request)
        except RequestError as error:
            return error.response()
        except ClientLeftError:
            return Response(status_code=_CLIENT_LEFT)
        except UnauthenticatedError as error:
            return RequestError(401, error.code, str(error)).response()
        except NotAllowedError:
            problem = RequestError(
                405, "METHOD_NOT_ALLOWED", "A mutation must be sent by POST.", {"Allow": "POST"}
            )
            return problem.response()
        return _respond(http, outcome)

    async def _outcome(self, http: HttpRequest, request: Request) -> Outcome:
        """Run the operation; a mutation also where the client goes away: its writes may be on their way."""
        context = Context(self._upstream, await self._callers.of(http))
        if not self._executor.is_query(request):
            return await self._executor.run(request, context)
        async with WhileThere(http):
            return await self._executor.run(request, context)


def _is_for_ide(http: HttpRequest) -> bool:
    accepted = http.headers.get("accept", "")
    return http.method == "GET" and "query" not in http.query_params and "text/html" in accepted


def _from_query(http: HttpRequest) -> Request:
    given = http.query_params
    fields: dict[str, Any] = {
        "query": given.get("query"),
        "operationName": given.get("operationName") or None,
    }
    for name in ("variables", "extensions"):
        fields[name] = _decode(given[name].encode()) if given.get(name) else None
    return msgspec.structs.replace(_request(fields), is_read_only=True)


async def _from_body(http: HttpRequest) -> Request:
    media_type = http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Send the request as 'Content-Type: {_JSON}'.")
    return _request(_decode(await _body(http)))


async def _body(http: HttpRequest) -> bytes:
    """Return the body; Starlette's own limit answers in plain text."""
    body = bytearray()
    is_whole = False
    while not is_whole:
        message = await http.receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
        if len(body) > _LARGEST_BODY:
            text = f"The request's body is over {_LARGEST_BODY:,} bytes: send less, or several requests."
            raise RequestError(413, "PAYLOAD_TOO_LARGE", text)
    return bytes(body)


def _decode(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestError(400, "BAD_REQUEST", "This is not JSON in UTF-8.") from None


def _request(fields: Any) -> Request:
    if not isinstance(fields, dict):
        raise RequestError(
            400, "BAD_REQUEST", "Send one JSON object with 'query', and 'variables' if it has any."
        )
    given = cast(dict[str, Any], fields)
    kinds = {"query": str, "operationName": str, "variables": dict, "extensions": dict}
    for name, kind in kinds.items():
        if given.get(name) is not None and not isinstance(given[name], kind):
            wanted = "a text" if kind is str else "an object"
            raise RequestError(400, "BAD_REQUEST", f"'{name}' must be {wanted}.")
    if not given.get("query"):
        raise RequestError(400, "BAD_REQUEST", "'query' is missing: send the GraphQL document there.")
    return Request(given["query"], given.get("variables"), given.get("operationName"))


def _respond(http: HttpRequest, outcome: Outcome) -> Response:
    """Answer in the newer media type where it is asked for: only there does a status tell of errors."""
    wants_new = _GRAPHQL in http.headers.get("accept", "")
    status = 400 if wants_new and not outcome.was_executed else 200
    body = msgspec.json.encode(outcome.body)
    return Response(body, status, media_type=f"{_GRAPHQL}; charset=utf-8" if wants_new else _JSON)
