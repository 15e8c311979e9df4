"""Checks of what callers send, before any request is made of it."""

from typing import TypeVar

import strawberry

from gateway.errors import BadInputError
from gateway.graph.global_id import LARGEST_ID, integer_of
from gateway.upstream.wire.natural_keys import usable

LONGEST_TEXT = 200

T = TypeVar("T")


def given(value: T | None) -> T | None:
    """Return the value, None also where the argument was left out."""
    return None if value is strawberry.UNSET else value


def checked_text(name: str, text: str | None) -> str | None:
    """Return a key or search text to send; None where nothing was given, or blanks alone.

    Raises:
        BadInputError: over 200 characters.
    """
    if text and len(text) > LONGEST_TEXT:
        raise BadInputError(f"'{name}' must have at most {LONGEST_TEXT} characters, not {len(text)}.")
    return usable(text)


def checked_key(name: str, key: str | None) -> str | None:
    """Return a key to filter by; None where the argument was left out or is null.

    Raises:
        BadInputError: over 200 characters, or blank: without a key the filter would let everything through.
    """
    if given(key) is not None and usable(key) is None:
        raise BadInputError(f"'{name}' must not be empty: leave it out to filter by something else.")
    return checked_text(name, key)


def checked_id(kind: str, by_id: str | None, by_database_id: int | None) -> int | None:
    """Return the integer that one of the two names; None where no row can have it.

    Raises:
        BadInputError: a malformed global id, or one of another type.
    """
    if given(by_id) is not None:
        return integer_of(kind, by_id or "")
    database_id = given(by_database_id)
    return database_id if database_id is not None and 1 <= database_id <= LARGEST_ID else None
