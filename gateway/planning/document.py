"""What `gateway plan` says of a file of operations."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

from gateway.planning.rehearsal import RECORDS, Rehearsal, rehearse


class PlanError(Exception):
    """The file, the variables or the sizes cannot be planned with; the message says what to mend."""


class Planned(msgspec.Struct, frozen=True):
    """One operation's plan."""

    name: str
    rehearsal: Rehearsal

    @property
    def calls(self) -> int:
        """How many requests it makes."""
        return len(self.rehearsal.steps)

    def text(self) -> str:
        """Return the plan for people: a line for each request."""
        steps, naive = self.rehearsal.steps, self.rehearsal.naive
        width = max((len(step.request) for step in steps), default=0)
        lines = [f"  {step.request:{width}}  {step.reason}" for step in steps]
        return "\n".join(
            [f"{self.name}: {_requests(len(steps))} to PlanDocket (naive resolution: {naive})", *lines]
        )


def plan_document(text: str, variables: str, sizes: str) -> list[Planned]:
    """Return the plan of each operation of a document, in order.

    Raises:
        PlanError: something of it is wrong.
    """
    given, of_collections = _variables(variables), _sizes(sizes)
    try:
        definitions = parse(text).definitions
    except GraphQLSyntaxError as error:
        raise PlanError(error.message) from None
    operations = [found for found in definitions if isinstance(found, OperationDefinitionNode)]
    if not operations:
        raise PlanError("There is no operation in it.")
    return [_plan(text, operation, given, of_collections) for operation in operations]


def _plan(text: str, operation: OperationDefinitionNode, variables: Any, sizes: Mapping[str, int]) -> Planned:
    name = operation.name.value if operation.name else None
    declared = {found.variable.name.value for found in operation.variable_definitions or ()}
    own = {key: value for key, value in variables.items() if key in declared}
    rehearsal = asyncio.run(rehearse(text, name, own, sizes))
    if rehearsal.errors:
        raise PlanError("\n".join(rehearsal.errors))
    return Planned(name or operation.operation.value, rehearsal)


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
