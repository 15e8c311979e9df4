"""Addresses that hold once: a link in a browser brings no token, so it names what its caller asked for before."""

import secrets
from collections.abc import Callable

import msgspec

from gateway.errors import OverloadedError
from gateway.graph.caller import Caller
from gateway.http.export.asked import Asked

HOLDS_S = 60
_MOST = 1_000
_MOST_EACH = 100


class Promise(msgspec.Struct, frozen=True):
    """What was asked for, by whom, and until when it is given."""

    caller: Caller
    asked: Asked
    until: float


class OneTime:
    """What was asked for and is not fetched yet: of each caller the last hundred."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._promises: dict[str, Promise] = {}

    def make(self, caller: Caller, asked: Asked) -> str:
        """Return a secret, 256 random bits, by which it is given; OverloadedError where there are too many."""
        now = self._now()
        self._promises = {secret: one for secret, one in self._promises.items() if one.until > now}
        own = [secret for secret, one in self._promises.items() if one.caller == caller]
        if len(own) >= _MOST_EACH:
            del self._promises[own[0]]
        if len(self._promises) >= _MOST:
            raise OverloadedError(next(iter(self._promises.values())).until - now)
        secret = secrets.token_urlsafe(32)
        self._promises[secret] = Promise(caller, asked, now + HOLDS_S)
        return secret

    def take(self, secret: str) -> Promise | None:
        """Return what a secret promises, this once; None where it was taken, is too old, or is none."""
        promise = self._promises.pop(secret, None)
        return promise if promise is not None and promise.until > self._now() else None
