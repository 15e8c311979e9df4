"""One HTTP client for the process: time-outs, places in flight, and what goes wrong on the way."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from math import inf, isfinite
from time import perf_counter
from typing import Any

import httpx
import msgspec

from gateway.errors import TimedOutError, UnavailableError, UnreadableError
from gateway.settings.upstream import UpstreamSettings
from gateway.telemetry.events import CallDetails, OnCall, sane_id
from gateway.upstream.way.bodies import Room
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.in_flight import Places
from gateway.upstream.way.network import proxy_to, trusted
from gateway.upstream.way.obstacle import Way, not_plandocket, obstacle
from gateway.upstream.way.transport import NEVER_LEFT, AiohttpTransport
from gateway.upstream.wire.outcomes import Reply
from gateway.upstream.wire.unpacking import PIECE, Unpack, unpacker

log = logging.getLogger(__name__)

_IN_FLIGHT = 10
_FOR_WRITES = 2  # more: reads of a PlanDocket that hangs must not hold up what people write
_WAITING = 500  # reads, and as many writes: confirming many at once is up to a hundred of them
_LARGEST = 20_000_000  # bytes of an answer, unpacked
_AROUND_A_PART = 50  # bytes that a part takes besides its own: a server may send them one by one

_HEADERS = (
    (b"Accept", b"application/json"),
    # Every sample of the documentation sends this type, on GET too.
    (b"Content-Type", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"User-Agent", b"plandocket-gateway"),
)

_NO_CONNECTION = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""What certainly came before a request could leave, whichever transport says so."""

Query = tuple[tuple[str, str], ...]
"""Names and values, as they are before they are quoted."""


class Request(msgspec.Struct):
    """A request of one attempt after the other."""

    method: str
    path: str
    credential: Credential
    lane: Lane = Lane.READ
    query: Query = ()
    body: dict[str, Any] | None = None
    ends_at: float = inf
    """When it is given up, as the event loop counts: each attempt has a time of its own besides."""
    attempt: int = 0
    """Which one this is, counted from 1 once it is sent."""
    never_left: bool = False
    """Whether the last attempt certainly did not leave, however it ended."""

    @property
    def resource(self) -> str:
        """What is asked for or written: "events"."""
        return self.path.partition("/")[0]


class Http:
    """Sends requests to one tenant; follows no redirect, repeats nothing."""

    def __init__(
        self,
        settings: UpstreamSettings,
        transport: httpx.AsyncBaseTransport | None = None,
        on_call: OnCall | None = None,
    ) -> None:
        self._on_call = on_call
        self._base = f"{str(settings.base_url).rstrip('/')}/api/v1"
        self._total_timeout = settings.total_timeout
        self.room = Room()
        self._is_over = False
        self._running: set[asyncio.Timeout] = set()
        self.places = Places(_IN_FLIGHT, _FOR_WRITES, _WAITING)
        url = httpx.URL(self._base)
        self.way = Way(url, "PLANDOCKET_BASE_URL", None if transport else proxy_to(url))
        self._transport = transport or AiohttpTransport(
            self.way,
            trusted(settings.ca_file) if url.scheme == "https" else None,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    @asynccontextmanager
    async def place(self, request: Request) -> AsyncGenerator[None]:
        """Wait for a place in flight, and hold it.

        Raises:
            OverloadedError: too many wait for one already.
            TimedOutError: its time is over.
            UnavailableError: the process is about to end.
        """
        try:
            async with asyncio.timeout_at(request.ends_at if isfinite(request.ends_at) else None):
                await self.places.take(request.lane)
        except TimeoutError:
            raise TimedOutError(request.resource, may_have_arrived=False) from None
        try:
            if self._is_over:
                raise UnavailableError("The gateway is stopping, so nothing was sent.", never_left=True)
            yield
        finally:
            self.places.give_back()

    async def send(self, request: Request) -> Reply:
        """Return the answer, whatever its status. `request.never_left` tells afterwards whether it certainly did not.

        Raises:
            UnavailableError: no connection, or none that lasted; `may_have_arrived` tells which.
            TimedOutError: no connection or no answer in time; likewise.
            UnreadableError: the answer's encoding is broken, or it is larger than 20 MB.
        """
        key = request.credential.key.get_secret_value()
        # The transport is asked, not a client over it: that would cost as much again.
        sent = httpx.Request(
            request.method,
            f"{self._base}/{request.path}",
            params=request.query or None,
            headers=[*_HEADERS, (b"Authorization", f"Bearer {key}".encode())],
            content=None if request.body is None else msgspec.json.encode(request.body),
        )
        began, now = perf_counter(), asyncio.get_running_loop().time()
        running = asyncio.timeout_at(min(request.ends_at, now + self._total_timeout))
        self._running.add(running)
        try:
            async with running:
                reply = await self._exchange(sent)
        except BaseException as error:
            request.never_left = bool(sent.extensions.get(NEVER_LEFT)) or isinstance(error, _NO_CONNECTION)
            typed = self._typed(error, request)
            self._tell(request, began, _outcome(typed))
            if typed is error:
                raise
            raise typed from error
        finally:
            self._running.discard(running)
        if (page := not_plandocket(reply.status, reply.body, self.way)) is not None:
            log.warning("PlanDocket does not answer: %s", page)
        self._tell(request, began, str(reply.status), _name_of(reply) if reply.status >= 400 else None)
        return reply

    def give_up(self) -> None:
        """End what runs as if its time were over, and send nothing more."""
        self._is_over = True
        now = asyncio.get_running_loop().time()
        for running in self._running:
            if not running.expired():
                running.reschedule(now)

    def _typed(self, error: BaseException, request: Request) -> BaseException:
        """Return the gateway's own error for one of the transport's, and any other as it is."""
        has_left = not request.never_left
        is_ours = self._is_over or asyncio.get_running_loop().time() >= request.ends_at
        if isinstance(error, TimeoutError) and is_ours:
            # Which says nothing of PlanDocket.
            return TimedOutError(request.resource, may_have_arrived=has_left)
        match error:
            case httpx.TransportError() | TimeoutError():
                found = obstacle(error, self.way)
                log.warning("PlanDocket cannot be reached: %s", found)
            case httpx.DecodingError():
                return UnreadableError("PlanDocket's answer is not JSON.")
            case _:
                return error
        if isinstance(error, httpx.TimeoutException | TimeoutError):
            return TimedOutError(request.resource, may_have_arrived=has_left)
        return UnavailableError(
            "PlanDocket cannot be reached: try again later.",
            may_have_arrived=has_left,
            never_left=not has_left,
            is_lasting=found.is_lasting,
        )

    def _tell(self, request: Request, began: float, outcome: str, name: str | None = None) -> None:
        if self._on_call is not None:
            call = f"{request.method} {request.resource}"
            self._on_call(CallDetails(call, perf_counter() - began, outcome, request.attempt, name))

    async def _exchange(self, request: httpx.Request) -> Reply:
        response = await self._transport.handle_async_request(request)
        raw = [
            (name.lower().decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
        ]
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - the transport is asynchronous
        try:
            unpack = unpacker([value for name, value in raw if name == "content-encoding"])
            body = await self._read(stream, unpack)
        finally:
            await stream.aclose()
        return Reply(response.status_code, dict(raw), body)

    async def _read(self, stream: httpx.AsyncByteStream, unpack: Unpack | None) -> bytes:
        """Return a body, unpacked; it counts with all others that arrive while it does."""
        parts: list[bytes] = []
        size = taken = 0
        try:
            async for piece in stream:
                for part in unpack(piece) if unpack else (piece,):
                    if len(part) == PIECE:
                        await asyncio.sleep(0)  # a piece may hold hundreds of them
                    parts.append(part)
                    size += len(part)
                    if size > _LARGEST:
                        raise UnreadableError(
                            f"PlanDocket's answer is over {_LARGEST:,} bytes: ask for less at once."
                        )
                    taken += len(part) + _AROUND_A_PART
                    self.room.take(len(part) + _AROUND_A_PART)
            taken += size
            self.room.take(size)  # it is there twice while it is put together
            return b"".join(parts)
        finally:
            self.room.give_back(taken)
            parts.clear()  # an error's traceback holds them, until the garbage collector comes round


class _Meta(msgspec.Struct):
    request_id: str | None = None


class _Envelope(msgspec.Struct):
    meta: _Meta | None = None


def _name_of(reply: Reply) -> str | None:
    """Return what PlanDocket calls a request that failed, where its answer says so.

    Source: /en/api/calendar.html (`meta.request_id`); the samples of errors have none.
    """
    try:
        meta = msgspec.json.decode(reply.body, type=_Envelope).meta
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return sane_id(meta.request_id) if meta is not None else None


def _outcome(error: BaseException) -> str:
    match error:
        case TimedOutError():
            return "timeout"
        case UnavailableError(never_left=True):
            return "unreachable"
        case UnavailableError():
            return "broken"
        case UnreadableError():
            return "unreadable"
        case asyncio.CancelledError():
            return "cancelled"
        case _:
            return "failed"
