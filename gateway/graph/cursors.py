"""Cursors: the row that was seen last, as text. Their format is for good: they outlive releases of the gateway.

base64url without padding, of four bytes of checksum and a msgpack array of

* the version, 1
* a hash of what the list is filtered and ordered by, of whose list it is, and of whether the order is the gateway's own
* the values that the row is ordered by, none in PlanDocket's own order: later orders only add values
* the row's id
* its offset in the list, from 0: a hint, where to look for it first

The checksum runs over the connection's name too. So a cursor that was cut, changed or made by another
field is refused, and one of another filter or order of the same field is told apart. It guards against
mistakes, not against forgery: a forged cursor leads to no row that its sender may not list.
Cursors of the release before, base64 of "participants:25", are still read: they tell an offset alone.
"""

import base64
import binascii
import hashlib
import re
import zlib
from typing import Annotated

import msgspec

from gateway.errors import BadInputError
from gateway.mirror.rows.list_order import Anchor, Sorting, Value
from gateway.upstream.record import Int, Row

_VERSION = 1
_LONGEST = 2_000
_HASH_BYTES = 6
_CHECK_BYTES = 4
_Offset = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class _Content(msgspec.Struct, array_like=True, frozen=True, gc=False):
    version: int
    list: bytes
    key: tuple[Value, ...]
    id: Int
    offset: _Offset


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Content).decode
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Cursors:
    """Writes and reads the cursors of one list.

    `name` is the connection's, `filters` what makes it another list than others of that name.
    """

    def __init__(self, name: str, filters: object, sorting: Sorting) -> None:
        self._name = name
        self._seed = zlib.crc32(name.encode())
        self._list, self._own = _hash(filters), _hash(("own", filters))
        self._sorting = sorting

    def of(self, row: Row, offset: int, *, is_own: bool = False) -> str:
        """Return the cursor of a row that stands at an offset, from 0; `is_own` in the gateway's own order."""
        found = self._own if is_own else self._list
        return self._text(_Content(_VERSION, found, self._sorting.key(row), row.id, offset))

    def of_key(self, key: tuple[Value, ...], row_id: int) -> str:
        """Return the cursor of a row of a list that is ordered by keys."""
        return self._text(_Content(_VERSION, self._own, key, row_id, 0))

    def wrote(self, cursor: str) -> bool:
        """Return whether a cursor is one of this list."""
        content = self._content(cursor)
        return content is not None and content.list in (self._list, self._own)

    def read(self, cursor: str) -> Anchor:
        """Return the row that a cursor names.

        Raises:
            BadInputError: none of this field, or of another filter or order.
        """
        content = self._content(cursor)
        if content is None:
            return Anchor(self._plain_offset(cursor))
        if content.list not in (self._list, self._own):
            raise self.other_list
        return Anchor(content.offset, content.id, content.key, content.list == self._own)

    @property
    def other_list(self) -> BadInputError:
        """The error for a cursor of another filter or order."""
        return BadInputError(
            f"This cursor of '{self._name}' is of another list: send it with the filter and the order that it was "
            "returned with, or begin without a cursor."
        )

    def _text(self, content: _Content) -> str:
        body = _encode(content)
        check = zlib.crc32(body, self._seed).to_bytes(_CHECK_BYTES)
        return binascii.b2a_base64(check + body, newline=False).translate(_URL_SAFE, b"=").decode()

    def _content(self, cursor: str) -> _Content | None:
        if len(cursor) > _LONGEST or not cursor.isascii():
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            content = _decode(raw[_CHECK_BYTES:])
        except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
            return None
        # Also what is not written as `of` writes it: base64 and msgpack have several ways.
        is_own = content.version == _VERSION and self._text(content) == cursor
        return content if is_own else None

    def _plain_offset(self, cursor: str) -> int:
        """Return the offset that a cursor of the release before tells; BadInputError for anything else."""
        try:
            plain = base64.b64decode(cursor, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            plain = ""
        found = re.fullmatch(re.escape(self._name) + r":(0|[1-9][0-9]{0,8})", plain)
        if found is None:
            raise BadInputError(
                f"This is not a cursor of '{self._name}': send one that the same field returned."
            )
        return int(found[1])


def _hash(value: object) -> bytes:
    return hashlib.blake2b(_encode(value), digest_size=_HASH_BYTES).digest()
