"""Unpacks an answer's body piece by piece: a few bytes may be a thousand times as many before anything counts them."""

import zlib
from collections.abc import Callable, Iterator, Sequence

from gateway.errors import UnreadableError

Unpack = Callable[[bytes], Iterator[bytes]]
"""Makes of a piece as it came the pieces that it holds, each of at most PIECE bytes."""

PIECE = 65_536
"""The most bytes that are unpacked at once."""
_EITHER = 32 + zlib.MAX_WBITS  # gzip or zlib, as the first bytes tell
_RAW = -zlib.MAX_WBITS
_NONE = frozenset({"", "identity"})
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})  # what `Accept-Encoding` names


def unpacker(headers: Sequence[str]) -> Unpack | None:
    """Return how a body with these `Content-Encoding` headers is unpacked; None where it is not packed.

    Raises:
        UnreadableError: it is packed twice, or in a way that was not asked for.
    """
    codings = [one.strip().lower() for header in headers for one in header.split(",")]
    codings = [one for one in codings if one not in _NONE]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _KNOWN:
        raise UnreadableError("PlanDocket's answer is packed in a way that was not asked for.")
    return _Unpacking().feed


class _Unpacking:
    """One body. `deflate` is zlib's form, and raw from servers that got that wrong."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_EITHER)
        self._is_first = True

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield what a piece holds.

        Raises:
            UnreadableError: it is broken.
        """
        try:
            while piece and not self._stream.eof:
                yield self._step(piece)
                piece = self._stream.unconsumed_tail
        except zlib.error:
            raise UnreadableError("PlanDocket's answer is packed, and broken.") from None

    def _step(self, piece: bytes) -> bytes:
        is_first, self._is_first = self._is_first, False
        try:
            return self._stream.decompress(piece, PIECE)
        except zlib.error:
            if not is_first:
                raise
            self._stream = zlib.decompressobj(_RAW)
            return self._stream.decompress(piece, PIECE)
