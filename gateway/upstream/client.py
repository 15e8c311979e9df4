"""Reads from PlanDocket: a `Call` in, an `Answer` out, over one HTTP client for the process."""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from gateway.errors import (
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnauthenticatedError,
    UnavailableError,
    UnreadableError,
)
from gateway.settings import Settings
from gateway.upstream.call import Call
from gateway.upstream.credential import Credential
from gateway.upstream.record import RowT
from gateway.upstream.traits import IncludeStyle, Traits
from gateway.upstream.wire import Answer, decode, read_list, read_single

log = logging.getLogger(__name__)

Primitive = str | int | float | bool | None  # what httpx takes as a query's value

_IN_FLIGHT = 10  # httpx's pool gets slower above 16


class Upstream:
    """PlanDocket's REST API of one tenant."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        style = settings.include_style
        self.traits = Traits(settings.page_size, None if style == "auto" else style)
        self._settings = settings
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._http = httpx.AsyncClient(
            base_url=f"{str(settings.base_url).rstrip('/')}/api/v1/",
            timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout),
            follow_redirects=False,
            transport=transport,
            headers={"Accept": "application/json"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, call: Call[RowT], credential: Credential) -> Answer[RowT]:
        """Return the answer to `call`; no row where PlanDocket answers 404 for a single one.

        An include that the server ignores or refuses is missing in `Answer.links`, and is not sent
        again. How several are written is undocumented, and found out once.

        Raises:
            CallerError, UpstreamError: as `gateway.errors` sorts them.
        """
        call = call.including(self.traits.honoured(call, credential))
        answer = None
        for style in self.traits.styles(call.include):
            try:
                answer = await self._read(call, credential, style)
            except _NotAcceptedError:
                continue
            if not call.include or not answer.rows:
                return answer
            if answer.links:
                self.traits.settle(style, call.include)
                break
        answer = answer or await self._read(call.including(frozenset()), credential, "comma")
        self.traits.ignore(call, credential, call.include - answer.links.keys())
        return answer

    async def _read(self, call: Call[RowT], credential: Credential, style: IncludeStyle) -> Answer[RowT]:
        response = await self._send(call, credential, self._query(call, style))
        match response.status_code:
            case 404 if call.id is not None:
                decode(response.content)  # a proxy's page about a wrong host is no "not found"
                return Answer()
            case status if status != 200:
                raise _refusal(status, call, credential)
            case _:
                reader = read_list if call.id is None else read_single
                return reader(call.record, decode(response.content), call.include)

    async def _send(
        self, call: Call[RowT], credential: Credential, query: httpx.QueryParams
    ) -> httpx.Response:
        async with self._places:
            with _transport_errors(call.record.path):
                async with asyncio.timeout(self._settings.total_timeout):
                    return await self._http.get(
                        call.path,
                        params=query,
                        headers={"Authorization": f"Bearer {credential.key.get_secret_value()}"},
                    )

    def _query(self, call: Call[Any], style: IncludeStyle) -> httpx.QueryParams:
        query: list[tuple[str, Primitive]] = [*call.filters]
        names = sorted(call.include)
        if style == "comma" and names:
            query.append(("include", ",".join(names)))
        else:
            key = "include[]" if style == "brackets" else "include"
            query += [(key, name) for name in names]
        if call.page is not None:
            query.append((self._settings.page_param, str(call.page)))
            query.append((self._settings.per_page_param, str(self._settings.page_size)))
        return httpx.QueryParams(query)


class _NotAcceptedError(Exception):
    """PlanDocket refuses a read because of its includes, it seems: to be asked again without."""


def _refusal(status: int, call: Call[Any], credential: Credential) -> Exception:
    """Return the error for an answer other than 200.

    Source: /en/getting-started/errors.html
    """
    resource = call.record.path
    # Whether an include needs the other's scope, and whether an unknown one is an error, is not said.
    if call.include and status in (400, 403, 422):
        return _NotAcceptedError()
    match status:
        case 401 if credential.is_held:
            log.error("PlanDocket refuses PLANDOCKET_API_KEY (401): give the gateway a valid key")
            return RefusedError.held_key()
        case 401:
            return UnauthenticatedError("PlanDocket does not know this API key.")
        case 403:
            if credential.is_held:
                log.error("PLANDOCKET_API_KEY may not read %s (403): give it that scope", resource)
            return RefusedError.missing_scope(resource)
        case 429:
            return RateLimitedError()
        case 404 | 405:
            return UnavailableError(f"PlanDocket has no {resource} at this address.")
        case _ if 300 <= status < 400:
            log.error("PlanDocket redirects (%d): is PLANDOCKET_BASE_URL the tenant's own address?", status)
            return UnavailableError("PlanDocket answers with a redirect, which is not followed.")
        case _ if status >= 500:
            return UnavailableError(f"PlanDocket fails with status {status}: try again later.")
        case _:
            return UnreadableError(f"PlanDocket refuses to read {resource} with status {status}.")


@contextmanager
def _transport_errors(resource: str) -> Generator[None]:
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise TimedOutError(resource) from None
    except httpx.TransportError as error:
        log.warning("PlanDocket cannot be reached: %s", type(error).__name__)
        raise UnavailableError("PlanDocket cannot be reached: try again later.") from None
    except httpx.DecodingError:
        raise UnreadableError("PlanDocket's answer is not JSON.") from None
