"""One hour for several processes, as the budget sees it: whoever joins the gateway's parts brings what does it."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Protocol

import msgspec

from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_lanes import Lane
from gateway.upstream.way.hour_records import Attempt


class Heard(Enum):
    """What a process hears of the others."""

    SENT = "sent"
    NEVER_LEFT = "never left"
    CLOSED = "closed"
    """PlanDocket answered 429 to one of them."""
    REOPENED = "reopened"
    GRANTED_LATE = "granted late"
    """What this process asked for came when it was not waited for any more: it serves who asks next."""


class Told(msgspec.Struct, frozen=True):
    """One such thing: whose hour it is about, and when it was, or until when the hour is closed (`Clock.monotonic`)."""

    heard: Heard
    owner: bytes
    lane: Lane
    at: float


class SharedHour(Protocol):
    """The hour that several processes share."""

    reserved: int
    """Requests of each hour that are nobody's as long as all of the processes reach each other."""
    on_heard: list[Callable[[Told], None]]

    def owner(self, credential: Credential) -> bytes:
        """Return what stands for a credential."""
        ...

    def earlier(self, owner: bytes, per_hour: int) -> Iterable[Attempt]:
        """Return an owner's attempts of the last hour, whichever process sent them, oldest first."""
        ...

    async def take(self, owner: bytes, lane: Lane, probes_every_s: float) -> float:
        """Count one attempt, about to be sent, and return when.

        It may go though the hour is closed where `probes_every_s` is not zero, and none did for so long.

        Raises:
            RateLimitedError: none is left.
        """
        ...

    def give_back(self, owner: bytes, lane: Lane, at: float) -> None:
        """Take back an attempt that never left."""
        ...

    def close_for(self, owner: bytes, seconds: float) -> None:
        """Let nobody send anything for a while."""
        ...

    def reopen(self, owner: bytes) -> None:
        """Let everybody send again."""
        ...
