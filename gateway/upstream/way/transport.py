"""httpx's door to aiohttp's connections: a fifth of the processor time of httpx's own pool, at ten in flight.

httpx's error classes tell whether a request can have left; `httpx-aiohttp` calls a server that hangs
up after it got the request a connection time-out, so a lost write would pass for one never sent.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from math import inf
from typing import Any

import aiohttp
import httpx
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from gateway.upstream.way.obstacle import Way

NEVER_LEFT = "never_left"
"""What `httpx.Request.extensions` has of a request that found no connection, also where it was given up then."""

_MOST_INTERIM = 10  # answers before the one that counts: a server sends a 100 or a 103 or two
_MOST_OF_A_HEAD = 65_536  # bytes that are looked at for its end; aiohttp refuses longer ones
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.\d 1")
_BODYLESS = re.compile(rb"HTTP/1\.\d (?:204|304)\b")
_ANNOUNCES_BODY = re.compile(rb"\n(?:transfer-encoding|content-length: *0*[1-9])", re.IGNORECASE)
_NOT_LET_THROUGH = 407  # a proxy alone may say so (RFC 9110, 15.5.8)

_sending: ContextVar[httpx.Request] = ContextVar("sending")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request once, to one host; follows no redirect and keeps no cookie."""

    def __init__(
        self,
        way: Way,
        tls: ssl.SSLContext | None,
        *,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        """`tls` judges certificates; None where none is shown."""
        # Above `ceil_threshold` aiohttp rounds up to whole seconds.
        self._timeout = aiohttp.ClientTimeout(
            connect=connect_timeout, sock_read=read_timeout, ceil_threshold=inf
        )
        self._tls = tls
        # As text aiohttp would look it up again for every request, and send what ~/.netrc holds along.
        self._proxy = None if way.proxy is None else str(way.proxy)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, its body still to be read.

        Where it certainly never left, the request's extensions have NEVER_LEFT, however this ends.

        Raises:
            httpx.ConnectTimeout, httpx.ConnectError, httpx.ProxyError: it never left.
            httpx.TransportError: it may have arrived.
        """
        if self._session is None:  # it needs the running loop, which is not there when the gateway is made
            self._session = self._open()
        token = _sending.set(request)
        try:
            with _errors():
                response = await self._session.request(
                    request.method,
                    str(request.url),
                    data=_content(request) or None,
                    headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                    allow_redirects=False,
                )
        finally:
            _sending.reset(token)
        if response.status == _NOT_LET_THROUGH and self._proxy is not None:
            response.close()
            request.extensions[NEVER_LEFT] = True
            raise httpx.ProxyError(str(response.status))
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connector(),
            timeout=self._timeout,
            proxy=self._proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # `gateway.upstream.wire.unpacking` does that, piece by piece
            middlewares=(_never_again,),
        )

    def _connector(self) -> aiohttp.TCPConnector:
        connector: Any = _Connector(limit=0, ssl=self._tls or True)
        # No argument of its own takes it.
        connector._factory = partial(_Connection, loop=asyncio.get_running_loop())
        return connector


class _Connector(aiohttp.TCPConnector):
    """Notes of a request that it found no connection: then nothing of it can have left."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own
    ) -> Connection:
        """Return a connection, kept or new, through the proxy if there is one."""
        try:
            return await super().connect(req, traces, timeout)
        except BaseException as error:
            _sending.get().extensions[NEVER_LEFT] = True
            match error:
                case aiohttp.ClientHttpProxyError():
                    raise httpx.ProxyError(str(error.status)) from None
                case aiohttp.ServerConnectionError() | aiohttp.ClientResponseError() if req.proxy is not None:
                    raise httpx.ProxyError("it drops the connection") from error
                case _:
                    raise


class _Connection(ResponseHandler):
    """One connection, on which an answer has a few interim ones before it at most.

    aiohttp passes over them without end, and without a turn for anybody else while more of them are there.
    And it takes a body for the next answer where an answer has none by its status, though PHP sends one: such
    a connection is not used again. Source: RFC 9112, 6.3
    """

    _interim = 0
    _head: bytes | None = b""  # of the answer that arrives; None once it is whole

    def set_response_params(self, *args: Any, **given: Any) -> None:
        """Begin to wait for an answer."""
        self._head, self._interim = b"", 0
        super().set_response_params(*args, **given)

    def data_received(self, data: bytes) -> None:
        """Take what came: heads one by one, up to that of the answer that counts."""
        while data and self._head is not None and self.transport is not None:
            data = self._take_head(data)
        if data and self.transport is not None:
            super().data_received(data)

    def _take_head(self, data: bytes) -> bytes:
        """Take bytes of a head, and return what is left of them."""
        seen = (self._head or b"") + data
        end = _END_OF_HEAD.search(seen, 0, _MOST_OF_A_HEAD)
        if end is None:
            self._head = seen if len(seen) < _MOST_OF_A_HEAD else None
            super().data_received(data)
            return b""
        head, rest = seen[: end.end()], seen[end.end() :]
        own = data[: len(data) - len(rest)]
        if _INTERIM.match(head):
            return self._pass_over(own, rest)
        self._head = None
        if not _BODYLESS.match(head):
            return data
        if rest or _ANNOUNCES_BODY.search(head):
            self.force_close()
        super().data_received(own)
        return b""

    def _pass_over(self, interim: bytes, rest: bytes) -> bytes:
        """Take an interim answer, and return what is left; end where there were too many."""
        self._head = b""
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            self.close()
            self.set_exception(aiohttp.ServerDisconnectedError("interim answers without end"))
            return b""
        super().data_received(interim)
        return rest


def _content(request: httpx.Request) -> bytes:
    assert isinstance(request.stream, httpx.ByteStream)  # noqa: S101 - nothing else is sent
    return b"".join(request.stream)


class _Body(httpx.AsyncByteStream):
    """The pieces of a body, once; a plain iterator, since asyncio keeps a register of generators."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        content = self._response.content
        with _errors():
            piece = await content.readany()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._response.release()  # a connection with more to read is closed


async def _never_again(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending GET, PUT and DELETE a second time: it does so on errors that it knows."""
    with _errors():
        return await handler(request)


@contextmanager
def _errors() -> Generator[None]:
    """Turn aiohttp's errors into httpx's."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
        raise httpx.ConnectError("no connection") from error
    except TimeoutError as error:
        raise httpx.ReadTimeout("no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError("the connection broke") from error
