"""Texts that clients registered under their hashes, shared out among those who registered them."""

from collections import OrderedDict
from collections.abc import Hashable

_MOST = 1_000
_LARGEST = 20_000  # bytes


class Registered:
    """The most recently used texts by their SHA-256: a thousand, of 20 kB each at the most.

    Everybody may use what anybody registered. Where room is wanted, whoever has most of them loses one, so that
    nobody can push out those of others beyond an equal share.
    """

    def __init__(self) -> None:
        self._texts: dict[str, tuple[bytes, Hashable]] = {}  # in UTF-8, which is smaller, and whose it is
        self._hashes: dict[Hashable, OrderedDict[str, None]] = {}  # of each, the least recently used first

    def find(self, sha256: str) -> str | None:
        """Return the text of a hash, which is used by that; None where it is not registered."""
        found = self._texts.get(sha256)
        if found is None:
            return None
        text, owner = found
        self._hashes[owner].move_to_end(sha256)
        return text.decode()

    def add(self, sha256: str, text: str, owner: Hashable) -> None:
        """Know a text from now on, unless it is too large."""
        encoded = text.encode()
        if sha256 in self._texts or len(encoded) > _LARGEST:
            return
        self._texts[sha256] = encoded, owner
        self._hashes.setdefault(owner, OrderedDict())[sha256] = None
        if len(self._texts) > _MOST:
            self._drop_one()

    def _drop_one(self) -> None:
        owner, hashes = max(self._hashes.items(), key=lambda held: len(held[1]))
        oldest, _ = hashes.popitem(last=False)
        del self._texts[oldest]
        if not hashes:
            del self._hashes[owner]
