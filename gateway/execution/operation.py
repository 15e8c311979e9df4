"""Runs one operation, and makes of its outcome what a client may see."""

import logging
from inspect import isawaitable
from typing import Any, cast

import msgspec
import strawberry
from graphql import ExecutionResult, FieldNode, GraphQLError, OperationDefinitionNode, OperationType
from graphql import execute as graphql_execute  # pyright: ignore[reportUnknownVariableType]

from gateway.context import Context, Cost
from gateway.errors import GatewayError, internal_error
from gateway.execution.documents import Documents
from gateway.execution.projection import ProjectingExecutor
from gateway.telemetry import log_failure, note_code, running

log = logging.getLogger(__name__)


class Request(msgspec.Struct, frozen=True):
    """A well-formed GraphQL request, whichever way it came."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    is_read_only: bool = False
    """Whether only a query may run: a GET must change nothing."""


class Outcome(msgspec.Struct, frozen=True):
    """The body of the answer, and whether anything was executed at all."""

    body: dict[str, Any]
    was_executed: bool


class NotAllowedError(Exception):
    """A mutation where only a query may run."""


class Executor:
    """Executes requests against one schema."""

    def __init__(self, schema: strawberry.Schema, *, tells_cost: bool = True) -> None:
        self._tells_cost = tells_cost
        self._schema = schema._schema  # pyright: ignore[reportPrivateUsage] - graphql-core's own
        self._documents = Documents(self._schema)

    def is_query(self, request: Request) -> bool:
        """Return whether a request's operation changes nothing, also where there is none."""
        operation = self._documents.get(request.query).operation(request.operation_name)
        return operation is None or operation.operation is OperationType.QUERY

    async def run(self, request: Request, context: Context) -> Outcome:
        """Return the outcome; every error in it has a code.

        Raises:
            NotAllowedError: the operation is a mutation and the request is read-only.
        """
        document = self._documents.get(request.query)
        if document.ast is None or document.errors:
            return _refused(*document.errors)
        operation = document.operation(request.operation_name)
        if operation is None:
            return _refused(_no_operation(request.operation_name))
        _note(operation)
        if request.is_read_only and operation.operation is not OperationType.QUERY:
            raise NotAllowedError
        context.projections, context.lookahead = document.projections, document.lookahead
        context.condition_names = document.condition_names
        async with context:
            running = graphql_execute(
                self._schema,
                document.ast,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
                executor_class=ProjectingExecutor,
            )
            return self._outcome(await running if isawaitable(running) else running, context)

    def _outcome(self, result: ExecutionResult, context: Context) -> Outcome:
        errors = result.errors or []
        if result.data is None and any(error.path is None for error in errors):
            return _refused(*errors)
        body: dict[str, Any] = {"data": result.data}
        if errors:
            body["errors"] = [_visible(error) for error in errors]
        told = _cost(context.cost) if self._tells_cost else {}
        if context.unavailable:
            told["unavailable"] = sorted(context.unavailable)
        if told:
            body["extensions"] = {"upstream": told}
        return Outcome(body, was_executed=True)


def _note(operation: OperationDefinitionNode) -> None:
    if (told := running.get()) is not None:
        told.name = operation.name and operation.name.value
        told.kind = operation.operation.value


def _cost(cost: Cost) -> dict[str, Any]:
    """Return what an operation cost, as `extensions.upstream` tells it."""
    told: dict[str, Any] = {
        "calls": cost.calls,
        "saved": cost.saved,
        "cacheHits": cost.hits,
        "stale": cost.is_stale,
    }
    if (budget := cost.budget) is not None:
        told["budget"] = {
            "limit": budget.limit,
            "used": budget.used,
            "remaining": budget.remaining,
            "resetsAt": budget.resets_at and budget.resets_at.isoformat(timespec="seconds"),
        }
    return told


def _refused(*errors: GraphQLError) -> Outcome:
    return Outcome({"errors": [_visible(error) for error in errors]}, was_executed=False)


def _visible(error: GraphQLError) -> dict[str, Any]:
    """Return an error as the client sees it: with a code, and nothing of the gateway's inside."""
    formatted = cast(dict[str, Any], error.formatted)
    cause = error.original_error
    if cause is not None and not isinstance(cause, GatewayError | GraphQLError):
        seen = formatted | _internal(error)
    else:
        seen = formatted | {"extensions": {"code": "BAD_USER_INPUT", **(error.extensions or {})}}
    note_code(seen["extensions"]["code"])
    return seen


def _internal(error: GraphQLError) -> dict[str, Any]:
    # The field by its own name: aliases and arguments are the caller's.
    field = error.nodes[0] if error.nodes else None
    place = field.name.value if isinstance(field, FieldNode) else "the operation"
    return internal_error(log_failure(log, error.original_error, place))


def _no_operation(name: str | None) -> GraphQLError:
    if name:
        return GraphQLError(f"The document has no operation named '{name}'.")
    return GraphQLError("The document has several operations, or none: say which with 'operationName'.")
