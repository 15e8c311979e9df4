"""What a caller may do, decided before anything of an operation runs."""

from collections.abc import Iterable
from enum import Enum
from typing import Self

import msgspec

from gateway.upstream.way.credential import Credential
from gateway.upstream.way.session import Throttle

READ, WRITE, SENSITIVE = "read", "write", "sensitive"
ROLES = frozenset({READ, WRITE, SENSITIVE})
"""The roles besides resources."""


class Needs(msgspec.Struct, frozen=True):
    """What something needs of its caller's access."""

    resources: frozenset[str] = frozenset()
    """The resources that are read or written, by their paths."""
    writes: bool = False
    is_sensitive: bool = False

    def __or__(self, other: "Needs") -> "Needs":
        return Needs(
            self.resources | other.resources,
            self.writes or other.writes,
            self.is_sensitive or other.is_sensitive,
        )


class Access(msgspec.Struct, frozen=True):
    """What a caller may do with the key that their operations go out with."""

    resources: frozenset[str] | None = None
    """The resources by their paths, "events"; None is all."""
    may_write: bool = True
    sees_sensitive: bool = True
    """Whether a contact's notes, rating and tax id are shown."""

    @classmethod
    def of(cls, roles: Iterable[str], resources: Iterable[str]) -> Self | None:
        """Return what roles grant; None where neither `read` nor `write` is among them: that is no access.

        `write` includes `read`. One of `resources` among the roles limits to itself, several to these;
        none among them limits nothing. Any other role grants nothing.
        """
        held = frozenset(roles)
        if not held & {READ, WRITE}:
            return None
        return cls(held & frozenset(resources) or None, WRITE in held, SENSITIVE in held)

    def grants(self, needs: Needs) -> bool:
        """Return whether nothing is needed that this does not grant."""
        return (
            (self.resources is None or needs.resources <= self.resources)
            and (self.may_write or not needs.writes)
            and (self.sees_sensitive or not needs.is_sensitive)
        )

    def lacks(self, needs: Needs) -> list[str]:
        """Return the roles that are needed and not held, in alphabetical order."""
        missing = set[str]() if self.resources is None else set(needs.resources - self.resources)
        if needs.writes and not self.may_write:
            missing.add(WRITE)
        if needs.is_sensitive and not self.sees_sensitive:
            missing.add(SENSITIVE)
        return sorted(missing)


class Declared(Enum):
    """What a field says of itself, in its metadata under "access", where what it leads to does not tell what it needs.

    That is a root field that leads to no resource, the counts of a list, and the results of many writes.
    """

    OPEN = "it needs nothing but being let in"
    BELOW = "what lies below it says so itself"
    BY_ID = "its resolver decides, by the type that an id names"


class Caller(msgspec.Struct, frozen=True):
    """Who asks."""

    credential: Credential | None
    """The PlanDocket key that their operations go out with; None where there is none."""
    access: Access = Access()
    name: str = ""
    """What logs and metrics call them: a token's name, a digest of a JWT's subject; never a key."""
    is_let_in: bool = False
    """Whether they showed anything that lets them in, so that they may also look at the schema."""
    throttle: Throttle | None = None
    """What bounds keys of their own that PlanDocket refuses."""
