"""What `gateway plan` says of a file of operations."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import typer
from graphql import GraphQLSyntaxError, OperationDefinitionNode, OperationType, parse

from gateway.commands.plan.made_up import RECORDS
from gateway.commands.plan.rehearsal import Rehearsal, rehearse
from gateway.errors import SettingsError
from gateway.execution.operation import Request
from gateway.settings.settings import Settings, load_plan_settings

_SIZES = (
    "With --size, the plan tells what it costs to read all rows once; with --warm, what the operation costs from "
    "then on."
)


class PlanError(Exception):
    """The file, the variables or the sizes cannot be planned with; the message says what to mend."""


class Planned(msgspec.Struct, frozen=True):
    """One operation's plan."""

    name: str
    most: int
    """How many requests to PlanDocket one operation may make."""
    rehearsals: list[Rehearsal]
    """With each tenant that there may be."""
    is_warm: bool = False
    """Whether all of the tenant is mirrored."""
    writes: bool = False

    @property
    def rehearsal(self) -> Rehearsal:
        """The dearest of them."""
        return max(self.rehearsals, key=lambda one: len(one.steps))

    @property
    def may_fail(self) -> bool:
        """Whether it may need more requests than one operation may make."""
        return any(one.is_too_complex for one in self.rehearsals)

    @property
    def calls(self) -> int:
        """How many requests it makes, at the most."""
        return self.most if self.may_fail else len(self.rehearsal.steps)

    @property
    def is_certain(self) -> bool:
        """Whether it makes as many whatever the tenant holds: that tells what a write has read of what is held."""
        if self.may_fail or (self.is_warm and self.writes):
            return False
        return len({len(one.steps) for one in self.rehearsals}) == 1

    def exceeds(self, calls: int) -> bool:
        """Return whether it may need more requests than these."""
        return self.calls > calls or self.may_fail

    def text(self) -> str:
        """Return the plan for people: a line for each request."""
        steps, naive = self.rehearsal.steps, self.rehearsal.naive
        width = max((len(step.request) for step in steps), default=0)
        lines = [f"  {step.request:{width}}  {step.reason}" for step in steps]
        upper = "" if self.is_certain else "up to "
        beside = "with a warm mirror" if self.is_warm else f"(naive resolution: {naive})"
        heading = f"{self.name}: {upper}{_requests(self.calls)} to PlanDocket {beside}"
        if self.may_fail:
            heading += "; it may need more than one operation may make, and fails then"
        return "\n".join([heading, *lines])


def plan(file: Path, variables: str, size: str, max_calls: int | None, *, warm: bool) -> None:
    """Print the requests that a file's operations would make; end with 1 where one needs more than `max_calls`."""
    try:
        plans = plan_document(file.read_bytes(), variables, size, load_plan_settings(), warm=warm)
    except PlanError as error:
        print(f"{file}: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except SettingsError as error:
        print(f"There is no plan.\n{error}", file=sys.stderr)
        raise typer.Exit(2) from None
    for planned in plans:
        print(planned.text())
    if max_calls is not None and any(planned.exceeds(max_calls) for planned in plans):
        print(f"Above {max_calls} requests.", file=sys.stderr)
        raise typer.Exit(1)


def plan_document(
    document: str | bytes, variables: str, sizes: str, settings: Settings | None = None, *, warm: bool = False
) -> list[Planned]:
    """Return the plan of each operation of a document, in order: cold, or `warm`, where all of the tenant is mirrored.

    Raises:
        PlanError: something of it is wrong.
        SettingsError: a setting of the environment is, where none are given.
    """
    text, given, of_collections = _text(document), _variables(variables), _sizes(sizes)
    settings = settings or load_plan_settings()
    try:
        definitions = parse(text).definitions
    except GraphQLSyntaxError as error:
        raise PlanError(error.message) from None
    operations = [found for found in definitions if isinstance(found, OperationDefinitionNode)]
    if not operations:
        raise PlanError("There is no operation in it.")
    return [_plan(text, operation, given, settings, of_collections, warm=warm) for operation in operations]


def _plan(
    text: str,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    settings: Settings,
    sizes: Mapping[str, int],
    *,
    warm: bool,
) -> Planned:
    name = operation.name.value if operation.name else None
    declared = {found.variable.name.value for found in operation.variable_definitions or ()}
    own = {key: value for key, value in variables.items() if key in declared}
    rehearsals = asyncio.run(rehearse(Request(text, own, name), settings, sizes, warm=warm))
    for rehearsal in rehearsals:
        if rehearsal.errors:
            more = [_SIZES] if rehearsal.lacks_rows else []
            raise PlanError("\n".join([*rehearsal.errors, *more]))
    writes = operation.operation is OperationType.MUTATION
    return Planned(name or operation.operation.value, settings.max_calls, rehearsals, warm, writes)


def _text(document: str | bytes) -> str:
    try:
        return document if isinstance(document, str) else document.decode()
    except UnicodeDecodeError:
        raise PlanError("It is no text in UTF-8.") from None


def _variables(text: str) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(text)
    except msgspec.DecodeError:
        given = None
    if not isinstance(given, dict):
        raise PlanError('--variables must be a JSON object, such as \'{"eventKey": "spring-fair"}\'.')
    return cast(dict[str, Any], given)


def _sizes(text: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        path, _, number = part.strip().partition("=")
        if path not in RECORDS or not number.isdecimal():
            raise PlanError(
                f"--size must be like contacts=300,events=12, of {', '.join(RECORDS)}; not {part!r}."
            )
        sizes[path] = int(number)
    return sizes


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count} requests"
