"""From an answer's body to its rows: the usual way or the tolerant one, and beside the loop where that takes long."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import msgspec

from gateway.errors import UnavailableError, UnreadableError
from gateway.upstream.call import Call
from gateway.upstream.record import RowT
from gateway.upstream.wire.envelopes import refuses, row_in
from gateway.upstream.wire.json_bounds import decode_sparse, refuse_dense
from gateway.upstream.wire.json_rows import Answer, read_list, read_single
from gateway.upstream.wire.usual_dialect import read_fast

_AT_ONCE = 100_000  # bytes: in 20 ms they are read, whichever way
_MOST_HELD = 41_000_000  # the largest answer, twice while it is put together


class Room:
    """How many bytes of answers are held at the same time, while they arrive and while large ones are read.

    For all answers together, since they share the process's memory.
    """

    def __init__(self) -> None:
        self._taken = 0

    def take(self, size: int) -> None:
        """Note that so many bytes more are held.

        Raises:
            UnavailableError: these and what is held already are over 41 MB; they are noted all the same.
        """
        self._taken += size
        if self._taken > _MOST_HELD:
            raise UnavailableError(
                "PlanDocket's answers are too large to take more at the same time: try again later.",
                may_have_arrived=True,
            )

    def give_back(self, size: int) -> None:
        """Note that they are held no longer."""
        self._taken -= size


class Bodies:
    """Reads answers; large ones one after the other, since each takes several times its size meanwhile.

    On one thread, too: each has memory of its own, which it keeps for itself afterwards.
    """

    def __init__(self, most_rows: int, room: Room) -> None:
        self._most_rows = most_rows
        self._room = room
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large answers")

    async def read(self, body: bytes, call: Call[RowT]) -> Answer[RowT] | None:
        """Return what a body answers to a call; None where it is a refusal in an answer of status 200.

        Raises:
            UnreadableError: it is no JSON, holds no rows where any are expected, or more than it may.
            UnavailableError: too much waits to be read already.
        """
        if len(body) <= _AT_ONCE:
            return self._read(body, call)
        try:
            self._room.take(len(body))
            run = copy_context().run  # what is logged there is of this request
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: run(self._read, body, call)
            )
        finally:
            self._room.give_back(len(body))

    def close(self) -> None:
        """Begin to read nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _read(self, body: bytes, call: Call[RowT]) -> Answer[RowT] | None:
        refuse_dense(body)
        is_list = call.id is None
        answer = None if call.as_it_came else read_fast(call.record, body, call.include, is_list=is_list)
        if answer is None:
            payload = decode_sparse(body)
            if refuses(call.record, payload):
                return None
            answer = (read_list if is_list else read_single)(call.record, payload, call.include)
            if call.as_it_came:
                answer = msgspec.structs.replace(answer, raw=row_in(call.record, payload))
        if answer.count > self._most_rows:
            raise UnreadableError(
                f"PlanDocket's list of {call.record.path} came in one answer of {answer.count:,} rows, and "
                f"{self._most_rows:,} are the most (GATEWAY_MAX_LIST_ROWS): filter it, so that it is shorter."
            )
        return answer
