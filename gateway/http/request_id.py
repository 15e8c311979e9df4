"""Around every request: its id, the answer to what nobody expected, and what came of an operation."""

import logging
from collections.abc import Mapping
from random import getrandbits
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import InternalError
from gateway.http.client_names import client_of
from gateway.http.refusal import RequestError
from gateway.telemetry.events import OnOperation, Operation, log_failure, running, sane_id

log = logging.getLogger(__name__)

CLIENT_LEFT = 499
"""What the endpoint answers when nobody is there any more: nobody sees it."""


class Reporting:
    """Middleware that belongs around all others.

    `X-Request-Id` is taken over where it is one (letters, digits, dashes, at most 64), else made, and is
    answered. Whatever is raised inside becomes a JSON 500 with a reference, and is logged once: raised
    any further, the server would log its text.
    """

    def __init__(
        self, app: ASGIApp, path: str = "", folder: str = "//", on_operation: OnOperation = lambda _: None
    ) -> None:
        self._app = app
        self._path = path
        self._folder = folder
        self._on_operation = on_operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and look at what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        operation = Operation(_id_of(given), *client_of(given))
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = (b"x-request-id", operation.request_id.encode())
                message["headers"] = [*message["headers"], own]
            await send(message)

        began = perf_counter()
        token = running.set(operation)
        try:
            await self._app(scope, receive, send_named)
        except Exception as error:  # the last place that can answer it
            reference = log_failure(log, error, "the HTTP request")
            failure = RequestError.of(500, InternalError(reference)).response()
            if not status:
                await failure(scope, receive, send_named)
        finally:
            running.reset(token)
            operation.seconds = perf_counter() - began
            self._tell(scope["path"], operation, status)

    def _tell(self, path: str, operation: Operation, status: int) -> None:
        if path != self._path and not path.startswith(f"{self._folder}/"):
            return
        if not operation.codes and (status >= 400 or not status):
            left = status in (CLIENT_LEFT, 0)
            operation.failed_with("CLIENT_LEFT" if left else f"HTTP_{status}")
        # Neither is a page for a browser, or a page's question whether it may call.
        if operation.kind or operation.codes:
            self._on_operation(operation)


def _id_of(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id")
    made = f"{getrandbits(64):016x}"  # it names a request, and opens nothing
    return made if given is None else sane_id(given.decode("latin-1")) or made
