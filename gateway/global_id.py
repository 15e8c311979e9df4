"""Global ids: opaque to clients, valid across restarts and releases, of one form only."""

import base64
import binascii
import re
from functools import lru_cache

from gateway.errors import BadInputError

_FORM = re.compile(r"([A-Z][A-Za-z]*):([1-9][0-9]{0,9})")

LARGEST_ID = 2**31 - 1  # GraphQL's Int, as which `databaseId` answers it


@lru_cache(maxsize=100_000)
def encode_id(kind: str, row_id: int) -> str:
    """Return the global id of a row: "Event" and 7 to base64 of "Event:7"."""
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
    if found is None or int(found[2]) > LARGEST_ID or encode_id(found[1], int(found[2])) != text:
        raise BadInputError("This is not an id of this gateway: send an 'id' that a query returned.")
    return found[1], int(found[2])


def integer_of(kind: str, text: str) -> int:
    """Return the integer of a global id of type `kind`; BadInputError for anything else."""
    found, row_id = decode_id(text)
    if found != kind:
        raise BadInputError(f"This is an id of type {found}: an id of type {kind} is wanted.")
    return row_id
