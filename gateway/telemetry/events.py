"""What happened, as frozen values handed to hooks. Whoever joins the gateway's parts names a vendor, nobody else.

Nothing here holds what a caller wrote or read: no variable, no query's text, no key. What names an operation and its
client is there, cut, and the address of whoever was refused.
"""

import logging
import re
import secrets
import traceback
from collections.abc import Callable
from contextvars import ContextVar

import msgspec

_LONGEST_NAME = 64  # characters of a name that a client chooses
_ADDRESS_IS_TOLD_FOR = frozenset({"UNAUTHENTICATED", "TOO_MANY_FAILURES"})
_SANE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class CallDetails(msgspec.Struct, frozen=True):
    """What came of one request to PlanDocket."""

    call: str
    """"GET participants", never an address: keys and names stay out of logs and metrics."""
    seconds: float
    outcome: str
    """The status, "200"; or "timeout", "unreachable", "broken", "unreadable", "cancelled"."""
    attempt: int = 1
    request_id: str | None = None
    """What PlanDocket calls the request, where it failed and said so (`meta.request_id`)."""


class OperationDetails(msgspec.Struct, frozen=True):
    """What came of one GraphQL operation, or of a request for one."""

    request_id: str
    name: str | None
    """As its document names it, at most 64 characters; None where it has none, or was not found."""
    kind: str | None
    """"query" or "mutation"; None where the request was refused before that was known."""
    codes: tuple[str, ...]
    """The codes of its errors, each once."""
    seconds: float
    calls: int
    """Requests to PlanDocket."""
    hits: int
    """Reads that were answered by what is kept."""
    is_stale: bool
    caller: str
    failed_calls: tuple[str, ...]
    """What PlanDocket calls its requests that failed."""
    client: str = ""
    """What the client calls itself, "storefront"; "" where it does not."""
    client_version: str = ""
    address: str = ""
    """Where a key or token that was refused came from; else "", for it is personal data."""

    @property
    def outcome(self) -> str:
        """Return "ok", or the first error's code."""
        return self.codes[0] if self.codes else "ok"


OnCall = Callable[[CallDetails], None]
OnOperation = Callable[[OperationDetails], None]


class Operation:
    """What is known so far of the operation that runs: filled in along the way by whoever learns it."""

    __slots__ = (
        "address",
        "caller",
        "calls",
        "client",
        "client_version",
        "codes",
        "failed_calls",
        "hits",
        "is_stale",
        "kind",
        "name",
        "request_id",
    )

    def __init__(self, request_id: str, client: str = "", client_version: str = "") -> None:
        self.request_id = request_id
        self.client = client
        self.client_version = client_version
        self.address = ""
        self.name: str | None = None
        self.kind: str | None = None
        self.codes: list[str] = []
        self.calls = 0
        self.hits = 0
        self.is_stale = False
        self.caller = ""
        self.failed_calls: list[str] = []

    def failed_with(self, code: str) -> None:
        """Note an error's code."""
        if code not in self.codes:
            self.codes.append(code)

    def details(self, seconds: float) -> OperationDetails:
        """Return what came of it."""
        return OperationDetails(
            self.request_id,
            self.name and self.name[:_LONGEST_NAME],
            self.kind,
            tuple(self.codes),
            seconds,
            self.calls,
            self.hits,
            self.is_stale,
            self.caller,
            tuple(self.failed_calls),
            self.client,
            self.client_version,
            "" if _ADDRESS_IS_TOLD_FOR.isdisjoint(self.codes) else self.address,
        )


running: ContextVar[Operation | None] = ContextVar("running", default=None)
"""The operation that the current task works for: tasks that it starts inherit it."""


def request_id() -> str:
    """Return the id of the request that runs, or a new one where none does."""
    operation = running.get()
    return secrets.token_hex(8) if operation is None else operation.request_id


def sane_id(given: object) -> str | None:
    """Return an id that somebody else made, where it can be nothing but an id; else None."""
    return given if isinstance(given, str) and _SANE_ID.fullmatch(given) else None


def printable(given: str, most: int = _LONGEST_NAME) -> str:
    """Return of a text that a client chose what can be printed, and at most so many characters."""
    return "".join(filter(str.isprintable, given[: 2 * most])).strip()[:most]


def note_address(address: str) -> None:
    """Note where the request that runs comes from."""
    if (operation := running.get()) is not None:
        operation.address = address


def note_code(code: str) -> None:
    """Note an error's code for the operation that runs."""
    if (operation := running.get()) is not None:
        operation.failed_with(code)


def log_failure(log: logging.Logger, error: BaseException | None, place: str) -> str:
    """Log a failure of the gateway itself, and return the reference under which it is found.

    The type and the stack alone: an exception's text may hold personal data.
    """
    reference = request_id()
    stack = "".join(traceback.format_tb(error.__traceback__)) if error else ""
    log.error("%s at %s, reference %s\n%s", type(error).__name__, place, reference, stack)
    return reference


class State(msgspec.Struct, frozen=True):
    """How PlanDocket and the way to it stand."""

    hits: int
    """Reads that were answered without a request, since the start."""
    misses: int
    """Reads that needed a request, or joined one."""
    in_flight: int
    """Requests that are sent and not yet answered."""
    waiting: int
    """Requests that wait for a place in flight."""
    kept_rows: int
    used: int
    """Requests in the last sixty minutes: of the held key, or of all callers' keys together."""
    remaining: int | None
    """What the held key's hour has left; None where it is unlimited, or there is none."""
    breaker: str
    """"closed", "half_open" or "open"."""
