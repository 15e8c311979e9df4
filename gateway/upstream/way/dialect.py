"""What the gateway has noticed about this PlanDocket server while using it. Pure state, bounded.

None of it is documented: how several includes are written, whether a list's include is honoured,
how large a page may be, whether `page` does anything.
Source: /en/api/participants.html and the like name the includes, nothing names the rest.
"""

from typing import Any, Literal

from gateway.upstream.call import Call
from gateway.upstream.way.credential import Credential

IncludeStyle = Literal["comma", "repeated", "brackets"]

_LIKELY: tuple[IncludeStyle, ...] = ("comma", "repeated")
_MOST_NOTES = 10_000


class Traits:
    """One server's traits, for the life of the process."""

    def __init__(self, page_size: int, include_style: IncludeStyle | None) -> None:
        self._asked_size = page_size
        self._style: IncludeStyle | None = include_style
        self._sizes: dict[str, int] = {}
        self._paged: dict[str, bool] = {}
        self.tells_totals = False
        """Whether any list ever told how many rows it has."""
        self._tells_id: dict[str, bool] = {}
        # By credential: a key without the other resource's scope may get no include of it.
        self._ignored: dict[tuple[Credential, str, bool, str], None] = {}
        self.changes = 0
        """How often a list's pages turned out to be others than was known: until then equal answers read alike."""

    def styles(self, include: frozenset[str]) -> tuple[IncludeStyle, ...]:
        """Return the ways of writing these includes that are worth a request, the likeliest first.

        A single name looks the same with commas as repeated, so there is nothing to find out.
        """
        if self._style is not None:
            return (self._style,)
        return _LIKELY if len(include) > 1 else _LIKELY[:1]

    def settle(self, style: IncludeStyle, include: frozenset[str]) -> None:
        """Remember a style that was honoured for several names."""
        if len(include) > 1:
            self._style = style

    def honoured(self, call: Call[Any], credential: Credential) -> frozenset[str]:
        """Return the includes of `call` that are not known to be ignored."""
        if not self._ignored:
            return call.include
        return frozenset(name for name in call.include if _note(call, credential, name) not in self._ignored)

    def ignore(self, call: Call[Any], credential: Credential, names: frozenset[str]) -> None:
        """Remember that these includes brought nothing."""
        for name in names:
            self._ignored[_note(call, credential, name)] = None
        while len(self._ignored) > _MOST_NOTES:
            del self._ignored[next(iter(self._ignored))]

    def page_size(self, path: str) -> int:
        """Return how many rows a full page of this list has."""
        return self._sizes.get(path, self._asked_size)

    def learn_page_size(self, path: str, size: int) -> None:
        """Remember a page size that differs from the one asked for."""
        self.changes += self._sizes.get(path) != size
        self._sizes[path] = size

    def is_paged(self, path: str) -> bool | None:
        """Return whether `page` changes what this list answers; None while unknown."""
        return self._paged.get(path)

    def learn_paged(self, path: str, paged: bool) -> None:
        """Remember whether `page` changes what this list answers."""
        self.changes += self._paged.get(path) is not paged
        self._paged[path] = paged

    def tells_id(self, path: str) -> bool | None:
        """Return whether what creates a row answers with its id; None while unknown."""
        return self._tells_id.get(path)

    def learn_tells_id(self, path: str, *, tells: bool) -> None:
        """Remember whether it did."""
        self._tells_id[path] = tells


def _note(call: Call[Any], credential: Credential, name: str) -> tuple[Credential, str, bool, str]:
    return credential, call.record.path, call.id is not None, name
