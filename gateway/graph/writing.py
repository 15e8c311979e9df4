"""Writes: an input becomes the body of one request, and what came of it becomes a payload."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

import msgspec

from gateway.graph import new_row
from gateway.graph.context import Context
from gateway.graph.inputs import Body, Inputs
from gateway.graph.payload import Saved
from gateway.graph.refused_writes import Attempt, Unique, faults_of, foreseen
from gateway.graph.user_errors import InputRefusedError, both
from gateway.graph.whole_row import Otherwise, Whole
from gateway.upstream.record import Record, Row
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.tasks import settle
from gateway.upstream.write import Write, WriteRefusedError, Written

T = TypeVar("T")

_AT_ONCE = 10  # rows of one operation


class Ready(msgspec.Struct, frozen=True):
    """A write that can be sent."""

    write: Write[Any]
    attempt: Attempt
    newest: int | None = None
    """Of a new row: see `gateway.graph.new_row`."""
    held: Row | None = None
    """Of a removal: the row as it was held before."""


class Job(msgspec.Struct, frozen=True):
    """A write as an input asks for it."""

    prepare: Callable[[Context], Awaitable[Ready]]
    """Reads what the write needs; InputRefusedError where the input cannot be written."""
    source: Any = None
    """The input; None of a removal."""
    global_id: str | None = None
    """Of the row that is there, as it was given; None of a new one."""


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

    def creating(self, source: object, *, wants_row: bool) -> Job:
        """Return the write of a new row; `wants_row`: it is looked for where PlanDocket does not name it."""

        async def prepare(context: Context) -> Ready:
            body = await self.inputs.body_of_new(context, source)
            newest = await new_row.newest(context, self.record, body) if wants_row else None
            return Ready(Write("POST", self.record, body=body), Attempt(body, source), newest)

        return Job(prepare, source)

    def changing(self, source: Any) -> Job:
        """Return the change of the row whose `id` the input has: with PUT, what else it holds goes along."""

        async def prepare(context: Context) -> Ready:
            (row_id, held), body = await both(
                self._row(context, source.id, self.inputs.given(source)),
                self.inputs.body_of_change(context, source),
            )
            method = context.reading.upstream.update_method
            return Ready(Write(method, self.record, row_id, held | body), Attempt(body, source, row_id))

        return Job(prepare, source, source.id)

    def removing(self, global_id: str) -> Job:
        """Return the removal of a row."""

        async def prepare(context: Context) -> Ready:
            row_id = self.inputs.row_id(global_id, "id")
            held = context.reading.held(self.record, row_id)
            return Ready(Write("DELETE", self.record, row_id), Attempt(row_id=row_id), held=held)

        return Job(prepare, global_id=global_id)

    async def run(self, context: Context, job: Job) -> Saved:
        """Carry out a write."""

        async def write() -> Saved:
            async with self._turn(context, job.global_id):
                with context.reading.part_of_a_write():
                    ready = await job.prepare(context)
                context.forget()
                return await self._send(context, ready)

        return await _saved(write())

    async def run_all(self, context: Context, jobs: Sequence[Job]) -> list[Saved | Exception]:
        """Carry out many writes; return what came of each, in order."""
        each = max((_requests(context, job) for job in jobs), default=1)
        # What is read for a PUT is not left to grow old.
        places = asyncio.Semaphore(_AT_ONCE) if each > 1 else nullcontext()
        context.forget()

        async def write(job: Job) -> Saved:
            async with places, self._turn(context, job.global_id):
                return await self._send(context, await job.prepare(context))

        with context.reading.part_of_a_write():
            results = await settle(_saved(write(job)) for job in jobs)
        return context.reading.refused_together(results, Lane.WRITE, each)

    async def foresee(self, context: Context, jobs: Sequence[Job]) -> list[Saved | Exception]:
        """Return of each create or update why it would be refused, as far as what is kept tells; nobody is asked."""
        with context.reading.part_of_a_write(), context.reading.unasked():
            return await settle(_saved(self._foreseen(context, job)) for job in jobs)

    async def _foreseen(self, context: Context, job: Job) -> Saved:
        is_new = job.global_id is None
        body, faults = await self.inputs.foreseen(context, job.source, is_new=is_new)
        try:
            row_id = None if is_new else self.inputs.row_id(job.global_id or "", "id")
        except InputRefusedError as error:
            return Saved(user_errors=[*error.errors, *faults])
        attempt = Attempt(body, job.source, row_id)
        return Saved(user_errors=[*faults, *await foreseen(context, self.inputs, self.unique, attempt)])

    async def _send(self, context: Context, ready: Ready) -> Saved:
        write, newest = ready.write, ready.newest
        written = await self._written(context, ready)
        body, row_id = write.body or {}, written.id if write.id is None else write.id
        find = None if row_id else _once(context, lambda: new_row.find(context, self.record, body, newest))
        return Saved(True, self.record.row.kind, row_id, find, body | written.told, ready.held)

    def _turn(self, context: Context, global_id: str | None) -> AbstractAsyncContextManager[None]:
        """Let the write of a row wait for those of it that came before; what is no id has no row to wait for."""
        try:
            row_id = self.inputs.row_id(global_id or "", "id")
        except InputRefusedError:
            return nullcontext()
        return context.reading.upstream.turns.of(self.record, row_id)

    async def _row(self, context: Context, global_id: str, given: Collection[str]) -> tuple[int, Body]:
        """Return the id of a row to be changed, and what it holds that goes along."""
        row_id = self.inputs.row_id(global_id, "id")
        return row_id, await Whole(self.inputs, self.otherwise).body(context, row_id, given)

    async def _written(self, context: Context, ready: Ready) -> Written[Any]:
        """Send a write; InputRefusedError where PlanDocket refuses what is in it."""
        try:
            return await context.write(ready.write)
        except WriteRefusedError as error:
            refusal = error.refusal
        raise InputRefusedError(*await faults_of(context, self.inputs, self.unique, refusal, ready.attempt))


async def _saved(work: Awaitable[Saved]) -> Saved:
    try:
        return await work
    except InputRefusedError as error:
        return Saved(user_errors=list(error.errors))


def _requests(context: Context, job: Job) -> int:
    """Return how many requests a write costs: a PUT reads the row before."""
    is_change = job.source is not None and job.global_id is not None
    return 2 if is_change and context.reading.upstream.update_method == "PUT" else 1


def _once(context: Context, find: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], Awaitable[T]]:
    """Return what finds something at the first call, for all who ask."""
    found: list[asyncio.Task[T]] = []

    def get() -> Awaitable[T]:
        if not found:
            found.append(context.tasks.start(find()))
        return asyncio.shield(found[0])

    return get
