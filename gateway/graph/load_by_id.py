"""Loaders of rows by their ids, and of what only an include tells of them."""

from typing import Any, cast

import msgspec

from gateway.errors import NotKeptError, RateLimitedError, TooComplexError, UnavailableError
from gateway.graph.context import Context
from gateway.graph.loader import RowLoader, Wanted
from gateway.mirror.answers.plan import Way, rows_by_id
from gateway.mirror.answers.seen import UNAVAILABLE, UNKNOWN
from gateway.upstream.call import Call, listing, one
from gateway.upstream.record import Record, Row, RowT
from gateway.upstream.way.reasons import because
from gateway.upstream.way.tasks import settle
from gateway.upstream.wire.json_rows import Answer


class Stub(msgspec.Struct, frozen=True):
    """Stands for a row of which only the id is asked for: the foreign key tells it, no request does."""

    kind: str
    id: int


class ById(RowLoader[Wanted[int], RowT | None, RowT]):
    """Ids to rows, in key order; None where PlanDocket answers 404.

    There is no id-list filter, so n unknown ids cost n requests, or the collection's pages if those
    are fewer: see `gateway.mirror.answers.plan`.
    """

    async def load_batch(self, keys: list[Wanted[int]]) -> list[RowT | Exception | None]:
        """Return a row, None or an exception for each key, in their order."""
        include = frozenset[str]().union(*(wanted.include for wanted in keys))
        failure = await fill(self.context, self.record, {wanted.key for wanted in keys}, include)
        return await settle(self._row(wanted, failure) for wanted in keys)

    async def _row(self, wanted: Wanted[int], failure: RateLimitedError | None) -> RowT | None:
        if is_known(self.context, self.record, wanted.key, wanted.include):
            return cast("RowT | None", self.context.reading.known.row(self.record.row, wanted.key))
        with because("it is wanted by its id"):
            answer = await _read(self.context, one(self.record, wanted.key, wanted.include), failure)
        return answer.rows[0] if answer.rows else None


async def _read(context: Context, call: Call[RowT], failure: RateLimitedError | None) -> Answer[RowT]:
    """Return the answer to `call`; after a failure only what is kept of it."""
    if failure is None:
        return await context.reading.read(call)
    answer = await context.reading.recall(call)
    if answer is None:
        raise failure
    return answer


def is_known(context: Context, record: Record[Any], row_id: int, include: frozenset[str]) -> bool:
    """Return whether the operation knows a row, or that there is none, with what these includes tell."""
    row = context.reading.known.row(record.row, row_id)
    links = (context.reading.known.link(record.row, name, row_id) for name in include)
    return row is None or (row is not UNKNOWN and all(link is not UNKNOWN for link in links))


async def fill(
    context: Context, record: Record[Any], row_ids: set[int], include: frozenset[str]
) -> RateLimitedError | None:
    """Make rows known by walking the whole collection, as far as that costs less than to read each.

    Returns why the walk was not made where the hour has too few requests left for it: it has too few for
    each row then, too.
    """
    for row_id in row_ids:
        if not is_known(context, record, row_id, include):
            context.reading.at_hand(one(record, row_id, include))
    if all(is_known(context, record, row_id, include) for row_id in row_ids):
        return None
    whole = listing(record, include=include)
    if include - context.reading.honoured(whole):
        return None
    try:
        await _walk_if_cheaper(context, whole, row_ids, include)
    except RateLimitedError as error:
        return error
    except (UnavailableError, TooComplexError, NotKeptError):
        pass  # each may still be kept, though stale, or affordable
    return None


async def _walk_if_cheaper(
    context: Context, whole: Call[Any], row_ids: set[int], include: frozenset[str]
) -> None:
    record = whole.record
    walk = context.reading.listing(whole)
    pages_read = 0
    while True:
        missing = sum(not is_known(context, record, row_id, include) for row_id in row_ids)
        left = context.reading.pages_left(walk, record)
        match rows_by_id(missing, pages_left=left, pages_read=pages_read):
            case Way.SCAN:
                context.reading.afford(left or 1)
                with because(
                    f"{left} pages of {record.path} are no more requests than {missing} single reads"
                ):
                    await walk.all()
                return
            case Way.PAGE:
                pages_read += 1
                with because(f"{missing} {record.path} are wanted, and a page tells how many there are"):
                    await walk.page(pages_read)
            case _:
                return


class Extra(msgspec.Struct, frozen=True):
    """What one include tells of one row."""

    name: str
    row_id: int


class Extras(RowLoader[Extra, Any, Any]):
    """Extras to links as `Known.link` returns them, in key order.

    Pages of rows come with the includes their selection needs (`gateway.graph.look_ahead`), so this is for
    rows that came embedded in others; they cost what `fill` finds cheapest.
    """

    async def load_batch(self, keys: list[Extra]) -> list[Any]:
        """Return a link or an exception for each key, in their order."""
        include = frozenset(extra.name for extra in keys)
        failure = await fill(self.context, self.record, {extra.row_id for extra in keys}, include)
        return await settle(self._link(extra, failure) for extra in keys)

    async def _link(self, extra: Extra, failure: RateLimitedError | None) -> Any:
        context, kind = self.context, self.record.row
        if context.reading.known.link(kind, extra.name, extra.row_id) is UNKNOWN:
            call = one(self.record, extra.row_id, frozenset({extra.name}))
            if not context.reading.honoured(call):
                return UNAVAILABLE
            with because(f"only include={extra.name} tells it"):
                await _read(context, call, failure)
        return context.reading.known.link(kind, extra.name, extra.row_id)


AnyRow = Row | Stub
