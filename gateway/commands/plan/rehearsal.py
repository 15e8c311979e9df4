"""What an operation would cost on a cold start: run for real, against made-up rows in place of PlanDocket.

The gateway itself decides every request here, so that a plan cannot differ from what happens.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from graphql import StringValueNode, parse
from pydantic import SecretStr

from gateway.commands.plan.made_up import WORLDS, MadeUp, Step
from gateway.errors import TooComplexError
from gateway.execution.nodes import nodes
from gateway.execution.operation import Executor, Request
from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.mirror.reading import Mirror
from gateway.resources import RECORDS
from gateway.schema import RULES, SCHEMA
from gateway.settings.settings import Settings
from gateway.upstream.client import Upstream
from gateway.upstream.way.credential import Credential


class Rehearsal(msgspec.Struct, frozen=True):
    """What one operation would cost in one of the worlds."""

    steps: list[Step]
    naive: int
    """Requests of one for each list, look-up and related row."""
    is_too_complex: bool
    """Whether it needs more requests than one operation may make."""
    errors: list[str]


async def rehearse(request: Request, settings: Settings, sizes: Mapping[str, int]) -> list[Rehearsal]:
    """Run an operation in each world, where collections have these sizes, and return what it asked of them."""
    keys = _texts(request)
    return [await _rehearse(request, settings, MadeUp(sizes, keys, world)) for world in WORLDS]


async def _rehearse(request: Request, settings: Settings, made_up: MadeUp) -> Rehearsal:
    shows_all = settings.model_copy(update={"suggestions": "on", "introspection": "on"})
    async with Mirror(Upstream(settings, made_up), settings, settings, RECORDS) as mirror:
        context = Context(mirror, Caller(Credential(SecretStr("rehearsal"), is_held=True)))
        outcome = await Executor(SCHEMA, RULES, shows_all).run(request, context)
    errors = outcome.body.get("errors", ())
    # Limits of the document bear the same code, and are told before anything is executed.
    is_of_calls = [
        outcome.was_executed and error["extensions"]["code"] == TooComplexError.code for error in errors
    ]
    return Rehearsal(
        made_up.steps,
        context.wanted,
        any(is_of_calls),
        [error["message"] for error, of_calls in zip(errors, is_of_calls, strict=True) if not of_calls],
    )


def _texts(request: Request) -> Sequence[str]:
    """Return every text that a request holds: the keys that it asks for are among them."""
    literals = [node.value for node in nodes(parse(request.query), StringValueNode)]
    return list(dict.fromkeys([*literals, *_texts_in(request.variables)]))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        many = cast("dict[str, Any] | list[Any]", value)
        for one in many.values() if isinstance(many, dict) else many:
            yield from _texts_in(one)
