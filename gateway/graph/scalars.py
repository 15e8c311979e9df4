"""The custom scalars of the schema."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any, NewType

import strawberry
from graphql import (
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    value_from_ast_untyped,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types.scalar import ScalarDefinition

Date = NewType("Date", date)
DateTime = NewType("DateTime", datetime)
DateOrDateTime = NewType("DateOrDateTime", object)
JSON = NewType("JSON", object)


WANTED = {
    "Date": "a day by ISO 8601, such as 2026-05-01",
    "DateTime": "an instant by ISO 8601, such as 2026-05-01T09:00:00+00:00",
    "JSON": "a value that JSON can hold",
    "DateOrDateTime": "a date or an instant by ISO 8601, such as 2026-05-01 or 2026-05-01T09:00:00+00:00",
}
"""What a scalar takes, as the error for any other value says it."""


_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
"""With its signs: digits alone may be a day, a number or seconds, and nobody guesses which."""


def _instant(text: Any) -> datetime:
    moment = _moment(text)
    if not isinstance(moment, datetime):
        raise GraphQLError(WANTED["DateTime"])
    return moment


def _day(text: Any) -> date:
    moment = _moment(text)
    if isinstance(moment, datetime):
        raise GraphQLError(WANTED["Date"])
    return moment


def _moment(text: Any) -> datetime | date:
    try:
        if _MOMENT.fullmatch(text) is None:
            raise ValueError("no moment")
        if len(text) == len("2026-05-01"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise GraphQLError(WANTED["DateOrDateTime"]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(literal: ValueNode, variables: Mapping[str, Any] | None = None) -> Any:
    """Return what a literal comes to with the variables in it: one that is left out leaves out its key.

    In a list it is null. Source: https://spec.graphql.org/draft/#sec-Input-Objects, #sec-List.Input-Coercion
    """
    match literal:
        case ObjectValueNode(fields=fields):
            given = ((field.name.value, _json(field.value, variables)) for field in fields)
            return {name: value for name, value in given if value is not Undefined}
        case ListValueNode(values=values):
            items = (_json(value, variables) for value in values)
            return [None if item is Undefined else item for item in items]
        case _:
            value = value_from_ast_untyped(literal, None if variables is None else dict(variables))
    if isinstance(value, float) and not isfinite(value):
        raise GraphQLError(WANTED["JSON"])
    return value


def _iso(moment: datetime) -> str:
    return moment.isoformat()


SCALARS: dict[object, ScalarDefinition] = {
    Date: strawberry.scalar(
        name="Date",
        description="A day of the calendar, ISO 8601: 2026-05-01.",
        specified_by_url="https://scalars.graphql.org/andimarek/local-date.html",
        serialize=date.isoformat,
        parse_value=_day,
    ),
    DateTime: strawberry.scalar(
        name="DateTime",
        description="An instant, ISO 8601 with offset. PlanDocket's text without a zone is read as UTC.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time.html",
        serialize=_iso,
        parse_value=_instant,
    ),
    DateOrDateTime: strawberry.scalar(
        name="DateOrDateTime",
        description="A date or an instant, ISO 8601, as precise as PlanDocket gave it: "
        "2026-05-01 stays a date.",
        serialize=lambda text: text,
        parse_value=_moment,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Anything JSON: shapes that PlanDocket does not document.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
        parse_literal=_json,
    ),
}


class _Names(NameConverter):
    """Makes each name once: Strawberry asks for those of all arguments with every field that it resolves."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, str] = {}

    def apply_naming_config(self, name: str) -> str:
        """Return a Python name as GraphQL has it."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().apply_naming_config(name)
        return made


CONFIG = StrawberryConfig(scalar_map=SCALARS, name_converter=_Names())
