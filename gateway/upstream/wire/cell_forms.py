"""Every form in which a value of PlanDocket's is taken, in one table: `KINDS`. Pure.

The documentation leaves most forms open (its schema tables say text where its samples show unix seconds), and what
such servers are made of writes one value in several: PHP casts false to "", json_encode makes objects of arrays that
were filtered, MySQL gives booleans as numbers, decimals as text and bits as characters. A value in none of these
forms is unreadable; nothing is guessed at.
"""

import math
import re
from collections.abc import Callable, Iterable
from types import NoneType
from typing import Any, cast

import msgspec

from gateway.upstream.wire.moments import (
    as_text,
    instant,
    local,
    moment,
    of_compact,
    of_iso,
    of_nothing,
    of_php,
    of_unix,
    of_unix_text,
)

YES = frozenset({"1", "true", "yes", "on", "y", "t", "\1"})
NO = frozenset({"0", "false", "no", "off", "n", "f", "\0", ""})
"""What texts are booleans, in small letters. "" is false cast to text by PHP, the characters are MySQL's BIT(1)."""

_WHOLE = re.compile(r"([+-]?[0-9]+)(\.0*)?")
_LARGEST = 2**31 - 1  # of what GraphQL's Int can hold


class Form(msgspec.Struct, frozen=True):
    """One way in which the values of a kind may come."""

    name: str
    of: type
    """What JSON makes of it."""
    read: Callable[[Any], Any]
    """Returns the value, None for nothing; ValueError or OverflowError for what is not of this form."""


class Kind:
    """The forms that the values of a kind of column may come in, the plain one first."""

    def __init__(self, name: str, *forms: Form) -> None:
        self.name = name
        self.forms = forms
        self._by_type: dict[type, list[Form]] = {}
        for form in forms:
            self._by_type.setdefault(form.of, []).append(form)

    def read(self, value: Any) -> Any:
        """Return the value, None where there is nothing; ValueError where it is in none of the forms."""
        for form in self._by_type.get(cast(Any, type(value)), ()):
            try:
                return form.read(value)
            except (ValueError, OverflowError):
                continue
        raise ValueError(f"not a form of {self.name}")


def is_indexed(value: Any) -> bool:
    """Return whether an object is a list by index: PHP makes one of an array that was filtered, or is empty."""
    return isinstance(value, dict) and all(key.isdecimal() for key in cast(dict[str, Any], value))


def _as_it_is(value: Any) -> Any:
    return value


def _nothing(_: Any) -> None:
    return None


def _no_text(text: str) -> None:
    if text.strip().lower() not in ("", "null"):
        raise ValueError("a text")


def _int(value: int) -> int:
    if not -_LARGEST - 1 <= value <= _LARGEST:
        raise ValueError("no integer that GraphQL's Int can hold")
    return value


def _whole(value: float) -> int:
    if not math.isfinite(value) or not value.is_integer():
        raise ValueError("a fraction")
    return _int(int(value))


def _digits(text: str) -> int:
    found = _WHOLE.fullmatch(text.strip())
    if found is None:
        raise ValueError("no whole number")
    return _int(int(found[1]))


def _at_least(least: int, form: Form) -> Form:
    def read(value: Any) -> int | None:
        number = form.read(value)
        if number is not None and number < least:
            raise ValueError("too small")
        return number

    return Form(form.name, form.of, read)


def _counted(found: dict[str, Any]) -> int | None:
    if found.keys() != {"count"}:
        raise ValueError("no count")
    return INTEGER.read(found["count"])


def _zero_or_one(value: float) -> bool:
    if value not in (0, 1):
        raise ValueError("neither 0 nor 1")
    return value == 1


def _word(text: str) -> bool:
    word = text.strip().lower()
    if word in YES:
        return True
    if word not in NO:
        raise ValueError("no boolean")
    return False


def _number_as_text(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value.is_integer() else str(value)


def _keys(found: Iterable[Any]) -> tuple[str, ...]:
    keys = (TEXT.read(key) for key in found)
    return tuple(key for key in keys if key and key.strip())


def _by_index(found: dict[str, Any]) -> list[Any]:
    if not is_indexed(found):
        raise ValueError("an object")
    return list(found.values())


def _list_as_json(text: str) -> list[Any]:
    try:
        return msgspec.json.decode(text, type=list[Any])
    except msgspec.DecodeError:
        raise ValueError("no JSON") from None


def _keys_by_index(found: dict[str, Any]) -> tuple[str, ...]:
    return _keys(_by_index(found))


def _keys_as_json(text: str) -> tuple[str, ...] | None:
    if text.strip().lower() == "null":
        return None
    try:
        return _keys(msgspec.json.decode(text, type=list[Any]))
    except msgspec.DecodeError:
        raise ValueError("no JSON") from None


def _keys_with_commas(text: str) -> tuple[str, ...]:
    if text.lstrip()[:1] in ("[", "{"):
        raise ValueError("JSON")
    return tuple(key.strip() for key in text.split(",") if key.strip())


_NULL = Form("null", NoneType, _nothing)
_NO_TEXT = Form("an empty text, or null as text", str, _no_text)

INTEGER = Kind(
    "an integer",
    Form("a number", int, _int),
    Form("a whole float", float, _whole),
    Form("digits", str, _digits),
    _NULL,
    _NO_TEXT,
)
# Keys count from 1.
ID = Kind("an id", *(_at_least(1, form) for form in INTEGER.forms[:3]))
COUNT = Kind(
    "a count",
    *(_at_least(0, form) for form in (*INTEGER.forms, Form("an object that counts", dict, _counted))),
)
BOOLEAN = Kind(
    "a boolean",
    Form("a boolean", bool, _as_it_is),
    Form("a number", int, _zero_or_one),
    Form("a float", float, _zero_or_one),
    Form("a word", str, _word),
    _NULL,
    Form("null as text", str, _no_text),
)
TEXT = Kind(
    "a text",
    Form("a text", str, _as_it_is),
    Form("a number", int, str),
    Form("a float", float, _number_as_text),
    _NULL,
)
KEYS = Kind(
    "a list of keys",
    Form("a list", list, _keys),
    Form("a list by index", dict, _keys_by_index),
    Form("JSON as text", str, _keys_as_json),
    Form("keys between commas", str, _keys_with_commas),
    _NULL,
)
_TIMES = (
    Form("ISO 8601, or MySQL's text", str, of_iso),
    Form("unix seconds, milliseconds or microseconds", int, of_unix),
    Form("the same with a fraction", float, of_unix),
    Form("the same as text", str, of_unix_text),
    Form("MySQL's digits as text", str, of_compact),
    Form("MySQL's digits", int, lambda value: of_compact(str(value))),
    Form("PHP's DateTime", dict, of_php),
    Form("a zero date", str, of_nothing),
    _NULL,
    _NO_TEXT,
)
MOMENT = Kind("a moment", *(Form(form.name, form.of, moment(form.read)) for form in _TIMES))
"""A date or an instant, as ISO 8601."""
LOCAL_MOMENT = Kind(
    "a moment as it is sent",
    Form("ISO 8601", str, as_text),
    *(Form(form.name, form.of, local(form.read)) for form in _TIMES),
)
"""The same as requests take it: what has no zone is given none."""
INSTANT = Kind("an instant", *(Form(form.name, form.of, instant(form.read)) for form in _TIMES))
ANYTHING = Kind(
    "anything", *(Form("as it is", of, _as_it_is) for of in (dict, list, str, int, float, bool)), _NULL
)

LIST = Kind(
    "a list as it is sent",
    Form("a list", list, _as_it_is),
    Form("a list by index", dict, _by_index),
    Form("JSON as text", str, _list_as_json),
    _NULL,
    _NO_TEXT,
)
"""Of entries whose shape is not documented."""

KINDS = (ID, INTEGER, COUNT, BOOLEAN, TEXT, MOMENT, INSTANT, KEYS, ANYTHING)
