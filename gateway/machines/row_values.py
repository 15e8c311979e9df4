"""A row as it lies in Redis: what is held of it, and whose it is. Pure.

It begins with the number of its last change, the process that told that, why, and a digest of the row.
"""

import hmac
from collections.abc import Callable, Iterable
from hashlib import blake2b
from math import floor, inf
from sys import intern
from typing import Any, Generic

import msgspec

from gateway.mirror.rows.held import Held
from gateway.upstream.record import Many, Record, RowT
from gateway.upstream.wire.flaws import Flaw

NEVER = "0" * 18
"""The number before all others."""
_HEAD = 43
_THOUSANDTHS = 1_000


class ForeignValueError(Exception):
    """What lies in Redis is another owner's or resource's, or no row at all."""


class Stored(msgspec.Struct, frozen=True):
    """What Redis has of a row."""

    number: str
    """Of its last change: epoch and number as hexadecimal digits, so that texts are ordered as they are."""
    held: Held | None
    """None where it was deleted, or is not known any more."""
    gone_at: float | None = None
    """When it was deleted, by Redis' clock; None where that is not known to be so."""


def number_of(epoch: int, n: int) -> str:
    """Return the number of a change."""
    return f"{epoch:08x}{n:010x}"


def number_in(value: bytes) -> str:
    """Return the number that what lies in Redis begins with: one text for all that were told together."""
    return intern(value[:18].decode("ascii", "replace"))


def version_of(records: Iterable[Record[Any]]) -> str:
    """Return what tells rows of this version of the gateway from others: processes that read other rows share none."""
    rows = [
        (record.path, [(one.name, str(one.type)) for one in msgspec.structs.fields(record.row)])
        for record in records
    ]
    return blake2b(repr(rows).encode(), digest_size=8).hexdigest()


class RowValues(Generic[RowT]):
    """One resource's rows of one owner."""

    def __init__(self, record: Record[RowT], owner: bytes) -> None:
        self._record = record
        self._tag = hmac.digest(owner, record.path.encode(), "sha256").hex()[:16]
        self._many = [name for name, embed in record.includes.items() if isinstance(embed, Many)]
        kept = tuple[
            str,
            record.row,
            dict[str, Any],
            dict[str, float],
            tuple[Flaw, ...],
            tuple[str, ...],
            float,
            float | None,
        ]
        self._decoder = msgspec.json.Decoder(kept)

    def encode(self, held: Held, told: Callable[[float], float]) -> tuple[str, bytes]:
        """Return a digest of a row, and what lies in Redis of it; `told` turns its moments into Redis' time."""
        at = _floor(told(held.at))
        others = {
            name: _floor(told(one))
            for name, one in held.told_at.items()
            if name in held.links and one != held.at
        }
        member_at = None if held.is_member_at == -inf else _floor(told(held.is_member_at))
        row = msgspec.json.encode(held.row)
        value = msgspec.json.encode(
            (self._tag, msgspec.Raw(row), held.links, others, held.flaws, sorted(held.old), at, member_at)
        )
        return blake2b(row, digest_size=4).hexdigest(), value

    def decode(self, value: bytes, row_id: int, here: Callable[[float], float]) -> Stored:
        """Return what Redis has of a row; `here` turns Redis' time into this process's moments.

        Raises:
            ForeignValueError: it is not this owner's row.
        """
        number, rest = number_in(value), value[_HEAD:]
        try:
            if rest[:1] in (b"g", b"d"):
                return Stored(number, None, here(float(rest[1:])) if rest[:1] == b"g" else None)
            tag, row, links, others, flaws, old, at, member_at = self._decoder.decode(rest)
        except (msgspec.MsgspecError, ValueError):
            raise ForeignValueError from None
        if tag != self._tag or row.id != row_id:
            raise ForeignValueError
        links |= {name: tuple(links[name]) for name in self._many if name in links}
        moment = here(at)
        told_at = {name: here(others[name]) if name in others else moment for name in links}
        member = -inf if member_at is None else here(member_at)
        return Stored(number, Held(row, moment, member, links, told_at, flaws, frozenset(old)))


def _floor(seconds: float) -> float:
    return floor(seconds * _THOUSANDTHS) / _THOUSANDTHS
