"""Which of a resource's rows that are held has a natural key."""

from typing import Any

from gateway.upstream.record import Record, Row
from gateway.upstream.wire.natural_keys import comparable


class HeldKeys:
    """Ids of rows by their natural keys. Of several rows with one, that which was told last has it."""

    def __init__(self, record: Record[Any]) -> None:
        self._record = record
        self._ids: dict[str, int] = {}
        # The other rows with a key: one has it still that another had by now.
        self._doubles: dict[str, set[int]] = {}

    def id_of(self, key: str) -> int | None:
        """Return the id of the row that has a key, where one is held."""
        return self._ids.get(comparable(key))

    def add(self, row: Row) -> None:
        """Let a row have its key, if it has any."""
        key = self._key(row)
        if key is None:
            return
        other = self._ids.get(key)
        if other is not None and other != row.id:
            self._doubles.setdefault(key, set()).add(other)
        self._ids[key] = row.id

    def forget(self, row: Row) -> None:
        """Let a row have its key no more: another may, that has it as well."""
        key = self._key(row)
        if key is None:
            return
        doubles = self._doubles.pop(key, set[int]())
        doubles.discard(row.id)
        if self._ids.get(key) == row.id:
            del self._ids[key]
            if doubles:
                self._ids[key] = doubles.pop()
        if doubles:
            self._doubles[key] = doubles

    def _key(self, row: Row) -> str | None:
        key = getattr(row, self._record.key) if self._record.key is not None else None
        return comparable(key) if key else None
