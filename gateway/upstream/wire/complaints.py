"""What an answer says against a request, in whichever shape PlanDocket's framework gives it. Pure.

Documented is `{"error": text, "errors": {field: [text]}}`. What else PHP's frameworks give, and proxies before
them, stands in the tables below: Laravel and CakePHP (objects by rule, keys with dots), Symfony and API Platform
(`violations`), Laminas (`validation_messages`), Yii (a list of `field` and `message`), CodeIgniter (`messages`),
JSON:API (`source.pointer`), RFC 9457 (`title`, `detail`, `invalid-params`). No text of them may vanish.
Source: /en/getting-started/errors.html
"""

from collections.abc import Iterable
from typing import Any, cast

import msgspec

from gateway.upstream.wire.cell_forms import BOOLEAN

Json = dict[str, Any]

_LONGEST_TEXT = 500  # characters of PlanDocket's own words
_MOST_TEXTS = 100

_TOP = ("error", "message", "msg", "detail")
_SENTENCES = frozenset(
    {*_TOP, "title", "description", "reason", "error_description", "error_message", "errorMessage"}
    | {"hydra:description"}
)
_FAULTS = ("errors", "violations", "validation_messages", "validation_errors", "validationErrors")
_DETAILS = frozenset(
    {*_FAULTS, "messages", "details", "fields", "field_errors", "fieldErrors", "failures"}
    | {"invalid-params", "invalid_params"}
)
_IN_ITEMS = (
    "message",
    "msg",
    "detail",
    "messages",
    "reason",
)  # what is one fault, rather than faults by field
_PLACES = ("field", "property", "propertyPath", "param", "parameter", "attribute", "pointer", "source", "loc")
_PLACES_BESIDE_TEXT = ("path", "key", "name")  # else these may be fields
_NO_TEXTS = ("code", "status", "statusCode", "status_code", "type", "rule", "id", "@id", "@type", "severity")
_NEVER_TOLD = ("meta", "links", "trace", "parameters", "value", "input", "context", "ctx", "previous")

_OF_NONE = ("error", "general", "global", "base", "__all__", "non_field_errors", "nonFieldErrors")

_SUCCESS = ("success", "ok", "succeeded", "successful")
_STATUS = ("status", "code", "statusCode", "status_code", "result")
_FAILED = frozenset({"error", "errors", "fail", "failed", "failure", "invalid", "exception"})
_ENVELOPES = ("data", "result", "response", "meta")
OUTCOME = frozenset({*_SUCCESS, *_STATUS, "error", *_FAULTS})
"""What may stand beside rows and tell how the request went."""


class Complaint(msgspec.Struct, frozen=True):
    """What is said against a request."""

    message: str = ""
    """The sentences that are about the whole of it."""
    fields: dict[str, list[str]] = {}
    """Texts by the field that they are about, spelled as it came, "categories.1"; "" is none in particular."""
    has_details: bool = False
    """Whether more is said than one sentence under `error`, as documented where a request is no good at all."""


def complaint_in(payload: Any) -> Complaint:
    """Return what a body says against the request; a body that is no JSON comes as text, or as None."""
    sentences: list[str] = []
    fields = _Fields()
    has_details = False
    for key, value in _said(payload):
        if isinstance(value, str) and key in _SENTENCES:
            sentences.append(value.strip()[:_LONGEST_TEXT])
        else:
            fields.add(value)
        has_details = has_details or key != "error"
    message = " ".join(dict.fromkeys(filter(None, sentences)))[:_LONGEST_TEXT]
    return Complaint(message, fields.texts, has_details or bool(fields.texts))


def refuses(payload: Any) -> bool:
    """Return whether a body says that the request was not carried out, whatever its status: `{"success": false}`."""
    if isinstance(payload, list):
        return any(
            isinstance(item, dict) and _is_fault(cast(Json, item)) for item in cast(list[Any], payload)
        )
    if not isinstance(payload, dict):
        return payload is False
    return any(says_no(told) or tells_faults(told) for told in told_in(cast(Json, payload)))


def told_in(payload: Json) -> Iterable[Json]:
    """Yield the objects of a body that may tell how the request went: itself, and those in its envelopes."""
    yield payload
    yield from (cast(Json, payload[name]) for name in _ENVELOPES if isinstance(payload.get(name), dict))


def status_in(payload: Any) -> int | None:
    """Return the HTTP status of a failure that a body tells inside: `{"status": "error", "code": 404}`."""
    if not isinstance(payload, dict):
        return None
    found = cast(Json, payload)
    places = [found, *(found[name] for name in ("error", *_ENVELOPES) if isinstance(found.get(name), dict))]
    numbers = (
        _failed_status(cast(Json, place).get(name)) for place in places for name in (*_STATUS, "error")
    )
    return next((number for number in numbers if number), None)


def _said(payload: Any) -> Iterable[tuple[str, Any]]:
    """Yield what is said at the top of a body, or in an envelope there: sentences, and what holds more of them."""
    if isinstance(payload, str | list):
        yield "errors", payload
    if not isinstance(payload, dict):
        return
    found = cast(Json, payload)
    if not found.keys() & {*_TOP, *_DETAILS}:  # bare lists of messages, by field
        lists: Json = {name: value for name, value in found.items() if isinstance(value, list)}
        if lists:
            yield "errors", {name: value for name, value in lists.items() if name not in _NEVER_TOLD}
            return
    for name, value in found.items():
        if name in _SENTENCES | _DETAILS and isinstance(value, str | dict | list):
            yield name, value
        elif name in _ENVELOPES and isinstance(value, dict):
            inner = cast(Json, value)
            yield from ((key, inner[key]) for key in inner if key in {*_TOP, *_DETAILS})


def says_no(found: Json) -> bool:
    """Return whether an object says that something failed, by a flag or a status."""
    return any(_is_no(found.get(name)) for name in _SUCCESS) or any(
        _failed_status(found.get(name)) or _is_failed(found.get(name)) for name in _STATUS
    )


def tells_faults(found: Json) -> bool:
    """Return whether there is anything in an object's `error`, `errors` and the like."""
    told = (found.get(name) for name in ("error", *_FAULTS))
    return any(value and value != "null" and not _is_no(value) for value in told)


def _is_no(value: Any) -> bool:
    try:
        return BOOLEAN.read(value) is False
    except ValueError:
        return False


def _is_fault(item: Json) -> bool:
    return any(key in item for key in _IN_ITEMS) and any(key in item for key in _PLACES)


def _is_failed(status: Any) -> bool:
    return isinstance(status, str) and status.strip().lower() in _FAILED


def _failed_status(status: Any) -> int | None:
    text = str(status).strip() if isinstance(status, int | str) else ""
    return int(text) if len(text) == 3 and text.isdecimal() and "400" <= text <= "599" else None


class _Fields:
    """The texts of a body, by field. Not by recursion: it may be of any depth."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self._count = 0

    def add(self, holding: Any) -> None:
        """Take every text and number in a JSON value, in order."""
        pending: list[tuple[str, Any]] = [("", holding)]
        while pending and self._count < _MOST_TEXTS:
            name, value = pending.pop()
            if isinstance(value, dict):
                pending += reversed(list(_children(name, cast(Json, value))))
            elif isinstance(value, list):
                pending += reversed(list(_items(name, cast(list[Any], value))))
            elif isinstance(value, str | int | float) and not isinstance(value, bool):
                self._add_text(name, value if isinstance(value, str) else msgspec.json.encode(value).decode())

    def _add_text(self, name: str, text: str) -> None:
        text = text.strip()[:_LONGEST_TEXT]
        texts = self.texts.get(name, [])
        if text and text not in texts:
            self.texts[name] = [*texts, text]
            self._count += 1


def _children(name: str, found: Json) -> Iterable[tuple[str, Any]]:
    """Yield what an object holds: one fault, or faults by field, by index, or by rule."""
    if any(key in found for key in (*_IN_ITEMS, *_PLACES)):
        place = _joined(name, _place_of(found))
        for key, value in found.items():
            is_text = isinstance(value, dict | list) or key not in _NO_TEXTS
            if is_text and key not in (*_PLACES, *_PLACES_BESIDE_TEXT, *_NEVER_TOLD):
                yield place, value
        return
    for key, value in found.items():
        if key in _NO_TEXTS and not isinstance(value, dict | list):
            continue
        if key in _OF_NONE or (key in _DETAILS and isinstance(value, dict | list)):
            yield name, value
        elif not name or key.isdecimal() or isinstance(value, dict):
            yield _joined(name, key), value
        else:
            yield name, value


def _items(name: str, found: list[Any]) -> Iterable[tuple[str, Any]]:
    """Yield a list's items: messages, or messages by index where each item is a list itself."""
    is_by_index = bool(name) and len(found) > 1 and all(isinstance(item, list) for item in found)
    return ((_joined(name, str(index)) if is_by_index else name, item) for index, item in enumerate(found))


def _place_of(found: Json) -> str:
    for key in (*_PLACES, *_PLACES_BESIDE_TEXT):
        value = found.get(key)
        if isinstance(value, dict):
            source = cast(Json, value)
            value = source.get("pointer", source.get("parameter"))
        if isinstance(value, list):
            value = ".".join(str(part) for part in cast(list[Any], value) if isinstance(part, str | int))
        if isinstance(value, str) and value:
            return value
    return ""


def _joined(name: str, more: str) -> str:
    return f"{name}.{more}" if name and more else name or more
