"""Time, as an argument: tests bring their own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

_since_boot: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""Goes on while the machine is suspended; outside Linux it stands still then. Source: clock_gettime(2)"""


def _boot() -> bytes:
    """Return which start of the machine this is; where nothing tells, one that is no other's. Source: random(4)"""
    try:
        return UUID(Path("/proc/sys/kernel/random/boot_id").read_text().strip()).bytes
    except (OSError, ValueError):
        return uuid4().bytes


@dataclass(frozen=True)
class Clock:
    """Everything is in seconds."""

    monotonic: Callable[[], float] = _since_boot
    """For ages, and the hour's requests; never goes back. Time-outs run by the event loop's."""
    unix: Callable[[], float] = time.time
    """For moments that others name, as `X-RateLimit-Reset` does."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """For waits of the gateway's own."""
    boot: bytes = _boot()
    """The start of the machine that `monotonic` counts from."""
    pace: float = 1.0
    """Seconds that `monotonic` counts in one of the world's: what is shared with others goes by the world's."""

    def world(self) -> float:
        """Return the world's seconds since some moment."""
        return self.monotonic() / self.pace
