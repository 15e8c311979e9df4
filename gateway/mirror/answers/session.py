"""One operation's way to PlanDocket, and what is held for it on the way."""

from collections.abc import Mapping
from math import inf
from typing import Any

import msgspec

from gateway.mirror.owner import Owner
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.call import Call
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.session import Session, Throttle


class Freshness(msgspec.Struct, frozen=True):
    """How old what a client is told may be."""

    max_age_s: float = inf
    only_if_kept: bool = False
    """Whether PlanDocket is not to be asked for it."""


class KeepingSession(Session):
    """A session whose reads may be answered by what is held."""

    def __init__(
        self,
        credential: Credential,
        kept: Owner | Tenant,
        max_calls: int,
        deadline: float,
        throttle: Throttle | None = None,
        kept_for_s: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(credential, max_calls, deadline, throttle, kept_for_s)
        self.owner = kept if isinstance(kept, Owner) else None
        """What is held for the credential; None while PlanDocket has not accepted it, or where nothing is kept."""
        self.tenant = kept.tenant if isinstance(kept, Owner) else kept
        """What is held for the credential, or by the operation alone."""
        self.asks = True
        """Whether PlanDocket may be asked."""
        self.not_before = -inf
        """What was asked for before that moment is too old for the client."""
        self.anew: set[Call[Any]] = set()
        """What is held and asked for all the same, since it is too old."""
        self.oldest_at = inf
        """When the oldest request was sent that its answer rests on."""
        self.hits = 0
        """Reads that were answered by what is kept."""
        self.orders: set[bool] = set()
        """Of the lists that were asked for in an order: whether that was the gateway's own."""
        shared = None if self.owner is None else self.owner.shared
        self.version = None if shared is None else shared.version
        """Which of the changes of all processes its answer has at the least; None where nobody knows."""
        self._versions: list[str | None] = []
        self.is_behind = False
        """Whether its answer may lack what its client knows to have happened."""
        self.is_stale = False
        """Whether anything of the answer was kept longer than it is fresh."""

    def wrote(self, version: str | None) -> None:
        """Note from which version on a write is held by all processes; None where that is not known."""
        self._versions.append(version)
        told = [one for one in self._versions if one is not None]
        self.version = max(told) if len(told) == len(self._versions) else None

    @property
    def has_kept(self) -> bool:
        """Whether anything of the answer was kept."""
        return self.hits > 0 or self.is_stale
