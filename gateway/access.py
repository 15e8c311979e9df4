"""What a caller may do, decided before anything of an operation runs."""

import msgspec

from gateway.upstream.credential import Credential


class Access(msgspec.Struct, frozen=True):
    """What a caller may do with the key that their operations go out with."""

    resources: frozenset[str] | None = None
    """The resources by their paths, "events"; None is all."""
    may_write: bool = True
    sees_sensitive: bool = True
    """Whether a contact's notes, rating and tax id are shown."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks."""

    credential: Credential | None
    """The PlanDocket key that their operations go out with; None where there is none."""
    access: Access = Access()
    name: str = ""
    """What logs and metrics call them: a token's name, a JWT's subject; never a key."""
    is_let_in: bool = False
    """Whether they showed anything that lets them in, so that they may also look at the schema."""
