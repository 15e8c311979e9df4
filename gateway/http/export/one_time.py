"""Addresses that hold once: a link in a browser brings no token, so it names what its caller asked for before."""

import secrets
from collections.abc import Callable

import msgspec

from gateway.errors import OverloadedError
from gateway.graph.caller import Caller
from gateway.http.export.asked import Asked
from gateway.upstream.way.credential import Credential

HOLDS_S = 60
_MOST = 1_000
_MOST_EACH = 100


class Promise(msgspec.Struct, frozen=True):
    """What was asked for, and the key or token that was shown then: by it, its caller is known when it is taken."""

    shown: str
    asked: Asked


class _Given(msgspec.Struct, frozen=True):
    whose: tuple[Credential | None, str]
    until: float
    promise: Promise


class OneTime:
    """What was asked for and is not fetched yet: of each caller the last hundred."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._given: dict[str, _Given] = {}

    def make(self, caller: Caller, promise: Promise) -> str:
        """Return a secret, 256 random bits, by which it is given; OverloadedError where there are too many."""
        now, whose = self._now(), (caller.credential, caller.name)
        self._given = {secret: one for secret, one in self._given.items() if one.until > now}
        own = [secret for secret, one in self._given.items() if one.whose == whose]
        if len(own) >= _MOST_EACH:
            del self._given[own[0]]
        if len(self._given) >= _MOST:
            raise OverloadedError(next(iter(self._given.values())).until - now)
        secret = secrets.token_urlsafe(32)
        self._given[secret] = _Given(whose, now + HOLDS_S, promise)
        return secret

    def take(self, secret: str) -> Promise | None:
        """Return what a secret promises, this once; None where it was taken, is too old, or is none."""
        given = self._given.pop(secret, None)
        return given.promise if given is not None and given.until > self._now() else None
