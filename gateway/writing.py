"""Writes: an input becomes the body of one request, and its payload can be queried as any entity can."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

import msgspec
import strawberry

from gateway.blame import Attempt, Unique, faults_of
from gateway.context import Context, Info
from gateway.global_id import global_ids
from gateway.inputs import Body, Inputs
from gateway.loader import settle
from gateway.relations import rows_of
from gateway.rows import ById
from gateway.upstream.budget import Lane
from gateway.upstream.columns import is_moment
from gateway.upstream.record import Record, Row
from gateway.upstream.write import Write, WriteRefusedError, Written
from gateway.user_errors import InputRefusedError, UserError, both
from gateway.whole import Otherwise, Whole

_AT_ONCE = 10  # rows of one operation


class Saved(msgspec.Struct, frozen=True):
    """What a payload is resolved from: the row's id, or how to find it, or why nothing was written."""

    row_id: int | None = None
    find: Callable[[], Awaitable[int | None]] | None = None
    user_errors: list[UserError] = []


class Deleted(msgspec.Struct, frozen=True):
    """What the payload of a delete is resolved from."""

    deleted_id: str | None = None
    user_errors: list[UserError] = []


class Change(Protocol):
    """An input of an update."""

    id: strawberry.ID


class Writable(msgspec.Struct, frozen=True):
    """A resource as writes see it."""

    inputs: Inputs
    unique: Unique
    otherwise: Mapping[str, Otherwise] = {}
    """What a PUT asks where PlanDocket ignores an include: see `Whole`."""

    @property
    def record(self) -> Record[Any]:
        """What PlanDocket calls it."""
        return self.inputs.record

    async def create(
        self, context: Context, source: object, candidates: Callable[[Body], Awaitable[tuple[Row, ...]]]
    ) -> Saved:
        """Write a new row. `candidates` are rows among which it is, should the server not tell its id."""

        async def write() -> Saved:
            with context.part_of_a_write():
                body = await self.inputs.body_of_new(context, source)
            context.forget()
            written = await self._write(context, Write("POST", self.record, body=body), Attempt(body, source))
            return Saved(written.id, None if written.id else lambda: _newest(candidates(body), body))

        return await _saved(write())

    async def update(self, context: Context, source: Change) -> Saved:
        """Change a row. With PUT, what it holds besides what is given goes along."""

        async def write() -> Saved:
            async with self._turn(context, source.id):
                with context.part_of_a_write():
                    (row_id, held), body = await both(
                        self._row(context, source.id, self.inputs.given(source)),
                        self.inputs.body_of_change(context, source),
                    )
                context.forget()
                return await self._change(context, row_id, held, Attempt(body, source, row_id))

        return await _saved(write())

    async def update_all(self, context: Context, ids: Iterable[str], body: Body) -> list[Saved | Exception]:
        """Change many rows alike, by their global ids, a write for each; return what came of each, in order."""
        # What is read for a PUT is not left to grow old.
        places = asyncio.Semaphore(_AT_ONCE) if _requests(context) > 1 else nullcontext()
        context.forget()

        async def write(global_id: str) -> Saved:
            async with places, self._turn(context, global_id):
                row_id, held = await self._row(context, global_id, body)
                return await self._change(context, row_id, held, Attempt(body, row_id=row_id))

        with context.part_of_a_write():
            results = await settle(_saved(write(global_id)) for global_id in ids)
        return context.refused_together(results, Lane.WRITE, _requests(context))

    async def delete(self, context: Context, global_id: str) -> Deleted:
        """Remove a row."""

        async def write() -> Saved:
            row_id = self.inputs.row_id(global_id, "id")
            async with context.upstream.turns.of(self.record, row_id):
                context.forget()
                await self._write(context, Write("DELETE", self.record, row_id), Attempt(row_id=row_id))
            return Saved(row_id)

        saved = await _saved(write())
        ids = global_ids(self.record.row.kind)
        return Deleted(ids[saved.row_id] if saved.row_id else None, saved.user_errors)

    def _turn(self, context: Context, global_id: str) -> AbstractAsyncContextManager[None]:
        """Let the write of a row wait for those of it that came before; what is no id has no row to wait for."""
        try:
            row_id = self.inputs.row_id(global_id, "id")
        except InputRefusedError:
            return nullcontext()
        return context.upstream.turns.of(self.record, row_id)

    async def _row(self, context: Context, global_id: str, given: Collection[str]) -> tuple[int, Body]:
        """Return the id of a row to be changed, and what it holds that goes along."""
        row_id = self.inputs.row_id(global_id, "id")
        if context.upstream.update_method != "PUT":
            return row_id, {}
        return row_id, await Whole(self.inputs, self.otherwise).body(context, row_id, given)

    async def _change(self, context: Context, row_id: int, held: Body, attempt: Attempt) -> Saved:
        method = context.upstream.update_method
        await self._write(context, Write(method, self.record, row_id, held | attempt.body), attempt)
        return Saved(row_id)

    async def _write(self, context: Context, write: Write[Any], attempt: Attempt) -> Written[Any]:
        """Send a write; InputRefusedError where PlanDocket refuses what is in it."""
        try:
            return await context.write(write)
        except WriteRefusedError as error:
            refusal = error.refusal
        raise InputRefusedError(*await faults_of(context, self.inputs, self.unique, refusal, attempt))


async def _saved(work: Awaitable[Saved]) -> Saved:
    try:
        return await work
    except InputRefusedError as error:
        return Saved(user_errors=list(error.errors))


@strawberry.type
class Payload:
    """What every payload has."""

    user_errors: list[UserError] = strawberry.field(description="Why nothing was written; empty if it was.")


@strawberry.type
class DeletePayload(Payload):
    """What every payload of a delete has; resolved from Deleted."""

    deleted_id: strawberry.ID | None = strawberry.field(
        description="The global id of what is gone; null where nothing is."
    )


def saved_row(target: Any, loader: type[ById[Any]], description: str) -> Any:
    """Return a payload's field that leads to the row as it is after the write.

    It is read on its own, after the write: where that fails, the error stands at this field and the
    payload still says that the write was done.
    """

    async def resolve(info: Info, row: strawberry.Parent[Saved]) -> Any:
        row_id = row.row_id if row.find is None else await row.find()
        if row_id is not None:
            return next(iter(await rows_of(info, loader, (row_id,))), None)
        if row.find is not None:
            info.context.unavailable.add(f"{loader.record.row.kind}.id")
        return None

    return strawberry.field(resolver=resolve, graphql_type=target | None, description=description)


def _requests(context: Context) -> int:
    """Return how many requests a change of a row costs: a PUT reads it before."""
    return 2 if context.upstream.update_method == "PUT" else 1


async def _newest(candidates: Awaitable[tuple[Row, ...]], sent: Body) -> int | None:
    """Return the highest id among rows that hold what was sent, as far as they show it.

    A server may give values back in another form: times, the case of letters, blanks around them,
    0 for a null parent.
    """
    ids = [
        row.id for row in await candidates if all(_holds(row, name, value) for name, value in sent.items())
    ]
    return max(ids, default=None)


def _holds(row: Row, name: str, sent: Any) -> bool:
    held = getattr(row, name, None)
    if name not in row.__struct_fields__ or isinstance(held, tuple) or not (held or sent):
        return True
    if is_moment(type(row), name):
        return True
    if isinstance(held, str) and isinstance(sent, str):
        return held.strip().casefold() == sent.strip().casefold()
    return held == sent
