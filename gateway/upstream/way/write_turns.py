"""Turns: writes of one row go one after another, those of different rows at the same time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from gateway.upstream.record import Record


class _Turn:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.wanted_by = 0


class Turns:
    """Whose turn it is to write a row, in this process; who came first is first. Holds rows that are being written."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, int], _Turn] = {}

    def __len__(self) -> int:
        """Return how many rows are being written, or wait for it."""
        return len(self._turns)

    @asynccontextmanager
    async def of(self, record: Record[Any], row_id: int) -> AsyncGenerator[None]:
        """Run what writes a row alone: whichever key it is written with, it is one row."""
        place = record.path, row_id
        turn = self._turns.setdefault(place, _Turn())
        turn.wanted_by += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.wanted_by -= 1
            if not turn.wanted_by:
                del self._turns[place]
