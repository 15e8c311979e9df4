"""Global ids: opaque to clients, valid across restarts and releases, of one form only."""

import base64
import binascii
import re
from collections.abc import Mapping
from functools import cache

from gateway.errors import BadInputError

_FORM = re.compile(r"([A-Z][A-Za-z]*):([1-9][0-9]{0,9})")

LARGEST_ID = 2**31 - 1  # GraphQL's Int, as which `databaseId` answers it


_MOST_KEPT = 25_000  # of a kind


class _Ids(dict[int, str]):
    """The global ids of one kind, each made when it is first asked for."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __missing__(self, row_id: int) -> str:
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[row_id] = found = _encoded(self._kind, row_id)
        return found


@cache
def global_ids(kind: str) -> Mapping[int, str]:
    """Return the global ids of a type's rows by their integers: for "Event", 7 to base64 of "Event:7"."""
    return _Ids(kind)


def _encoded(kind: str, row_id: int) -> str:
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def decode_id(text: str) -> tuple[str, int]:
    """Return the type's name and the integer of a global id.

    Raises:
        BadInputError: the text is no global id of this gateway.
    """
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        plain = ""
    found = _FORM.fullmatch(plain)
    if found is None or int(found[2]) > LARGEST_ID or _encoded(found[1], int(found[2])) != text:
        raise BadInputError("This is not an id of this gateway: send an 'id' that a query returned.")
    return found[1], int(found[2])


def integer_of(kind: str, text: str) -> int:
    """Return the integer of a global id of type `kind`; BadInputError for anything else."""
    found, row_id = decode_id(text)
    if found != kind:
        raise BadInputError(f"This is an id of type {found}: an id of type {kind} is wanted.")
    return row_id
