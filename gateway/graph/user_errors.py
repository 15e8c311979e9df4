"""What a write's payload tells when PlanDocket, or the gateway before it, refuses the input."""

from collections.abc import Coroutine, Iterable
from enum import Enum
from typing import Any, TypeVar, cast

import strawberry

from gateway.upstream.way.tasks import settle

T = TypeVar("T")
U = TypeVar("U")


@strawberry.enum(description="Why a write was not carried out.")
class UserErrorCode(Enum):
    """The last three stand only in results of many: a single write tells them in `errors`."""

    VALIDATION_FAILED = strawberry.enum_value(
        "VALIDATION_FAILED", description="PlanDocket does not take this value."
    )
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="What the field names is not there.")
    CONFLICT = strawberry.enum_value(
        "CONFLICT", description="It is there already, or cannot be as things stand."
    )
    MISSING_CUSTOMER_NUMBER = strawberry.enum_value(
        "MISSING_CUSTOMER_NUMBER",
        description="PlanDocket takes contacts by customer number, and this one has none: give it one first.",
    )
    RATE_LIMITED = strawberry.enum_value("RATE_LIMITED", description="PlanDocket's hourly limit is reached.")
    UNAVAILABLE = strawberry.enum_value("UNAVAILABLE", description="PlanDocket did not carry it out.")
    OUTCOME_UNKNOWN = strawberry.enum_value(
        "OUTCOME_UNKNOWN", description="It was sent and no answer came that settles it: it may have happened."
    )


@strawberry.type(description="What is wrong with a write's input.")
class UserError:
    """One thing to mend."""

    message: str = strawberry.field(description="For people.")
    field: list[str] | None = strawberry.field(
        description='The path to the input field, such as ["input", "email"]; null where none is at fault.'
    )
    code: UserErrorCode = strawberry.field(description="For programs.")


class InputRefusedError(Exception):
    """The input cannot be written; nothing was."""

    def __init__(self, *errors: UserError) -> None:
        super().__init__(f"{len(errors)} user errors")
        self.errors = errors


def refused(message: str, code: UserErrorCode, *path: str) -> InputRefusedError:
    """Return the error for one input field; `path` is what follows "input"."""
    return InputRefusedError(UserError(message=message, field=["input", *path], code=code))


def present(value: T | None, what: str, *path: str) -> T:
    """Return the value; NOT_FOUND at the input's `path` where there is none."""
    if value is None:
        raise refused(no_such(what), UserErrorCode.NOT_FOUND, *path)
    return value


def no_such(what: str) -> str:
    """Return the message for a row that is not there: "event"."""
    return f"PlanDocket has no such {what}."


async def all_of(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at once and return their values, in order.

    Raises:
        InputRefusedError: every fault of the input that any of them found, in their order.
        Exception: what else the first of them failed with, where the input has no fault.
    """
    results = await settle(work)
    faults = [error for result in results if isinstance(result, InputRefusedError) for error in result.errors]
    if faults:
        raise InputRefusedError(*faults)
    values: list[T] = []
    for result in results:
        if isinstance(result, Exception):
            raise result
        values.append(result)
    return values


async def both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, U]) -> tuple[T, U]:
    """Run two at once and return their values; raises as `all_of` does."""
    found: list[Any] = await all_of([first, second])
    return cast("tuple[T, U]", tuple(found))
