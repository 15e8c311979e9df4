"""Which row a create made, where PlanDocket does not name it: one that was not there, and holds what was sent."""

import asyncio
from typing import Any

from gateway.errors import NotKeptError, OverloadedError, RateLimitedError, UnavailableError, UnreadableError
from gateway.graph.context import Context
from gateway.graph.inputs import Body
from gateway.mirror.answers.window import Window, slice_of
from gateway.upstream.call import listing
from gateway.upstream.record import Record, Row
from gateway.upstream.way.reasons import because
from gateway.upstream.wire.columns import is_moment
from gateway.upstream.wire.natural_keys import comparable

_NEWEST = 100
_AGE = "created_at"


async def newest(context: Context, record: Record[Any], body: Body) -> int | None:
    """Return the highest id among the candidates that are there before a new row is written.

    None where that is not known, so that no row can be told to be new. PlanDocket is not asked where it has
    answered with the id before; whether it does is undocumented.
    """
    try:
        if context.reading.upstream.traits.tells_id(record.path):
            return None
        # The look must not cost the write its request.
        context.reading.upstream.check_hour(context.reading.session, 2)
        with because("should PlanDocket not name the new row, only what was there before tells which it is"):
            async with asyncio.timeout(context.reading.time_left / 2):
                return max((row.id for row in await _candidates(context, record, body)), default=0)
    except UnavailableError as error:
        if error.never_left:
            raise  # the write would not leave either
        return None
    except (UnreadableError, RateLimitedError, OverloadedError, NotKeptError, TimeoutError):
        return None


async def find(context: Context, record: Record[Any], sent: Body, newest: int | None) -> int | None:
    """Return the id of the one row that was not there before and holds what was sent, as far as it shows it.

    None where there are several, or where it is not known what was there: an older namesake would pass for it.
    """
    if newest is None:
        return None
    with because("PlanDocket did not name the new row"):
        rows = await _candidates(context, record, sent)
    ids = [row.id for row in rows if row.id > newest and all(_holds(row, *cell) for cell in sent.items())]
    return ids[0] if len(ids) == 1 else None


async def _candidates(context: Context, record: Record[Any], sent: Body) -> tuple[Row, ...]:
    """Return rows among which a new one is, as they are now, whatever is kept.

    Those that have what was sent, as far as a filter compares that; the newest of them where a list can be
    ordered so, for they may be many.
    """
    filters = {name: sent[name] for name in record.exact if name in sent}
    if _AGE not in record.sorts:
        return await context.reading.listing_now(listing(record, filters)).all()
    newest = listing(record, {**filters, "sort": _AGE, "order": "DESC"})
    return (await slice_of(context.reading.listing_now(newest), Window(first=_NEWEST))).rows


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
