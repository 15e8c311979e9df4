"""`/export/participants.csv` and the like: GET is the file, POST an address that is it once, for a minute.

Who asks is told as at `/graphql`, and what they may see too: the file is made of operations. A GET with an address of
a POST needs no token, and no header against forgery: nobody can guess it.
"""

import asyncio
import logging

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import ForbiddenError, GatewayError, OverloadedError
from gateway.execution.operation import Executor
from gateway.graph.caller import Caller
from gateway.http.browsers.csrf import refuse_forgeable
from gateway.http.callers.callers import Callers, shown_by
from gateway.http.export.asked import ONCE, Asked, asked_of, file_of, in_address, in_body
from gateway.http.export.files import MEDIA_TYPES, begun, rows
from gateway.http.export.one_time import HOLDS_S, OneTime, Promise, Shared
from gateway.http.export.reading import Batch, Reading, RefusedError
from gateway.http.graphql.disconnects import ClientLeftError, WhileThere
from gateway.http.graphql.freshness import freshness_of
from gateway.http.negotiation import GRAPHQL, JSON
from gateway.http.refusal import RequestError, bad_request, refused
from gateway.http.request_id import CLIENT_LEFT
from gateway.mirror.answers.reading import Mirror
from gateway.telemetry.events import note_code, running

log = logging.getLogger(__name__)

PATH = "/export/{path}.{form}"
METHODS = ("GET", "POST")
_RETRY_IN_S = 1.0
_MOST_READING = 2  # batches at once, however many files there are: answers of others come in between
_REST_S = 0.005  # between two batches: about as long as one keeps all others waiting
_STATUSES = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "INTERNAL_SERVER_ERROR": 500,
    "MIRROR_INCOMPLETE": 503,
    "NOT_KEPT": 504,  # RFC 9111, 5.2.1.7
    "OPERATION_TIMEOUT": 504,
    "UPSTREAM_RATE_LIMITED": 503,
}
"""By code; else 400 for what was not run, and 502."""


class Export:
    """The door."""

    def __init__(
        self,
        executor: Executor,
        mirror: Mirror,
        callers: Callers,
        shared: Shared | None = None,
        *,
        most_beginning: int,
        most_values: int,
        refuses_forgeable: bool,
    ) -> None:
        self._executor = executor
        self._mirror = mirror
        self._callers = callers
        self._one_time = OneTime(mirror.upstream.gate.now, shared)
        self._turns = asyncio.Semaphore(_MOST_READING)
        self._beginning = 0
        self._most_beginning = most_beginning
        self._most_values = most_values
        self._refuses_forgeable = refuses_forgeable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI app of its own."""
        answer = await self.answer(HttpRequest(scope, receive))
        await answer(scope, receive, send)

    async def answer(self, http: HttpRequest) -> ASGIApp:
        """Return the file, the address that is it once, or why there is neither."""
        try:
            path, form = file_of(http)
            _refuse_old(http)
            if http.method == "POST":
                caller = await self._callers.of(http)
                asked = asked_of(path, form, await in_body(http, self._most_values), caller.access)
                await self._begun(http, Reading(self._executor, self._mirror, caller, asked))
                return _address(asked, await self._one_time.make(caller, Promise(shown_by(http), asked)))
            caller, asked = await self._fetched(http, path, form)
            reading = Reading(self._executor, self._mirror, caller, asked)
            return _File(http, asked, reading, await self._begun(http, reading), self._turns)
        except ClientLeftError:
            return Response(status_code=CLIENT_LEFT)
        except RefusedError as error:
            return _refusal(error)
        except RequestError as error:
            return error.response()
        except GatewayError as error:
            return refused(error, GRAPHQL).response()

    async def _fetched(self, http: HttpRequest, path: str, form: str) -> tuple[Caller, Asked]:
        """Return who asks by a GET, and for what."""
        if http.method == "HEAD":
            text = "A file is told by GET alone, and an address that holds once is used up by it."
            raise RequestError(405, "METHOD_NOT_ALLOWED", text, {"Allow": ", ".join(METHODS)})
        given = in_address(http, self._most_values)
        if ONCE in given:
            return await self._promised(http, f"{path}.{form}", given)
        caller = await self._callers.of(http)
        if self._refuses_forgeable:
            refuse_forgeable(http)
        return caller, asked_of(path, form, given, caller.access)

    async def _promised(self, http: HttpRequest, file: str, given: dict[str, str]) -> tuple[Caller, Asked]:
        promise = await self._one_time.take(given[ONCE])
        if promise is None or promise.asked.file != file or len(given) > 1:
            text = f"This address was used, is over {HOLDS_S} s old, or is none: ask for one by POST."
            raise RequestError(404, "NOT_FOUND", text)
        caller, shown = await self._callers.of(http, promise.shown), shown_by(http)
        if shown not in ("", promise.shown) and await self._callers.of(http) != caller:
            raise ForbiddenError("This address is for another caller: ask for your own by POST.")
        return caller, promise.asked

    async def _begun(self, http: HttpRequest, reading: Reading) -> Batch:
        """Return the first rows: for these PlanDocket may have to be read, so they take no turn."""
        if self._beginning >= self._most_beginning:
            raise OverloadedError(_RETRY_IN_S)
        self._beginning += 1
        try:
            async with WhileThere(http):
                return await reading.next(freshness_of(http))
        finally:
            self._beginning -= 1


class _File:
    """The answer that is a file. One that cannot go on ends without its end, which HTTP/1.1 shows to its client."""

    def __init__(
        self, http: HttpRequest, asked: Asked, reading: Reading, first: Batch, turns: asyncio.Semaphore
    ) -> None:
        self._http = http
        self._asked = asked
        self._reading = reading
        self._first = first
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with WhileThere(self._http):
                await self._send_rows(send)
        except ClientLeftError:
            note_code("CLIENT_LEFT")
        except (RefusedError, GatewayError) as error:
            log.warning("An export of %s broke off: %s", self._asked.path, error)
        else:
            await send({"type": "http.response.body", "body": b""})
        finally:
            if (operation := running.get()) is not None:
                operation.kind = "export"  # its seconds are its reader's

    @property
    def _headers(self) -> dict[str, str]:
        first, file = self._first, self._asked.file
        told = {"age": first.age, "x-total-count": first.total}
        return {
            "content-type": MEDIA_TYPES[self._asked.form],
            "content-disposition": f'attachment; filename="{file}"',
            **{name: str(value) for name, value in told.items() if value is not None},
        }

    async def _send_rows(self, send: Send) -> None:
        asked, batch, begin = self._asked, self._first, begun(self._asked)
        del self._first
        while True:
            body = begin + rows(batch.nodes, asked)
            is_last, begin, batch = batch.is_last, b"", None  # a slow client holds nothing up, and no rows
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if is_last:
                return
            await asyncio.sleep(_REST_S)
            async with self._turns:
                batch = await self._reading.next()


def _refuse_old(http: HttpRequest) -> None:
    if http.scope["http_version"] == "1.0":
        raise bad_request(
            "Ask by HTTP/1.1: by 1.0 nobody sees where a file broke off. nginx does so with 'proxy_http_version 1.1;'."
        )


def _address(asked: Asked, secret: str) -> Response:
    url = f"{asked.file}?{ONCE}={secret}"
    told = {"url": url, "expiresIn": HOLDS_S}
    return Response(msgspec.json.encode(told), 201, {"Location": url}, JSON)


def _refusal(error: RefusedError) -> Response:
    outcome = error.outcome
    errors = [{name: one[name] for name in ("message", "extensions")} for one in outcome.body["errors"]]
    told = errors[0]["extensions"]
    status = _STATUSES.get(
        told["code"], 502 if outcome.was_executed and told["code"] != "BAD_USER_INPUT" else 400
    )
    headers = {"Retry-After": str(told["retryAfter"])} if "retryAfter" in told else None
    return Response(msgspec.json.encode({"errors": errors}), status, headers, JSON)
