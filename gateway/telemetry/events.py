"""What happened, as values handed to hooks. Whoever joins the gateway's parts names a vendor, nobody else.

Nothing here holds what a caller wrote or read: no variable, no query's text, no key. What names an operation and its
client is there, cut, and the address of whoever was refused.
"""

import logging
import re
import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar

import msgspec

_LONGEST_NAME = 64  # characters of a name that a client chooses
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


class Operation(msgspec.Struct):
    """What is known of a GraphQL operation, or of a request for one: filled in along the way, told once it ended."""

    request_id: str
    client: str = ""
    """What the client calls itself, "storefront"; "" where it does not."""
    client_version: str = ""
    address: str = ""
    """Where the request comes from: personal data, told only of a key or token that was refused."""
    name: str | None = None
    """As its document names it, at most 64 characters; None where it has none, or was not found."""
    kind: str | None = None
    """"query", "mutation" or "export"; None where the request was refused before that was known."""
    codes: list[str] = msgspec.field(default_factory=list[str])
    """The codes of its errors, each once."""
    calls: int = 0
    """Requests to PlanDocket."""
    hits: int = 0
    """Reads that were answered by what is kept."""
    is_stale: bool = False
    caller: str = ""
    failed_calls: list[str] = msgspec.field(default_factory=list[str])
    """What PlanDocket calls its requests that failed."""
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """Return "ok", or the first error's code."""
        return self.codes[0] if self.codes else "ok"

    def failed_with(self, code: str) -> None:
        """Note an error's code."""
        if code not in self.codes:
            self.codes.append(code)


OnCall = Callable[[CallDetails], None]
OnOperation = Callable[[Operation], None]

running: ContextVar[Operation | None] = ContextVar("running", default=None)
"""The operation that the current task works for: tasks that it starts inherit it."""


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
    operation = running.get()
    reference = secrets.token_hex(8) if operation is None else operation.request_id
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
    mirror_ages_s: Mapping[str, float]
    """Seconds since all of a resource was read with the held key, by its path; of those that are mirrored."""
    mirror_intervals_s: Mapping[str, float]
    """Seconds that are planned between two such readings, by path; of those that are mirrored, or will be."""
    slice_ages_s: Mapping[str, Sequence[float]]
    """Seconds since each slice was read with the held key, by path: of those too large for the hour."""
    walks: Mapping[tuple[str, str], int]
    """Whole readings since the start, by path and outcome."""
    used_by_purpose: Mapping[str, int]
    """Requests in the last sixty minutes by what they were for: of the held key, or of all callers' keys together."""
    remaining: int | None
    """What the held key's hour has left; None where it is unlimited, or there is none."""
    breaker: str
    """"closed", "half_open" or "open"."""
