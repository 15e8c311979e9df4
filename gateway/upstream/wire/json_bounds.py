"""From a body to JSON, within bounds of memory. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.errors import UnreadableError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BYTES_AN_OBJECT = 40  # at least, on average: a participation alone has 88
_BYTES_A_VALUE = 6  # likewise, with its name
_FEW = 1_000  # values of either kind that may come whatever the size
_LARGE = 1_000_000  # bytes

_OUTER = dict[str, msgspec.Raw] | list[msgspec.Raw]
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Items(list[Any]):
    """A long list, each of whose items is decoded when it is taken: all at once they take ten times their size."""

    def __iter__(self) -> Iterator[Any]:
        """Yield the items; UnreadableError for one that is not JSON."""
        return map(_decoded, super().__iter__())

    def __getitem__(self, place: Any) -> Any:
        """Return one item."""
        return _decoded(super().__getitem__(place))


def decode(body: bytes) -> Any:
    """Return the JSON of a body; UnreadableError for anything else (a proxy's HTML page), or where it is too dense."""
    refuse_dense(body)
    return decode_sparse(body)


def decode_sparse(body: bytes) -> Any:
    """Return what `decode` does, of a body that `refuse_dense` let pass.

    Each file of PHP that was saved with a byte-order mark writes it before what it answers.
    """
    while body.startswith(_BYTE_ORDER_MARK):
        body = body.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if len(body) <= _LARGE:
        return _decoded(body)
    outer: dict[str, msgspec.Raw] | list[msgspec.Raw] = _decoded(body, _OUTER)
    return Items(outer) if isinstance(outer, list) else {name: _member(raw) for name, raw in outer.items()}


def refuse_dense(body: bytes) -> None:
    """Raise UnreadableError for more values than rows of its size can have: 15 MB of `[]` take 300 MB, and a second."""
    objects = _count(body, b"{") + _count(body, b"[")
    if (
        objects > _FEW + len(body) // _BYTES_AN_OBJECT
        or _count(body, b",") > _FEW + len(body) // _BYTES_A_VALUE
    ):
        raise UnreadableError("PlanDocket's answer holds far more values than its size has room for rows.")


def _count(body: bytes, sign: bytes) -> int:
    """Count piece by piece: no other thread runs while one is counted."""
    return sum(body.count(sign, start, start + _LARGE) for start in range(0, len(body), _LARGE))


def _member(raw: msgspec.Raw) -> Any:
    is_long_list = len(memoryview(raw)) > _LARGE and bytes(memoryview(raw)[:1]) == b"["
    return Items(_decoded(raw, list[msgspec.Raw])) if is_long_list else _decoded(raw)


def _decoded(json: bytes | msgspec.Raw, kind: Any = Any) -> Any:
    try:
        return msgspec.json.decode(json, type=kind)
    except _BROKEN:
        raise UnreadableError("PlanDocket's answer is not JSON.") from None
