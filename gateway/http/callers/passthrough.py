"""`passthrough`: each caller brings their own PlanDocket key, and PlanDocket judges it.

Whoever brings keys that PlanDocket refuses makes it work for nothing. They are counted as wrong tokens are,
by address; a key that was accepted before is not held up by what others show, nor is a new one from elsewhere.
"""

from collections.abc import Callable

from pydantic import SecretStr

from gateway.errors import UnauthenticatedError
from gateway.graph.caller import Caller
from gateway.http.callers.wrong_credentials import Failures
from gateway.settings.group import is_sendable
from gateway.upstream.way.credential import Credential

_TOGETHER = 600
"""Refused keys a minute, of all addresses together: ten requests a second are no burden to PlanDocket."""

_LONGEST_KEY = 512  # whatever is kept for a caller is kept with their key


class OwnKeys:
    """The callers who bring a key of their own."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._refused = Failures(now, shown="keys", together=_TOGETHER)

    def caller(self, key: str, address: str) -> Caller:
        """Return the caller with this key, or without any; UnauthenticatedError where it cannot be a key."""
        if not key:
            return Caller(None)
        if len(key) > _LONGEST_KEY:
            raise UnauthenticatedError(f"The API key has more than {_LONGEST_KEY} characters, as no key has.")
        if not is_sendable(key):
            raise UnauthenticatedError("The API key has characters that no key has.")
        credential = Credential(SecretStr(key), is_held=False)
        return Caller(credential, is_let_in=True, throttle=_OfAddress(self._refused, address))


class _OfAddress:
    """What an operation's key may cost, by the address that it came from: a `Throttle`."""

    def __init__(self, refused: Failures, address: str) -> None:
        self._refused = refused
        self._address = address
        self._was_refused = False

    def check(self) -> None:
        """Return if the key may be tried; it is not sent twice for an operation that it was refused for."""
        if self._was_refused:
            raise UnauthenticatedError.unknown_key()
        self._refused.let_pass(self._address)

    def note_refused(self) -> None:
        """Count a refused key, once for an operation: its reads may have run side by side."""
        if not self._was_refused:
            self._was_refused = True
            self._refused.note(self._address)
