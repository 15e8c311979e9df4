"""An answer of PlanDocket's, before anything of it is understood."""

from collections.abc import Mapping

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """An answer as it came, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes
