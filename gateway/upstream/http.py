"""One HTTP client for the process: time-outs, places in flight, and what goes wrong on the way."""

import asyncio
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from gateway.errors import TimedOutError, UnavailableError, UnreadableError
from gateway.settings import Settings
from gateway.upstream.credential import Credential

log = logging.getLogger(__name__)

_IN_FLIGHT = 10  # httpx's pool gets slower above 16


class Http:
    """Sends requests to one tenant; follows no redirect, repeats nothing."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._total_timeout = settings.total_timeout
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._client = httpx.AsyncClient(
            base_url=f"{str(settings.base_url).rstrip('/')}/api/v1/",
            timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout),
            follow_redirects=False,
            transport=transport,
            # Every sample of the documentation sends this type, on GET too.
            headers={"Accept": "application/json", "Content-Type": "application/json"},
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        credential: Credential,
        query: httpx.QueryParams | None = None,
        body: dict[str, Any] | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> httpx.Response:
        """Return the answer, whatever its status. `before` is called right before it is sent; it may refuse.

        Raises:
            UnavailableError: no connection, or none that lasted; `may_have_arrived` tells which.
            TimedOutError: no connection or no answer in time; likewise.
            UnreadableError: the answer's encoding is broken.
        """
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Authorization": f"Bearer {credential.key.get_secret_value()}"}
        async with self._places:
            before()
            with _typed_errors(path.partition("/")[0]):
                async with asyncio.timeout(self._total_timeout):
                    return await self._client.request(
                        method, path, params=query, content=content, headers=headers
                    )


@contextmanager
def _typed_errors(resource: str) -> Generator[None]:
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise TimedOutError(resource, may_have_arrived=False) from error
    except (httpx.TimeoutException, TimeoutError) as error:
        raise TimedOutError(resource, may_have_arrived=True) from error
    except httpx.TransportError as error:
        log.warning("PlanDocket cannot be reached: %s", type(error).__name__)
        never_left = isinstance(error, httpx.ConnectError | httpx.UnsupportedProtocol)
        raise UnavailableError(
            "PlanDocket cannot be reached: try again later.",
            may_have_arrived=not never_left,
            never_left=never_left,
        ) from error
    except httpx.DecodingError as error:
        raise UnreadableError("PlanDocket's answer is not JSON.") from error
