"""Addresses that hold once: a link in a browser brings no token, so it names what its caller asked for before."""

import secrets
from collections.abc import Callable
from typing import Protocol

import msgspec

from gateway.errors import OverloadedError
from gateway.graph.caller import Caller
from gateway.http.export.asked import Asked
from gateway.upstream.way.credential import Credential

HOLDS_S = 60
_MOST = 1_000
_MOST_EACH = 100


class Shared(Protocol):
    """Where all processes of this gateway find what one of them keeps."""

    async def put(self, secret: str, value: bytes, seconds: int) -> bool:
        """Keep a value under a secret for so long; return whether it is there: where not, it may be later."""
        ...

    async def take(self, secret: str) -> bytes | None:
        """Return a secret's value, this once; None where there is none, or it cannot be asked for."""
        ...


class Promise(msgspec.Struct, frozen=True):
    """What was asked for, and the key or token that was shown then: by it, its caller is known when it is taken."""

    shown: str
    asked: Asked


class _Given(msgspec.Struct, frozen=True):
    whose: tuple[Credential | None, str]
    until: float
    value: bytes
    """A `Promise`; empty where it is shared."""


class OneTime:
    """What this process promised and knows of no fetch of: of each caller the last hundred."""

    def __init__(self, now: Callable[[], float], shared: Shared | None = None) -> None:
        """`shared` is for where other processes serve the same addresses."""
        self._now = now
        self._shared = shared
        self._given: dict[str, _Given] = {}

    async def make(self, caller: Caller, promise: Promise) -> str:
        """Return a secret, 256 random bits, by which it is given; OverloadedError where there are too many."""
        now, whose, dropped = self._now(), (caller.credential, caller.name), None
        self._given = {secret: one for secret, one in self._given.items() if one.until > now}
        own = [secret for secret, one in self._given.items() if one.whose == whose]
        if len(own) >= _MOST_EACH:
            del self._given[dropped := own[0]]
        if len(self._given) >= _MOST:
            raise OverloadedError(next(iter(self._given.values())).until - now)
        secret, given = _secret(), _Given(whose, now + HOLDS_S, msgspec.json.encode(promise))
        self._given[secret] = given
        if self._shared is None:
            return secret
        if dropped is not None:
            await self._shared.take(dropped)
        there = _secret()  # another: where it comes to be there late, one secret would hold twice
        if not await self._shared.put(there, given.value, HOLDS_S):
            return secret
        self._given.pop(secret, None)
        self._given[there] = msgspec.structs.replace(given, value=b"")
        return there

    async def take(self, secret: str) -> Promise | None:
        """Return what a secret promises, this once; None where it was taken, is too old, or is none."""
        given = self._given.pop(secret, None)
        if given is not None and given.until <= self._now():
            return None
        value = None if given is None else given.value
        if not value and self._shared is not None:
            value = await self._shared.take(secret)
        return msgspec.json.decode(value, type=Promise) if value else None


def _secret() -> str:
    return secrets.token_urlsafe(32)
