"""Bodies: the documented request fields, their types and bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, cast, get_args

from gateway.sandbox.errors import invalid
from gateway.sandbox.rows import Resource, Visibility

Kind = Literal["string", "key", "date", "boolean", "integer", "strings", "array"]


@dataclass(frozen=True)
class Field:
    """One row of a request table. A `key` is a string that may not be blank."""

    kind: Kind
    required: bool = False
    nullable: bool = False  # as the response field is
    choices: tuple[object, ...] = ()


NULLABLE_STRING = Field("string", nullable=True)
NULLABLE_DATE = Field("date", nullable=True)

FIELDS: Mapping[Resource, Mapping[str, Field]] = {
    "participants": {  # /en/api/participants.html
        "event_key": Field("key", required=True),
        "customer_number": Field("key", required=True),
        "is_confirmed": Field("boolean"),
    },
    "events": {  # /en/api/events.html
        "title": Field("key", required=True),
        "event_key": Field("key"),
        "description": NULLABLE_STRING,
        "date_from": NULLABLE_DATE,
        "date_to": NULLABLE_DATE,
        "country": Field("string"),
        "state": NULLABLE_STRING,
        "city": NULLABLE_STRING,
        "application_deadline": NULLABLE_DATE,
        "is_visible": Field("boolean"),
        "opening_hours": Field("array"),  # the shape of an entry is not documented: any will do
    },
    "contacts": {  # /en/api/contacts.html
        "email": NULLABLE_STRING,
        "company_name": NULLABLE_STRING,
        "first_name": NULLABLE_STRING,
        "last_name": NULLABLE_STRING,
        "phone": NULLABLE_STRING,
        "fax": NULLABLE_STRING,
        "mobile": NULLABLE_STRING,
        "customer_number": Field("key", nullable=True),
        "address": NULLABLE_STRING,
        "postal_code": NULLABLE_STRING,
        "city": NULLABLE_STRING,
        "country": NULLABLE_STRING,
        "state": NULLABLE_STRING,
        "website": NULLABLE_STRING,
        "notes": NULLABLE_STRING,
        "tax_id": NULLABLE_STRING,
        "rating": Field("integer", choices=(1, 2, 3, 4, 5)),
        "account_access_enabled": Field("boolean"),
        "category_keys": Field("strings"),
        "event_keys": Field("strings"),
    },
    "categories": {  # /en/api/categories.html
        "title": Field("key", required=True),
        "category_key": Field("key", nullable=True),
        # Not null in the response schema, but /en/admin-guide/categories.html calls the root NULL.
        "parent_category_id": Field("integer", nullable=True),
        "content": NULLABLE_STRING,
        "event_keys": Field("strings", nullable=True),
        "is_visible": Field("boolean"),
        "applicant_visibility": Field("string", choices=get_args(Visibility)),
        "account_access_enabled": Field("boolean"),
        "sort_order": Field("integer"),
    },
}


def read_body(resource: Resource, body: Mapping[str, object], *, complete: bool) -> dict[str, object]:
    """Return the documented fields the body holds, dates parsed; all other fields are ignored.

    `complete`: required fields must be there.

    Raises:
        RefusedError: 422 with every field at fault.
    """
    values: dict[str, object] = {}
    errors: dict[str, list[str]] = {}
    for name, field in FIELDS[resource].items():
        try:
            if name in body:
                values[name] = read_value(field, body[name])
            elif complete and field.required:
                raise ValueError("This field is required.")
        except ValueError as error:
            errors[name] = [str(error)]
    if errors:
        raise invalid(errors)
    return values


def read_value(field: Field, value: object) -> object:
    """Return the value in canonical form; the text of a ValueError is the message for the client."""
    if value is None and field.nullable:
        return None
    value = read_kind(field.kind, value)
    if field.choices and value not in field.choices:
        raise ValueError(f"Must be one of: {', '.join(map(str, field.choices))}.")
    return value


def read_kind(kind: Kind, value: object) -> object:
    """Return the value of that kind, a date parsed; ValueError where it is of another."""
    match kind, value:
        case "string", str():
            return value
        case "key", str() if value.strip():
            return value
        case "date", str():
            return read_date(value)
        case "boolean", bool():
            return value
        case "integer", int() if not isinstance(value, bool):
            return value
        case "array", list():
            return tuple(cast("list[object]", value))
        case "strings", list() if all(isinstance(item, str) for item in cast("list[object]", value)):
            return tuple(cast("list[str]", value))
        case _:
            raise ValueError(MESSAGES[kind])


MESSAGES: Mapping[Kind, str] = {
    "string": "Must be a string.",
    "key": "Must be a string that is not blank.",
    "date": "Must be an ISO 8601 date.",
    "boolean": "Must be a boolean.",
    "integer": "Must be an integer.",
    "array": "Must be an array.",
    "strings": "Must be an array of strings.",
}


def read_date(text: str) -> date:
    """Return a pure date as a date, a date-time in UTC; without an offset it is UTC already.

    Source: /en/api/events.html names ISO 8601, no precision and no zone.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(MESSAGES["date"]) from None
