"""Inputs of writes: what they give, in PlanDocket's names, with all their faults at once, and what they say of null."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import date
from enum import Enum
from typing import Any, TypeVar, cast

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError
from gateway.graph.arguments import checked_text
from gateway.graph.context import Context
from gateway.graph.global_id import integer_of
from gateway.graph.row_loaders import ById, ByKey
from gateway.graph.user_errors import InputRefusedError, UserErrorCode, all_of, present, refused
from gateway.upstream.record import Record, RequestField

T = TypeVar("T")

Body = dict[str, Any]
"""A request's fields in PlanDocket's names."""


class Reference(msgspec.Struct, frozen=True):
    """An input field that names one or more rows of another resource, as requests do by a key or an id."""

    name: str
    """The field's, in the input."""
    by_key: type[ByKey[Any]]
    by_id: type[ById[Any]]
    find: Callable[[Any, Context], Awaitable[Any]]
    """Leads from what names a row to what a request names it by; to None where there is no such row."""
    keyless: Callable[..., InputRefusedError] | None = None
    """Says, at a path in the input, that a row has nothing a request could name it by; None where all rows should."""

    @property
    def what(self) -> str:
        """What is named: "event"."""
        return self.by_id.record.row.kind.lower()

    async def sent(self, context: Context, by: Any, *path: str) -> Any:
        """Return what a request names a row by; InputRefusedError, at the `path` or below, where it cannot."""
        name, value = named_by(by)
        with refused_at(*path, name):
            if isinstance(value, str):
                _check_key(name, value)
            found = await self.find(by, context)
        return present(found, self.what, *path)


class Inputs(msgspec.Struct, frozen=True):
    """A resource's inputs: where its request fields stand in them."""

    record: Record[Any]
    references: Mapping[str, Reference] = {}
    """By their request fields. Any other field has its own name, in camelCase."""

    def attribute(self, column: str) -> str:
        """Return where a request field stands in the input: "event" for "event_key"."""
        reference = self.references.get(column)
        return reference.name if reference else column

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
        given = self.given(source)
        return await self._body(context, {name: value for name, value in given.items() if value is not None})

    async def body_of_change(self, context: Context, source: object) -> Body:
        """Return what an update sends: null where the record's table takes it.

        Raises:
            InputRefusedError: all faults of the input.
        """
        return await self._body(context, self.given(source))

    def of_creates(self, of: type[T]) -> type[T]:
        """Let the descriptions of an input's optional fields say what a new row has without them."""
        return self._describe(of, _when_new)

    def of_updates(self, of: type[T]) -> type[T]:
        """Let the descriptions of an input's optional fields say what null does to a row."""
        return self._describe(of, _when_null)

    async def _body(self, context: Context, given: Mapping[str, Any]) -> Body:
        values = await all_of(self._sent(context, name, value) for name, value in given.items())
        return dict(zip(given, values, strict=True))

    async def _sent(self, context: Context, column: str, value: Any) -> Any:
        place, reference = self.place(column), self.references.get(column)
        if value is None:
            return _null(place, self.record.writable[column])
        if reference is None:
            if column == self.record.key:
                with refused_at(place):
                    _check_key(place, value)
            return to_wire(value)
        if isinstance(value, list):
            each = enumerate(cast(list[Any], value))
            return await all_of(reference.sent(context, by, place, str(index)) for index, by in each)
        return await reference.sent(context, value, place)

    def _describe(self, of: type[T], say: Callable[[RequestField], str]) -> type[T]:
        sentences = {self.attribute(name): say(field) for name, field in self.record.writable.items()}
        definition = cast(Any, of).__strawberry_definition__
        definition.fields = [_saying(field, sentences) for field in definition.fields]
        return of


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
