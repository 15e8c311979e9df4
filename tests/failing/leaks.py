# pyright: basic
"""Holds that nothing stays behind: no task, no connection, no descriptor."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

LATE_S = 0.2 + 0.3
"""How long after its deadline an answer may come: 0.2 s are the gateway's, the rest a busy machine's."""


def descriptors():
    """Return how many files and connections this process holds open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@asynccontextmanager
async def nothing_left():
    """Hold that what runs inside leaves nothing behind, once what was cancelled had a moment to end."""
    tasks, count = asyncio.all_tasks(), descriptors()
    yield
    for _ in range(200):
        if asyncio.all_tasks() <= tasks and descriptors() <= count:
            break
        await asyncio.sleep(0.005)
    assert asyncio.all_tasks() - tasks == set()
    assert descriptors() <= count
