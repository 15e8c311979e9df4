"""The keys of a JWT's issuer: fetched without anyone having to restart, and never at an attacker's pace."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

import httpx
import msgspec
from joserfc.jwk import JWKRegistry, Key

from gateway.errors import IssuerUnavailableError
from gateway.settings.settings import Settings
from gateway.upstream.way.network import proxy_to, transport_to
from gateway.upstream.way.obstacle import Way, obstacle

log = logging.getLogger(__name__)

_TIMEOUT_S = 5.0
_LARGEST = 1_000_000  # bytes
_OLD_AFTER_S = 600.0
"""After this the keys are fetched anew, so that one that the issuer withdrew is not trusted for ever."""
_NOT_BEFORE_S = 30.0
"""How long after a fetch an unknown key's name brings on no other: anyone can make names up."""
_WHILE_NONE_S = 5.0
"""The same while there are no keys at all, and nobody is let in."""
_ASYMMETRIC = {"RSA", "EC", "OKP"}


class FetchError(Exception):
    """What came is no set of keys; the message says what came instead."""


Keys = tuple[Key, ...]
"""Those of one issuer, in its order; one whose `kid` is None was published without a name."""


class Issuer:
    """The issuer's public keys. A fetch that fails leaves them as they were."""

    def __init__(
        self, settings: Settings, now: Callable[[], float], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = str(settings.jwt_jwks_url)
        self._now = now
        self._way = way_of(settings)
        self._http = client(settings, transport)
        self._keys: Keys | None = None
        self._read_from: Any = None
        self._tried_at = float("-inf")
        self.withdrawn: frozenset[str] = frozenset()
        """The names of keys that the issuer had before it changed them, and has no more."""
        self._fetches = 0  # those that came to keys
        self._running: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """End a fetch that runs, and close every connection."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._http.aclose()

    async def keys(self) -> Keys:
        """Return the keys, the same object while they are the same.

        Old ones are fetched anew meanwhile, without a wait.

        Raises:
            IssuerUnavailableError: there are none yet.
        """
        if self._keys is None:
            await self._fetched(_WHILE_NONE_S)
        elif self._now() - self._tried_at >= _OLD_AFTER_S:
            self.reload()
        if self._keys is None:
            raise IssuerUnavailableError(_WHILE_NONE_S - (self._now() - self._tried_at))
        return self._keys

    async def newer_keys(self) -> Keys:
        """Return the keys, fetched anew; IssuerUnavailableError says when again where that was tried just now."""
        before = self._fetches
        await self._fetched(_NOT_BEFORE_S)
        if self._fetches == before:
            raise IssuerUnavailableError(_NOT_BEFORE_S - (self._now() - self._tried_at))
        return await self.keys()

    async def _fetched(self, not_before_s: float) -> None:
        """Wait for the fetch that runs, or for a new one if the last is so long ago."""
        if self._running is None and self._now() - self._tried_at >= not_before_s:
            self.reload()
        if self._running is not None:
            # A caller who gives up must not cancel it for the others.
            await asyncio.shield(self._running)

    def reload(self) -> None:
        """Fetch the keys anew, while nobody waits."""
        if self._running is None:
            self._tried_at = self._now()
            self._running = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            found = await fetch(self._http, self._url)
            if found != self._read_from:
                keys = keys_of(found)
                self.withdrawn = _names(self._keys) - _names(keys)
                self._keys, self._read_from = keys, found
            self._fetches += 1
        except (httpx.HTTPError, TimeoutError, FetchError) as error:
            reason = error if isinstance(error, FetchError) else obstacle(error, self._way)
            log.error("GATEWAY_JWT_JWKS_URL: the issuer's keys cannot be fetched: %s.", reason)
        finally:
            self._running = None


def _names(keys: Keys | None) -> frozenset[str]:
    return frozenset(key.kid for key in keys or () if key.kid is not None)


def way_of(settings: Settings) -> Way:
    """Return how the issuer is reached. SettingsError where the environment names no proxy that could be."""
    url = httpx.URL(str(settings.jwt_jwks_url))
    return Way(url, "GATEWAY_JWT_JWKS_URL", proxy_to(url))


def client(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return what `fetch` asks with; SettingsError where the proxy or certificates cannot be used."""
    transport = transport or transport_to(way_of(settings), settings.ca_file)
    return httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_S, follow_redirects=False)


async def fetch(http: httpx.AsyncClient, url: str) -> Any:
    """Return what stands at an address, decoded from JSON.

    Raises:
        FetchError: nothing in JSON does.
        httpx.HTTPError, TimeoutError: there was no answer, or none in time.
    """
    body = bytearray()
    async with (
        asyncio.timeout(_TIMEOUT_S),
        http.stream("GET", url, headers={"Accept": "application/json"}) as response,
    ):
        if response.status_code != 200:
            raise FetchError(f"it answers {response.status_code}")
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _LARGEST:
                raise FetchError(f"its answer is over {_LARGEST:,} bytes")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise FetchError("its answer is not JSON") from None


def keys_of(found: Any) -> Keys:
    """Return the keys that signatures can be checked with; an unknown kind is passed over (RFC 7517, 5).

    Keys that sign and check alike ("oct") are none of them: they would be no secret here.

    Raises:
        FetchError: there is none.
    """
    listed: Any = cast(dict[str, Any], found).get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise FetchError("its answer has no list of keys")
    keys = tuple(key for one in cast(list[Any], listed) if (key := _key(one)) is not None)
    if not keys:
        raise FetchError("its answer has no key that signatures can be checked with")
    return keys


def _key(found: Any) -> Key | None:
    if not isinstance(found, dict):
        return None
    given = cast(dict[str, Any], found)
    if given.get("kty") not in _ASYMMETRIC or given.get("use", "sig") != "sig":
        return None
    if given.get("alg") == "EdDSA":
        given = {name: value for name, value in given.items() if name != "alg"}  # its curve says more
    try:
        return JWKRegistry.import_key(given)
    except Exception:  # whatever is wrong with one key: the others serve
        log.warning("GATEWAY_JWT_JWKS_URL: a key of kind %s cannot be read.", given["kty"])
        return None
