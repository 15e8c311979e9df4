"""Strawberry fields and types that are made of data: what all resources have is written once."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar, cast

import strawberry

from gateway.graph.caller import Needs

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def optional(description: str, *, name: str | None = None, needs: Needs | None = None) -> Any:
    """Return an input's field that may be left out; to give it, a caller needs something beside its rows."""
    metadata = {} if needs is None else {"needs": needs}
    return strawberry.field(default=strawberry.UNSET, name=name, description=description, metadata=metadata)


def argument(
    of: Any, description: str, *, deprecation_reason: str | None = None, name: str | None = None
) -> Any:
    """Return the type of a field's argument, described; `name` is GraphQL's where Python has another."""
    about = strawberry.argument(description=description, deprecation_reason=deprecation_reason, name=name)
    return cast(Any, Annotated)[of, about]


def taking(resolve: FunctionT, arguments: Mapping[str, Any]) -> FunctionT:
    """Let a resolver's field have these arguments, each by its name and type; return the resolver.

    Those that are parameters of its own are required. Others may be left out, and then the resolver does not get
    them among its `**given`.
    """
    own = signature(resolve)
    fixed = [
        parameter.replace(annotation=arguments.get(parameter.name, parameter.annotation))
        for parameter in own.parameters.values()
        if parameter.kind is not Parameter.VAR_KEYWORD
    ]
    more = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=strawberry.UNSET, annotation=of)
        for name, of in arguments.items()
        if name not in own.parameters
    ]
    cast(Any, resolve).__signature__ = own.replace(parameters=[*fixed, *more])
    return resolve


def made(
    how: Callable[..., Any],
    name: str,
    description: str,
    fields: Mapping[str, Any],
    types: Mapping[str, Any] | None = None,
    base: type = object,
) -> Any:
    """Return a type of this name, `how` being `strawberry.type` or `strawberry.input`.

    `types` are those of the fields that have no resolver.
    """
    body = {"__doc__": description, "__annotations__": dict(types or {}), **fields}
    return how(type(name, (base,), body), description=description)
