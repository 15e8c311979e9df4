"""Changes that are held here, and of which Redis does not know yet. Pure."""

from itertools import islice

import msgspec

from gateway.machines.channel import Key

READ, WALK, WRITE = "r", "k", "w"
_RANK = (READ, WALK, WRITE)


class Waiting(msgspec.Struct, frozen=True):
    """Why a row changed: what tells most of several reasons."""

    base: str
    """The number of the last change that was held before it was asked for, or written."""
    cause: str


class Pending:
    """The rows that changed, the written ones first; each is told as it is by then."""

    def __init__(self) -> None:
        self._writes: dict[Key, Waiting] = {}
        self._others: dict[Key, Waiting] = {}
        self.sending: dict[Key, Waiting] = {}
        """What is being told."""

    def __contains__(self, key: Key) -> bool:
        return key in self._writes or key in self._others or key in self.sending

    def __bool__(self) -> bool:
        return bool(self._writes or self._others or self.sending)

    @property
    def waits(self) -> bool:
        """Whether there is something to be told."""
        return bool(self._writes or self._others)

    @property
    def has_writes(self) -> bool:
        """Whether something of it was written here."""
        return bool(self._writes) or any(one.cause == WRITE for one in self.sending.values())

    def add(self, key: Key, base: str, cause: str) -> None:
        """Note that a row changed, by what was asked for or written when all changes up to one were held."""
        before = self._writes.get(key) or self._others.pop(key, None)
        if before is not None:
            base, cause = min(base, before.base), max(cause, before.cause, key=_RANK.index)
        (self._writes if cause == WRITE else self._others)[key] = Waiting(base, cause)

    def discard(self, key: Key) -> None:
        """Tell a row no more that is not held for want of room."""
        self._others.pop(key, None)

    def take(self, most: int) -> dict[Key, Waiting]:
        """Return so many rows to be told next, or fewer; until they are `done` they count as not told."""
        for source in (self._writes, self._others):
            for key in list(islice(source, most - len(self.sending))):
                self.sending[key] = source.pop(key)
        return self.sending

    def done(self) -> None:
        """Note that what was taken is told, or refused."""
        self.sending = {}

    def put_back(self) -> None:
        """Note that nobody knows whether what was taken is told."""
        sending, self.sending = self.sending, {}
        for key, one in sending.items():
            self.add(key, one.base, one.cause)
