"""Results of queries, kept as JSON for as long as running them again would come to the same.

What a query comes to depends on its document, its variables, the caller's key and access, and on what it read. So
the result of one whose every read was answered by what is kept stands as long as each of these reads is still
answered by the same object: the cache puts another in its place whenever anything it holds changes, and none once it
is fresh no more. A query that asked for anything else, such as what is left of the hour, is not kept: see
`gateway.mirror.answers.asked.Operation.kept_reads`.
"""

from collections import OrderedDict

import msgspec

from gateway.graph.caller import Access
from gateway.graph.context import Context
from gateway.mirror.answers.asked import KeptReads
from gateway.upstream.way.credential import Credential
from gateway.upstream.wire.flaws import Unread, Unreadable

_MOST_BYTES = 32_000_000
_LARGEST_PART = 0.1  # of them: one result must not push out all others
_BESIDE = 1_000  # bytes that a result takes beside its texts, about


# Neither can be part of a circle: the garbage collector need not look through the many that are kept.
class Key(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    """What a query's result goes by, beside what it reads."""

    query: str
    operation_name: str | None
    variables: bytes
    """As JSON."""
    credential: bytes | None
    """The caller's, by its digest."""
    access: Access


class _Result(msgspec.Struct, frozen=True, gc=False):
    data: msgspec.Raw
    reads: KeptReads
    wanted: int
    unavailable: tuple[str, ...]
    unread: tuple[Unreadable, ...]
    more_unread: int


class Results:
    """The most recently used results, of so many bytes together."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Key, _Result] = OrderedDict()

    def find(self, key: Key, context: Context) -> msgspec.Raw | None:
        """Return the data that a query would come to now; None where it has to be run."""
        result = self._kept.get(key)
        if result is None:
            return None
        if not context.repeat(result.reads):
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        context.wanted = result.wanted
        context.unavailable.update(result.unavailable)
        if result.unread:
            context.reading.unread = Unread(result.unread, result.more_unread)
        return result.data

    def keep(self, key: Key, context: Context, data: object) -> object:
        """Keep what a query without errors came to, where it may be kept; return it, as JSON if it is that by now."""
        reads = context.reading.kept_reads
        if reads is None:
            return data
        self._drop(key)
        raw = msgspec.Raw(msgspec.json.encode(data))
        if (size := _size(key, raw)) > self._most_bytes * _LARGEST_PART:
            return raw
        unread = context.reading.unread
        first = tuple(unread.first)
        self._kept[key] = _Result(
            raw, reads, context.wanted, tuple(context.unavailable), first, unread.count - len(first)
        )
        self._bytes += size
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._kept)))
        return raw

    def forget(self, credential: Credential | None) -> None:
        """Drop the results of a credential that PlanDocket does not know any more; of all where it is None."""
        for key in [key for key in self._kept if credential is None or key.credential == credential.digest]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        result = self._kept.pop(key, None)
        if result is not None:
            self._bytes -= _size(key, result.data)


def _size(key: Key, data: msgspec.Raw) -> int:
    texts = len(key.query) + len(key.operation_name or "") + len(key.variables)
    return _BESIDE + texts + len(memoryview(data))
