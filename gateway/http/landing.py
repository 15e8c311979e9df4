"""Pages for people, and the schema for their tools."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from gateway.errors import GatewayError, UnauthenticatedError
from gateway.execution.operation import NOT_SHOWN
from gateway.http.callers.callers import Callers
from gateway.http.refusal import RequestError, refused
from gateway.schema import print_schema
from gateway.settings.access import AccessSettings


async def landing(_: Request) -> Response:
    """Lead to the GraphQL endpoint, which stands beside this one: a proxy may show both under a path of its own."""
    return RedirectResponse("graphql")


def schema_file(callers: Callers, settings: AccessSettings) -> Callable[[Request], Awaitable[Response]]:
    """Return `GET /schema.graphql`: the SDL, for code generators that may ask for the schema by GraphQL too."""

    async def answer(request: Request) -> Response:
        if settings.introspection == "off":
            return RequestError(404, "NOT_FOUND", NOT_SHOWN).response()
        try:
            if settings.introspection == "callers" and not (await callers.of(request)).is_let_in:
                raise UnauthenticatedError("Only callers may ask for the schema.")
        except GatewayError as error:
            return refused(error).response()
        return PlainTextResponse(print_schema(), media_type="text/plain; charset=utf-8")

    return answer
