"""Why a request is made, in words: what `gateway plan` prints. Travels with the task that makes it."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_REASON: ContextVar[str] = ContextVar("reason", default="the query asks for it")


@contextmanager
def because(reason: str) -> Generator[None]:
    """Give a reason to every request that is begun inside."""
    token = _REASON.set(reason)
    try:
        yield
    finally:
        _REASON.reset(token)


def reason() -> str:
    """Return why the request at hand is made."""
    return _REASON.get()
