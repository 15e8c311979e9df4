"""Every difference in what is held, as one value. Whoever follows what is held is told of each, in order."""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import msgspec

from gateway.upstream.record import Record, Row
from gateway.upstream.wire.flaws import Flaw


class Cause(Enum):
    """What brought a difference."""

    READ = "read"
    WALK = "walk"
    WRITE = "write"
    FILE = "file"
    """It was held before the start, as the owner's file says."""
    FEED = "feed"
    """Another process of the same gateway told it."""
    ROOM = "room"
    """There was none for the row any more: PlanDocket may still have it."""


class Change(msgspec.Struct, frozen=True, gc=False):
    """A row before and after; None where it was not held, or is held no more."""

    record: Record[Any]
    id: int
    before: Row | None
    after: Row | None
    links: Mapping[str, Any]
    """What its includes tell since, as far as that is known: see `gateway.mirror.rows.held.Held`."""
    differs: frozenset[str]
    """The includes that tell something else, and the columns where the row was there before and after."""
    flaws: tuple[Flaw, ...]
    old: frozenset[str]
    """Includes that may tell something else by now, or the row itself, where no read has told it since."""
    cause: Cause
    at: float
    """When what told it was sent."""


class Changes:
    """What is told of one tenant, to whoever follows it."""

    def __init__(self) -> None:
        self.count = 0
        """While it stands still, so does all that follows from what is held."""
        self.followers: list[Callable[[Change], None]] = []

    def tell(self, change: Change) -> None:
        """Tell everybody of a change."""
        self.count += 1
        for follow in self.followers:
            follow(change)


def columns_that_differ(before: Row | None, after: Row | None) -> frozenset[str]:
    """Return the columns in which a row differs that was there before and after."""
    if before is None or after is None:
        return frozenset()
    names = after.__struct_fields__
    return frozenset(name for name in names if getattr(before, name) != getattr(after, name))
