"""The GraphQL endpoint: GraphQL over HTTP, in JSON.

Source: https://graphql.github.io/graphql-over-http/draft/
"""

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.errors import GatewayError, OverloadedError
from gateway.execution.documents import Document
from gateway.execution.operation import Executor, Outcome, Request
from gateway.execution.persisted_documents import StoredDocuments, WrongHashError
from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.http.browsers.csrf import refuse_forgeable
from gateway.http.browsers.graphiql.page import GraphiQL
from gateway.http.callers.callers import Callers
from gateway.http.graphql.disconnects import ClientLeftError, WhileThere
from gateway.http.graphql.freshness import freshness_of, version_of
from gateway.http.graphql.priority import is_background
from gateway.http.graphql.request import asks_nothing, read
from gateway.http.graphql.turns import Turns
from gateway.http.negotiation import GRAPHQL, JSON, content_type, status_unless_run, wish_of
from gateway.http.refusal import RequestError, bad_request, refused
from gateway.http.request_id import CLIENT_LEFT
from gateway.mirror.answers.reading import Mirror

_RETRY_IN_S = 1.0
METHODS = ("GET", "POST", "OPTIONS")  # and HEAD, which comes with GET


class Endpoint:
    """`GET /graphql` and `POST /graphql`."""

    def __init__(
        self,
        executor: Executor,
        stored: StoredDocuments,
        mirror: Mirror,
        callers: Callers,
        graphiql: GraphiQL | None,
        *,
        most_running: int,
        most_values: int,
        refuses_forgeable: bool,
    ) -> None:
        self._executor = executor
        self._stored = stored
        self._mirror = mirror
        self._callers = callers
        self._turns = Turns()
        self._graphiql = graphiql
        self._running = 0
        self._most_running = most_running
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
                text = (
                    f"Answers are '{GRAPHQL}' or '{JSON}': name one of them in 'Accept', or send no 'Accept'."
                )
                raise RequestError(406, "NOT_ACCEPTABLE", text)
            caller = await self._callers.of(http)
            request = await read(http, self._most_values)
            if self._refuses_forgeable:
                refuse_forgeable(http)
            outcome = await self._outcome(http, request, caller)
        except ClientLeftError:
            return Response(status_code=CLIENT_LEFT)
        except WrongHashError as error:
            return bad_request(str(error)).response(media_type)
        except RequestError as error:
            return error.response(media_type)
        except GatewayError as error:
            return refused(error, media_type).response(media_type)
        status = 200 if outcome.was_executed else status_unless_run(media_type)
        headers = None if outcome.age is None else {"Age": str(outcome.age)}
        return Response(msgspec.json.encode(outcome.body), status, headers, content_type(media_type))

    def _page(self) -> Response:
        if self._graphiql is None:
            text = f"There is no page here: send GraphQL by POST, and accept '{GRAPHQL}' or '{JSON}'."
            return RequestError(406, "NOT_ACCEPTABLE", text).response()
        return self._graphiql.page()

    async def _outcome(self, http: HttpRequest, asked: Request, caller: Caller) -> Outcome:
        """Run the operation; its document is registered, where it brings its hash, once the caller is known."""
        if self._running >= self._most_running:
            raise OverloadedError(_RETRY_IN_S)
        self._running += 1  # only now: who sends a body slowly takes no place
        try:
            await self._turns.take()
            request, context = self._stored.resolved(asked), Context(self._mirror, caller)
            if is_background(http):
                context.work_in_background()
            if (version := version_of(http)) is not None:
                await context.catch_up(version)
            document = self._executor.document(request, context)
            outcome = await self._run(http, request, context, document)
        finally:
            self._running -= 1
        if not document.errors and context.is_known:
            self._stored.register(asked, caller)
        return outcome

    async def _run(
        self, http: HttpRequest, request: Request, context: Context, document: Document
    ) -> Outcome:
        """Run the operation; a mutation also where the client goes away: its writes may be on their way."""
        if document.is_query(request.operation_name):
            context.wish(freshness_of(http))
            async with WhileThere(http):
                return await self._executor.run(request, context, document)
        if http.method != "POST":
            text = "A GET changes nothing: send this mutation by POST, its 'query' and 'variables' as JSON."
            raise RequestError(405, "METHOD_NOT_ALLOWED", text, {"Allow": "POST"})
        return await self._executor.run(request, context, document)
