"""One operation's way to PlanDocket, and what is kept for it on the way."""

from collections.abc import Mapping
from math import inf
from typing import Any

from gateway.mirror.kept_answers import Cache
from gateway.mirror.owner import Owner
from gateway.upstream.record import Record
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.session import Session, Throttle


class KeepingSession(Session):
    """A session whose reads may be answered by what is kept."""

    def __init__(
        self,
        credential: Credential,
        cache: Cache,
        max_calls: int,
        deadline: float,
        throttle: Throttle | None = None,
        kept_for_s: Mapping[str, float] | None = None,
        owner: Owner | None = None,
    ) -> None:
        super().__init__(credential, max_calls, deadline, throttle, kept_for_s)
        self.cache = cache
        """The process's, or one of its own where nothing is kept across operations."""
        self.owner = owner
        """What is mirrored for the credential; None where nothing is kept across operations."""
        self.oldest_at = inf
        """When the oldest request was sent that its answer rests on."""
        self.hits = 0
        """Reads that were answered by what is kept."""
        self.is_stale = False
        """Whether anything of the answer was kept longer than it is fresh."""

    @property
    def has_kept(self) -> bool:
        """Whether anything of the answer was kept."""
        return self.hits > 0 or self.is_stale

    def id_of(self, record: Record[Any], key: str, *, stale: bool = False) -> int | None:
        """Return the id of the row with a natural key, where such a row is kept fresh, or stale."""
        collection = self.owner.tenant.whole(record) if self.owner is not None else None
        row_id = None if collection is None else collection.id_of(key)
        return self.cache.id_of(record, key, self.credential, stale=stale) if row_id is None else row_id

    def size(self, record: Record[Any]) -> int | None:
        """Return how many rows a whole collection was last seen to have, or is expected to have."""
        collection = self.owner.tenant.whole(record) if self.owner is not None else None
        return self.cache.size(record, self.credential) if collection is None else len(collection)
