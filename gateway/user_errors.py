"""What a write's payload tells when PlanDocket, or the gateway before it, refuses the input."""

from collections.abc import Mapping
from enum import Enum

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.upstream.write import Refusal


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
        "OUTCOME_UNKNOWN", description="It was sent and no readable answer came: it may have happened."
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


class InputField(msgspec.Struct, frozen=True):
    """Where a field of PlanDocket's request stands in the GraphQL input, and what its refusal means there."""

    name: str
    code: UserErrorCode = UserErrorCode.VALIDATION_FAILED


def refused(message: str, code: UserErrorCode, *path: str) -> InputRefusedError:
    """Return the error for one input field; `path` is what follows "input"."""
    return InputRefusedError(UserError(message=message, field=["input", *path], code=code))


def errors_of(refusal: Refusal, inputs: Mapping[str, InputField]) -> InputRefusedError:
    """Return PlanDocket's refusal in the input's own names.

    `inputs` names the fields that are called otherwise there; the rest is camelCase.
    """
    match refusal.status:
        case 404:
            return refused("PlanDocket has nothing under this id.", UserErrorCode.NOT_FOUND, "id")
        case 409:
            message = refusal.message or "PlanDocket has this already."
            return InputRefusedError(UserError(message=message, field=None, code=UserErrorCode.CONFLICT))
        case _:
            found = [
                UserError(message=text, field=["input", place.name], code=place.code)
                for name, texts in refusal.fields.items()
                for place in [inputs.get(name) or InputField(to_camel_case(name))]
                for text in texts
            ]
            message = refusal.message or "PlanDocket does not take this."
            whole = UserError(message=message, field=None, code=UserErrorCode.VALIDATION_FAILED)
            return InputRefusedError(*(found or [whole]))
