"""Writes: an input becomes the body of one request, and what came of it becomes a payload."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

import msgspec

from gateway.errors import OverloadedError, RateLimitedError, UnavailableError, UnreadableError
from gateway.graph.context import Context, Info
from gateway.graph.inputs import Body, Inputs
from gateway.graph.look_ahead import selected
from gateway.graph.payload import Saved
from gateway.graph.refused_writes import Attempt, Unique, faults_of
from gateway.graph.user_errors import InputRefusedError, both
from gateway.graph.whole_row import Otherwise, Whole
from gateway.mirror.window import Window, slice_of
from gateway.upstream.call import listing
from gateway.upstream.record import Record, Row
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.reasons import because
from gateway.upstream.way.tasks import settle
from gateway.upstream.wire.columns import is_moment
from gateway.upstream.wire.natural_keys import comparable
from gateway.upstream.write import Write, WriteRefusedError, Written

T = TypeVar("T")

_TELL_NO_ROW = frozenset({"userErrors", "written", "__typename"})

_AT_ONCE = 10  # rows of one operation
_NEWEST = 100
_AGE = "created_at"


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

    async def create(self, info: Info, source: object) -> Saved:
        """Write a new row."""
        context, wants_row = info.context, bool(selected(info) - _TELL_NO_ROW)

        async def write() -> Saved:
            with context.reading.part_of_a_write():
                body = await self.inputs.body_of_new(context, source)
                newest = await self._newest(context, body) if wants_row else None
            context.forget()
            written = await self._write(context, Write("POST", self.record, body=body), Attempt(body, source))
            cells, kind = body | written.told, self.record.row.kind
            if written.id is not None:
                return Saved(True, kind, written.id, cells=cells)
            find = _once(context, lambda: self._new_one(context, body, newest))
            return Saved(True, kind, find=find, cells=cells)

        return await _saved(write())

    async def update(self, context: Context, source: Any) -> Saved:
        """Change the row whose `id` the input has. With PUT, what it holds besides what is given goes along."""

        async def write() -> Saved:
            async with self._turn(context, source.id):
                with context.reading.part_of_a_write():
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

        with context.reading.part_of_a_write():
            results = await settle(_saved(write(global_id)) for global_id in ids)
        return context.reading.refused_together(results, Lane.WRITE, _requests(context))

    async def delete(self, context: Context, global_id: str) -> Saved:
        """Remove a row."""

        async def write() -> Saved:
            row_id = self.inputs.row_id(global_id, "id")
            async with context.reading.upstream.turns.of(self.record, row_id):
                context.forget()
                await self._write(context, Write("DELETE", self.record, row_id), Attempt(row_id=row_id))
            return Saved(True, self.record.row.kind, row_id)

        return await _saved(write())

    def _turn(self, context: Context, global_id: str) -> AbstractAsyncContextManager[None]:
        """Let the write of a row wait for those of it that came before; what is no id has no row to wait for."""
        try:
            row_id = self.inputs.row_id(global_id, "id")
        except InputRefusedError:
            return nullcontext()
        return context.reading.upstream.turns.of(self.record, row_id)

    async def _row(self, context: Context, global_id: str, given: Collection[str]) -> tuple[int, Body]:
        """Return the id of a row to be changed, and what it holds that goes along."""
        row_id = self.inputs.row_id(global_id, "id")
        return row_id, await Whole(self.inputs, self.otherwise).body(context, row_id, given)

    async def _change(self, context: Context, row_id: int, held: Body, attempt: Attempt) -> Saved:
        method = context.reading.upstream.update_method
        body = held | attempt.body
        written = await self._write(context, Write(method, self.record, row_id, body), attempt)
        return Saved(True, self.record.row.kind, row_id, cells=body | written.told)

    async def _newest(self, context: Context, body: Body) -> int | None:
        """Return the highest id among the candidates that are there before a new row is written.

        None where that is not known, so that no row can be told to be new. PlanDocket is not asked where it has
        answered with the id before; whether it does is undocumented.
        """
        try:
            if context.reading.upstream.traits.tells_id(self.record.path):
                return None
            context.reading.upstream.check_hour(
                context.reading.session, 2
            )  # the look must not cost the write its request
            with because(
                "should PlanDocket not name the new row, only what was there before tells which it is"
            ):
                async with asyncio.timeout(context.reading.time_left / 2):
                    return max((row.id for row in await self._candidates(context, body)), default=0)
        except UnavailableError as error:
            if error.never_left:
                raise  # the write would not leave either
            return None
        except (UnreadableError, RateLimitedError, OverloadedError, TimeoutError):
            return None

    async def _new_one(self, context: Context, sent: Body, newest: int | None) -> int | None:
        """Return the id of the one row that was not there before and holds what was sent, as far as it shows it.

        None where there are several, or where it is not known what was there: an older namesake would pass for it.
        """
        if newest is None:
            return None
        with because("PlanDocket did not name the new row"):
            rows = await self._candidates(context, sent)
        ids = [row.id for row in rows if row.id > newest and all(_holds(row, *cell) for cell in sent.items())]
        return ids[0] if len(ids) == 1 else None

    async def _candidates(self, context: Context, sent: Body) -> tuple[Row, ...]:
        """Return rows among which a new one is, as they are now, whatever is kept.

        Those that have what was sent, as far as a filter compares that; the newest of them where a list can be
        ordered so, for they may be many.
        """
        filters = {name: sent[name] for name in self.record.exact if name in sent}
        if _AGE not in self.record.sorts:
            return await context.reading.listing_now(listing(self.record, filters)).all()
        newest = listing(self.record, {**filters, "sort": _AGE, "order": "DESC"})
        return (await slice_of(context.reading.listing_now(newest), Window(first=_NEWEST))).rows

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


def _requests(context: Context) -> int:
    """Return how many requests a change of a row costs: a PUT reads it before."""
    return 2 if context.reading.upstream.update_method == "PUT" else 1


def _once(context: Context, find: Callable[[], Coroutine[Any, Any, T]]) -> Callable[[], Awaitable[T]]:
    """Return what finds something at the first call, for all who ask."""
    found: list[asyncio.Task[T]] = []

    def get() -> Awaitable[T]:
        if not found:
            found.append(context.tasks.start(find()))
        return asyncio.shield(found[0])

    return get


def _holds(row: Row, name: str, sent: Any) -> bool:
    """Return whether a row may hold what was sent.

    A server may give values back in another form: times, the case of letters, blanks around them,
    0 for a null parent.
    """
    held = getattr(row, name, None)
    if name not in row.__struct_fields__ or isinstance(held, tuple) or not (held or sent):
        return True
    if is_moment(type(row), name):
        return True
    if isinstance(held, str) and isinstance(sent, str):
        return comparable(held.strip().casefold()) == comparable(sent.strip().casefold())
    return held == sent
