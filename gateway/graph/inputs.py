"""Inputs of writes: what they give, in PlanDocket's names, with all their faults at once, and what they say of null."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import date
from enum import Enum
from typing import Any, cast

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError, GatewayError
from gateway.graph.arguments import checked_text
from gateway.graph.context import Context
from gateway.graph.global_id import integer_of
from gateway.graph.lookup import By
from gateway.graph.user_errors import InputRefusedError, UserError, UserErrorCode, all_of, present, refused
from gateway.upstream.record import Record, RequestField
from gateway.upstream.way.tasks import settle

Body = dict[str, Any]
"""A request's fields in PlanDocket's names."""


class Inputs(msgspec.Struct, frozen=True):
    """A resource's inputs: where its request fields stand in them."""

    record: Record[Any]
    references: Mapping[str, type[By]] = {}
    """What names the rows of another resource, by the request fields that want their keys or ids."""

    def attribute(self, column: str) -> str:
        """Return where a request field stands in the input: "event" for "event_key"."""
        return self.record.writable[column].place or column

    def place(self, column: str) -> str:
        """Return the same in GraphQL."""
        return to_camel_case(self.attribute(column))

    def given(self, source: object) -> dict[str, Any]:
        """Return what an input gives, by request field: null included, what is left out not."""
        values = {
            name: getattr(source, self.attribute(name), strawberry.UNSET) for name in self.record.writable
        }
        return {name: value for name, value in values.items() if value is not strawberry.UNSET}

    def row_id(self, global_id: str, *path: str) -> int:
        """Return the integer of the row that a write is about; InputRefusedError for what is no id of it."""
        with refused_at(*path):
            return integer_of(self.record.row.kind, global_id)

    async def body_of_new(self, context: Context, source: object) -> Body:
        """Return what a create sends: null is what is left out.

        Raises:
            InputRefusedError: all faults of the input.
        """
        return await self._body(context, _not_null(self.given(source)))

    async def body_of_change(self, context: Context, source: object) -> Body:
        """Return what an update sends: null where the record's table takes it.

        Raises:
            InputRefusedError: all faults of the input.
        """
        return await self._body(context, self.given(source))

    async def foreseen(
        self, context: Context, source: object, *, is_new: bool
    ) -> tuple[Body, list[UserError]]:
        """Return what a create or an update sends, as far as what is kept tells it; and the faults of the input."""
        given = _not_null(self.given(source)) if is_new else self.given(source)
        results = await settle(self._sent(context, name, value) for name, value in given.items())
        body, faults = Body(), list[UserError]()
        for name, result in zip(given, results, strict=True):
            if isinstance(result, InputRefusedError):
                faults += result.errors
            elif not isinstance(result, Exception):
                body[name] = result
            elif not isinstance(result, GatewayError):
                raise result
        return body, faults

    async def _body(self, context: Context, given: Mapping[str, Any]) -> Body:
        values = await all_of(self._sent(context, name, value) for name, value in given.items())
        return dict(zip(given, values, strict=True))

    async def _sent(self, context: Context, column: str, value: Any) -> Any:
        place = self.place(column)
        if value is None:
            return _null(place, self.record.writable[column])
        if column not in self.references:
            if column == self.record.key:
                with refused_at(place):
                    _check_key(place, value)
            return to_wire(value)
        if isinstance(value, list):
            each = enumerate(cast(list[Any], value))
            return await all_of(_reference(context, column, by, place, str(index)) for index, by in each)
        return await _reference(context, column, value, place)


def inputs_of(record: Record[Any], new: type, change: type) -> Inputs:
    """Return a resource's inputs: `new` of creates, `change` of updates.

    The descriptions of their optional fields then also say what a new row has without them, and what null does.
    """
    for of, say in ((new, _when_new), (change, _when_null)):
        sentences = {field.place or name: say(field) for name, field in record.writable.items()}
        definition = cast(Any, of).__strawberry_definition__
        definition.fields = [_saying(field, sentences) for field in definition.fields]
    named = {field.python_name: _named(field) for field in cast(Any, new).__strawberry_definition__.fields}
    references = {name: named[field.place or name] for name, field in record.writable.items()}
    return Inputs(record, {name: by for name, by in references.items() if by is not None})


def _named(field: Any) -> type[By] | None:
    """Return what a field, or each of its list, names a row with; None where it names none."""
    of = field.type
    while hasattr(of, "of_type"):
        of = of.of_type
    return of if isinstance(of, type) and issubclass(of, By) else None


async def _reference(context: Context, column: str, by: By, *path: str) -> str | int:
    """Return what a request names a row by; InputRefusedError, at the `path` or below, where it cannot.

    PlanDocket wants keys, but where the request field's own name says id. Source: /en/api/categories.html
    """
    name, value = named_by(by)
    with refused_at(*path, name):
        if isinstance(value, str):
            _check_key(name, value)
        wants_id = column.endswith("_id")
        found = await (by.find_id(context) if wants_id else by.find_key(context, *path))
    return present(found, by.record.row.kind.lower(), *path)


def named_by(by: object) -> tuple[str, Any]:
    """Return the one field that an input of exactly one gives, by its name in GraphQL, and its value."""
    [(name, value)] = [(name, value) for name, value in vars(by).items() if value is not strawberry.UNSET]
    return to_camel_case(name), value


@contextmanager
def refused_at(*path: str) -> Generator[None]:
    """Turn what is wrong with an argument into a fault of a write's input, at its `path` there."""
    try:
        yield
    except BadInputError as error:
        raise refused(str(error), UserErrorCode.VALIDATION_FAILED, *path) from None


def to_wire(value: Any) -> Any:
    """Return a value of an input as JSON has it. Dates are ISO 8601. Source: /en/api/events.html"""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return value


def _not_null(given: Mapping[str, Any]) -> Body:
    return {name: value for name, value in given.items() if value is not None}


def _check_key(name: str, text: str) -> None:
    """Raise BadInputError for a text that names no row, and that none could be found by."""
    if not text.strip():
        raise BadInputError(f"'{name}' must not be empty.")
    checked_text(name, text)


def _null(place: str, field: RequestField) -> Any:
    if field.instead_of_null is not None:
        message = f"`{place}` cannot be cleared: leave it out or give {field.instead_of_null}."
        raise refused(message, UserErrorCode.VALIDATION_FAILED, place)
    return field.null


def _when_new(field: RequestField) -> str:
    if field.default is None:
        return "Null is the same as leaving it out."
    return f"{field.default} where it is left out or null."


def _when_null(field: RequestField) -> str:
    if field.instead_of_null is None:
        return f"Null {field.cleared}."
    return f"Null is refused: leave it out or give {field.instead_of_null}."


def _saying(field: Any, sentences: Mapping[str, str]) -> Any:
    """Return a field, or one like it whose description also has its sentence: classes share what they inherit."""
    sentence = sentences.get(field.python_name)
    if sentence is None or field.default is not strawberry.UNSET:
        return field
    told = copy(field)
    told.description = f"{field.description} {sentence}"
    return told
