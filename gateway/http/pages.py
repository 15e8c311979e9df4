"""Pages for people, and the schema for their tools."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from strawberry.http.ides import get_graphql_ide_html

from gateway.schema import print_schema


def ide_page() -> Response:
    """Return Strawberry's GraphiQL."""
    return HTMLResponse(get_graphql_ide_html(graphql_ide="graphiql"))


async def landing(_: Request) -> Response:
    """Lead to the GraphQL endpoint."""
    return RedirectResponse("/graphql")


async def schema_file(_: Request) -> Response:
    """Return the SDL, for code generators."""
    return PlainTextResponse(print_schema(), media_type="text/plain; charset=utf-8")
