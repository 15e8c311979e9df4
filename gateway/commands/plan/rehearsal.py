"""What an operation would cost, cold or with a warm mirror: run for real, against made-up rows in place of PlanDocket.

The gateway itself decides every request here, so that a plan cannot differ from what happens.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from graphql import StringValueNode, parse
from pydantic import SecretStr

from gateway.commands.plan.made_up import MOST_LINKED, WORLDS, MadeUp, Step
from gateway.errors import MirrorIncompleteError, TooComplexError
from gateway.execution.documents import nodes
from gateway.execution.operation import Executor, Request
from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.mirror.answers.reading import Mirror
from gateway.resources import RECORDS
from gateway.schema import RULES, SCHEMA
from gateway.settings.settings import Settings
from gateway.upstream.client import Upstream
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential

_STANDS_STILL = Clock(monotonic=lambda: 0.0)


class Rehearsal(msgspec.Struct, frozen=True):
    """What one operation would cost in one of the worlds."""

    steps: list[Step]
    naive: int
    """Requests of one for each list, look-up and related row."""
    is_too_complex: bool
    """Whether it needs more requests than one operation may make."""
    errors: list[str]
    lacks_rows: bool = False
    """Whether it asks what only all rows answer, and they are not held."""


async def rehearse(
    request: Request, settings: Settings, sizes: Mapping[str, int], *, warm: bool = False
) -> list[Rehearsal]:
    """Run an operation in each world, where collections have these sizes, and return what it asked of them.

    `warm`: where all of the tenant is mirrored. Else what only all rows answer comes with the walks for it.
    """
    keys, linked = _texts(request), MOST_LINKED
    if warm:
        sizes, linked = _held(sizes, settings.page_size), 1
        settings = settings.model_copy(update={"mirror": "on"})
    for one in (settings, settings.model_copy(update={"mirror": "on"})):
        found = [
            await _rehearse(request, one, MadeUp(sizes, keys, world, linked), warm=warm) for world in WORLDS
        ]
        if not any(rehearsal.lacks_rows for rehearsal in found):
            break
    return found


async def _rehearse(request: Request, settings: Settings, made_up: MadeUp, *, warm: bool) -> Rehearsal:
    shows_all = settings.model_copy(update={"suggestions": "on", "introspection": "on"})
    credential = Credential(SecretStr("rehearsal"), is_held=True)
    async with Mirror(Upstream(settings, made_up, _STANDS_STILL), settings, settings, RECORDS) as mirror:
        if warm:
            await mirror.warm(credential)
            made_up.steps.clear()
        context = Context(mirror, Caller(credential))
        outcome = await Executor(SCHEMA, RULES, shows_all).run(request, context)
        await mirror.upstream.tasks.idle()  # a write has rows read beside its answer
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
        any(error["extensions"]["code"] == MirrorIncompleteError.code for error in errors),
    )


def _held(sizes: Mapping[str, int], page_size: int) -> dict[str, int]:
    """Return sizes to mirror: what is held costs nothing however much it is, so that two full pages will do.

    An event and a contact have three participations, the most that a write has read one by one.
    """
    rows = max(200, 2 * page_size)
    most = {record.path: 3 * rows if record.path == "participants" else rows for record in RECORDS}
    return {path: min(count, sizes.get(path, count)) for path, count in most.items()}


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
