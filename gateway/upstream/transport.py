"""httpx's door to aiohttp's connections: a fifth of the processor time of httpx's own pool, at ten in flight.

httpx's error classes tell whether a request can have left; `httpx-aiohttp` calls a server that hangs
up after it got the request a connection time-out, so a lost write would pass for one never sent.
"""

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from math import inf
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx

_PACKED_PIECE = 16_384  # bytes


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request once, to one host; follows no redirect and keeps no cookie."""

    def __init__(self, url: httpx.URL, *, connect_timeout: float, read_timeout: float) -> None:
        # Above `ceil_threshold` aiohttp rounds up to whole seconds.
        self._timeout = aiohttp.ClientTimeout(
            connect=connect_timeout, sock_read=read_timeout, ceil_threshold=inf
        )
        self._tls: ssl.SSLContext | bool = httpx.create_ssl_context() if url.scheme == "https" else True
        self._proxy = _proxy_of(url)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, its body still to be read.

        Raises:
            httpx.ConnectTimeout, httpx.ConnectError: it never left.
            httpx.TransportError: it may have arrived.
        """
        if (
            self._session is None
        ):  # needs the running loop, which is not there yet when the gateway is put together
            self._session = self._open()
        with _errors_of_httpx():
            response = await self._session.request(
                request.method,
                str(request.url),
                data=await request.aread() or None,
                headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                allow_redirects=False,
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls),
            timeout=self._timeout,
            proxy=self._proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # httpx does that, piece by piece
            middlewares=(_never_again,),
        )


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with _errors_of_httpx():
            content = self._response.content
            is_packed = "Content-Encoding" in self._response.headers
            # A packed piece may be a thousand times as large unpacked, before anything can count it.
            async for piece in content.iter_chunked(_PACKED_PIECE) if is_packed else content.iter_any():
                yield piece

    async def aclose(self) -> None:
        self._response.release()  # a connection with more to read is closed


async def _never_again(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending GET, PUT and DELETE a second time: it does so on errors that it knows."""
    with _errors_of_httpx():
        return await handler(request)


@contextmanager
def _errors_of_httpx() -> Generator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.InvalidURL) as error:
        raise httpx.ConnectError("no connection") from error
    except TimeoutError as error:
        raise httpx.ReadTimeout("no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError("the connection broke") from error


def _proxy_of(url: httpx.URL) -> str | None:
    """Return the proxy that the environment names for a host, as HTTPS_PROXY and NO_PROXY do.

    aiohttp would look it up again for every request, and send what ~/.netrc holds along.
    """
    if proxy_bypass(url.host):
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")
