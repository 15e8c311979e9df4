"""From an answer's body to its rows: the usual way or the tolerant one, and beside the loop where that takes long."""

import asyncio

from gateway.errors import UnreadableError
from gateway.upstream.call import Call
from gateway.upstream.fast import read_fast
from gateway.upstream.record import RowT
from gateway.upstream.wire import Answer, decode, read_list, read_single

_AT_ONCE = 100_000  # bytes: in 20 ms they are read, whichever way


async def answer_in(body: bytes, call: Call[RowT], most_rows: int) -> Answer[RowT]:
    """Return what a body answers to a call.

    Raises:
        UnreadableError: it is no JSON, holds no rows where any are expected, or more than `most_rows`.
    """
    if len(body) <= _AT_ONCE:
        return _read(body, call, most_rows)
    return await asyncio.to_thread(_read, body, call, most_rows)


def _read(body: bytes, call: Call[RowT], most_rows: int) -> Answer[RowT]:
    is_list = call.id is None
    answer = read_fast(call.record, body, call.include, is_list=is_list)
    if answer is None:
        reader = read_list if is_list else read_single
        answer = reader(call.record, decode(body), call.include)
    if answer.count > most_rows:
        raise UnreadableError(
            f"PlanDocket's list of {call.record.path} came in one answer of {answer.count:,} rows, and "
            f"{most_rows:,} are the most (GATEWAY_MAX_LIST_ROWS): filter it, so that it is shorter."
        )
    return answer
