"""Pages for people, and the schema for their tools."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from gateway.schema import print_schema


async def landing(_: Request) -> Response:
    """Lead to the GraphQL endpoint."""
    return RedirectResponse("/graphql")


async def schema_file(_: Request) -> Response:
    """Return the SDL, for code generators."""
    return PlainTextResponse(print_schema(), media_type="text/plain; charset=utf-8")
