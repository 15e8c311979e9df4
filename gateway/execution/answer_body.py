"""What came of an operation, as the body of its answer: nothing of the gateway's inside is in it."""

import logging
from collections.abc import Iterable
from typing import Any, cast

import msgspec
from graphql import ExecutionResult, FieldNode, GraphQLError

from gateway.errors import (
    GatewayError,
    InternalError,
    OperationTimeoutError,
    OutcomeUnknownError,
    OverloadedError,
    TooComplexError,
    UpstreamError,
)
from gateway.graph.context import Context, Cost
from gateway.telemetry.events import log_failure, note_code

log = logging.getLogger(__name__)

_NOT_READ = (UpstreamError, OverloadedError, TooComplexError, OperationTimeoutError)
"""Why what a payload leads to cannot be read, where that is no fault of the query."""


class Outcome(msgspec.Struct, frozen=True):
    """The body of the answer, and whether anything was executed at all."""

    body: dict[str, Any]
    was_executed: bool
    age: int | None = None
    """Whole seconds since the oldest request that it rests on."""


def answered(data: Any, errors: Iterable[GraphQLError], context: Context, *, tells_cost: bool) -> Outcome:
    """Return the outcome of an operation that was executed, with what it cost, and what of it could not be told."""
    body: dict[str, Any] = {"data": data}
    if seen := [_visible(error) for error in errors]:
        body["errors"] = seen
    cost = context.cost
    told = _cost(cost) if tells_cost else {}
    unread = context.reading.unread
    if cost.is_behind:
        told["behind"] = True
    if context.unavailable:
        told["unavailable"] = sorted(context.unavailable)
    if unread.count:
        told |= {"unreadable": unread.first, "unreadableCount": unread.count}
    if told:
        body["extensions"] = {"upstream": told}
    return Outcome(body, was_executed=True, age=cost.age)


def _cost(cost: Cost) -> dict[str, Any]:
    """Return what an operation cost, as `extensions.upstream` tells it."""
    told: dict[str, Any] = {
        "calls": cost.calls,
        "saved": cost.saved,
        "cacheHits": cost.hits,
        "stale": cost.is_stale,
    }
    if cost.age is not None:
        told["age"] = cost.age
    if cost.version is not None:
        told["version"] = cost.version
    if cost.answered_by:
        told["answeredBy"] = cost.answered_by
    if (budget := cost.budget) is not None:
        told["budget"] = {
            "limit": budget.limit,
            "used": budget.used,
            "remaining": budget.remaining,
            "resetsAt": budget.resets_at and budget.resets_at.isoformat(timespec="seconds"),
        }
    return told


def refused(*errors: GraphQLError) -> Outcome:
    """Return the outcome of what was not executed."""
    return Outcome({"errors": [_visible(error) for error in errors]}, was_executed=False)


def withheld(*errors: GraphQLError) -> Outcome:
    """Return the outcome of an operation that was executed, and whose data nobody may see, or ever knew."""
    return Outcome({"data": None, "errors": [_visible(error) for error in errors]}, was_executed=True)


def whole(error: GatewayError) -> GraphQLError:
    """Return an error that concerns all of an operation."""
    return GraphQLError(str(error), extensions=error.extensions)


def _visible(error: GraphQLError) -> dict[str, Any]:
    """Return an error as the client sees it: with a code, and nothing of the gateway's inside."""
    seen = cast(dict[str, Any], error.formatted)
    cause = error.original_error
    if cause is not None and not isinstance(cause, GatewayError | GraphQLError):
        failure = _internal(error)
        seen |= {"message": str(failure), "extensions": failure.extensions}
    else:
        seen["extensions"] = {"code": "BAD_USER_INPUT", **(error.extensions or {})}
    note_code(seen["extensions"]["code"])
    return seen


def _internal(error: GraphQLError) -> InternalError:
    # The field by its own name: aliases and arguments are the caller's.
    field = error.nodes[0] if error.nodes else None
    place = field.name.value if isinstance(field, FieldNode) else "the operation"
    return InternalError(log_failure(log, error.original_error, place))


def coded(message: str, code: str) -> GraphQLError:
    """Return an error with a code."""
    return GraphQLError(message, extensions={"code": code})


def raise_if_overloaded(result: ExecutionResult) -> None:
    """Raise OverloadedError where that is why an operation has nothing to tell: it is to come again later."""
    if any(value is not None for value in (result.data or {}).values()):
        return
    causes = [error.original_error for error in result.errors or ()]
    if any(isinstance(cause, OutcomeUnknownError) for cause in causes):
        return
    for cause in causes:
        if isinstance(cause, OverloadedError):
            raise cause


def after_the_write(error: GraphQLError) -> GraphQLError:
    """Return an error of a mutation as it is told: below a payload the write is over, and must not be sent again."""
    if not error.path or len(error.path) == 1 or not isinstance(error.original_error, _NOT_READ):
        return error
    message = (
        "The write is over. What stands here could not be read after it: ask for it in a query of its own."
    )
    return GraphQLError(message, error.nodes, path=error.path, extensions={"code": error.original_error.code})
