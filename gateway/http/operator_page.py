"""`/operator/mirror`: what is held, and that it be dropped, for who shows the operator's token.

No page of another site can send that: a bearer token is in no form, and browsers add none by themselves.
"""

from collections.abc import Awaitable, Callable, Collection

import msgspec
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from gateway.http.bearer import Page, guarded
from gateway.http.negotiation import JSON
from gateway.http.refusal import bad_request
from gateway.mirror.standing import Standing

PATH = "/operator/mirror"


def operator_page(
    standing: Callable[[], Standing],
    drop: Callable[[Collection[str]], Awaitable[int]],
    paths: Collection[str],
    token: SecretStr,
) -> Page:
    """Return the page: GET tells how what is held stands; DELETE drops it, or what `resource` names, and how much."""

    async def answer(request: Request) -> Response:
        named = request.query_params.multi_items()
        # Else what is misspelt would drop all.
        if not all(name == "resource" and path in paths for name, path in named):
            return bad_request(
                f"Name resources as '?resource=': {', '.join(paths)}; none for all."
            ).response()
        is_drop = request.method == "DELETE"
        told = {"rows": await drop([path for _, path in named])} if is_drop else standing()
        return Response(msgspec.json.encode(told), media_type=JSON)

    return guarded(answer, token, "GATEWAY_OPERATOR_TOKEN")
