"""The GraphQL endpoint: GraphQL over HTTP, in JSON.

Source: https://graphql.github.io/graphql-over-http/draft/
"""

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.errors import CallerError, GatewayError, OverloadedError
from gateway.execution.documents import Document
from gateway.execution.operation import Executor, NotAllowedError, Outcome, Request
from gateway.execution.persisted_documents import OnlyStoredError, StoredDocuments, WrongHashError
from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.http.browsers.csrf import refuse_forgeable
from gateway.http.browsers.graphiql.page import GraphiQL
from gateway.http.callers.callers import REFUSALS, Callers, refused
from gateway.http.graphql.disconnects import ClientLeftError, WhileThere
from gateway.http.graphql.load_limit import Load
from gateway.http.graphql.request import Incoming, asks_nothing, read
from gateway.http.graphql.turns import Turns
from gateway.http.negotiation import GRAPHQL, JSON, content_type, status_unless_run, wish_of
from gateway.http.refusal import RequestError, bad_request
from gateway.http.request_id import CLIENT_LEFT
from gateway.mirror.reading import Mirror

METHODS = ("GET", "POST", "OPTIONS")  # and HEAD, which comes with GET


class Endpoint:
    """`GET /graphql` and `POST /graphql`."""

    def __init__(
        self,
        executor: Executor,
        stored: StoredDocuments,
        mirror: Mirror,
        callers: Callers,
        load: Load,
        graphiql: GraphiQL | None,
        *,
        most_values: int,
        refuses_forgeable: bool,
    ) -> None:
        self._executor = executor
        self._stored = stored
        self._mirror = mirror
        self._callers = callers
        self._load = load
        self._turns = Turns()
        self._graphiql = graphiql
        self._most_values = most_values
        self._refuses_forgeable = refuses_forgeable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI app of its own: that spares a request Starlette's wrappers."""
        response = await self.answer(HttpRequest(scope, receive))
        await response(scope, receive, send)

    async def answer(self, http: HttpRequest) -> Response:
        """Return the answer to a GraphQL request, or the IDE's page to a browser that asks nothing yet."""
        if http.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": ", ".join(("HEAD", *METHODS))})
        wished = wish_of(http)
        if wished.wants_page and asks_nothing(http):
            return self._page()
        media_type = wished.answer or JSON
        try:
            if wished.answer is None:
                raise _not_acceptable()
            caller = await self._callers.of(http)
            incoming = await read(http, self._most_values)
            if self._refuses_forgeable:
                refuse_forgeable(http)
            with self._load:  # who sends a body slowly takes no place
                await self._turns.take()
                outcome = await self._outcome(http, incoming, caller)
        except ClientLeftError:
            return Response(status_code=CLIENT_LEFT)
        except (RequestError, GatewayError, NotAllowedError, OnlyStoredError, WrongHashError) as error:
            return _refusal(error, media_type).response(media_type)
        return _respond(outcome, media_type)

    def _page(self) -> Response:
        if self._graphiql is None:
            text = f"There is no page here: send GraphQL by POST, and accept '{GRAPHQL}' or '{JSON}'."
            return RequestError(406, "NOT_ACCEPTABLE", text).response()
        return self._graphiql.page()

    def _request(self, incoming: Incoming) -> Request:
        return Request(
            self._stored.text(incoming.wanted),
            incoming.variables,
            incoming.operation_name,
            incoming.is_read_only,
        )

    async def _outcome(self, http: HttpRequest, incoming: Incoming, caller: Caller) -> Outcome:
        """Run the operation; its document is registered, where it brings its hash, once the caller is known."""
        request, context = self._request(incoming), Context(self._mirror, caller)
        document = self._executor.document(request, context)
        outcome = await self._run(http, request, context, document)
        if not document.errors and context.is_known:
            self._stored.register(incoming.wanted, caller)
        return outcome

    async def _run(
        self, http: HttpRequest, request: Request, context: Context, document: Document
    ) -> Outcome:
        """Run the operation; a mutation also where the client goes away: its writes may be on their way."""
        if not document.is_query(request.operation_name):
            return await self._executor.run(request, context, document)
        async with WhileThere(http):
            return await self._executor.run(request, context, document)


def _not_acceptable() -> RequestError:
    text = f"Answers are '{GRAPHQL}' or '{JSON}': name one of them in 'Accept', or send no 'Accept'."
    return RequestError(406, "NOT_ACCEPTABLE", text)


def _refusal(error: Exception, media_type: str) -> RequestError:
    """Return what a request is told that was not run."""
    match error:
        case RequestError():
            return error
        case _ if isinstance(error, REFUSALS):
            return refused(error)
        case OverloadedError():
            return RequestError.later(503, error)
        case NotAllowedError():
            text = "A GET changes nothing: send this mutation by POST, its 'query' and 'variables' as JSON."
            return RequestError(405, "METHOD_NOT_ALLOWED", text, {"Allow": "POST"})
        case OnlyStoredError():
            # Not PERSISTED_QUERY_NOT_FOUND: clients answer that by sending the text once more.
            return RequestError(403, "FORBIDDEN", str(error))
        case CallerError():
            return RequestError(status_unless_run(media_type), error.code, str(error))
        case _:
            return bad_request(str(error))


def _respond(outcome: Outcome, media_type: str) -> Response:
    status = 200 if outcome.was_executed else status_unless_run(media_type)
    return Response(msgspec.json.encode(outcome.body), status, media_type=content_type(media_type))
