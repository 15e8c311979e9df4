"""How many connections a process may hold: each takes a file descriptor, and so does every way out of it.

Without a bound the system takes no connection any more once descriptors are used up, and opens none to PlanDocket.
"""

import logging
from importlib import import_module
from typing import Any

from gateway.errors import OverloadedError
from gateway.http.refusal import RequestError

log = logging.getLogger(__name__)

_MOST_DESCRIPTORS = 65_536
_OURS = 100  # descriptors for PlanDocket, files and what else the process has
_SAID_EVERY_S = 60.0
_RETRY_IN_S = 5.0
_LINGERING = 50  # of those beyond, so many are told so; the others are cut off


class Crowd:
    """The connections at one address."""

    def __init__(self, most: int | None = None) -> None:
        """`most` is how many there may be; None is as many as the process's limit leaves."""
        self._most = most
        self._said_at = float("-inf")
        self.count = 0
        """How many there are, with those that are just told that they are too many."""
        self.refused = 0
        """How many were too many."""

    @property
    def most(self) -> int:
        """How many there may be."""
        if self._most is None:
            resource = _resource()
            limit = _MOST_DESCRIPTORS if resource is None else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
            self._most = max(limit - _OURS - _LINGERING, limit // 3)
        return self._most

    def refusal(self, now: float) -> RequestError | None:
        """Return what the newest connection is told where it is one too many; `now` is in seconds."""
        if self.count <= self.most:
            return None
        self.refused += 1
        if now - self._said_at >= _SAID_EVERY_S:
            self._said_at = now
            log.error(
                "%d connections are open, as many as the limit of file descriptors leaves: others get 503. "
                "Raise it (LimitNOFILE, ulimit -n), or look who holds them.",
                self.most,
            )
        return RequestError.of(503, OverloadedError(_RETRY_IN_S))

    @property
    def is_beyond_words(self) -> bool:
        """Whether so many are being refused that another is only cut off."""
        return self.count > self.most + _LINGERING


def raise_limit() -> None:
    """Let the process have as many descriptors as it may: what is given at first is for programs that use few."""
    if (resource := _resource()) is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _resource() -> Any:
    """Return the module that tells limits; None on Windows, which has none that are so low."""
    try:
        return import_module("resource")
    except ImportError:
        return None
