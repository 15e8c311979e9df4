"""What of PlanDocket's rows is not in the gateway's as PlanDocket has it."""

from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

_MOST_TOLD = 20


class Reason(Enum):
    """Why a cell is not as PlanDocket has it."""

    UNREADABLE = "in none of the known forms"
    REQUIRED = "null or missing, and never null in rows: something stands in for it"
    ABSENT = "missing, or null where PlanDocket documents a default: that stands in for it"


class Flaw(msgspec.Struct, frozen=True):
    """One cell of a row, or what an include tells of it; at the column "id" the whole row, which is left out."""

    column: str
    reason: Reason

    @property
    def is_told(self) -> bool:
        """Whether callers are told: nobody is misled by a documented default, or by null for what never came."""
        return self.reason is not Reason.ABSENT


Place = tuple[str, int | None]
"""A resource's path and a row's id, or None where that cannot be read."""

Flaws = Mapping[Place, tuple[Flaw, ...]]


class Unreadable(msgspec.Struct, frozen=True):
    """One cell or row that an answer could not show, in PlanDocket's names."""

    resource: str
    id: int | None
    column: str


class Unread:
    """What an operation's answer could not show, each cell and row once."""

    def __init__(self, told: Iterable[Unreadable] = (), more: int = 0) -> None:
        self._told = set(told)
        self._more = more

    def add(self, flaws: Flaws) -> None:
        """Take in what an answer to a read has."""
        for (resource, row_id), found in flaws.items():
            self._told |= {Unreadable(resource, row_id, flaw.column) for flaw in found if flaw.is_told}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._told) + self._more

    @property
    def first(self) -> list[Unreadable]:
        """The first twenty, by resource, id and column."""
        return sorted(self._told, key=lambda one: (one.resource, one.id or 0, one.column))[:_MOST_TOLD]
