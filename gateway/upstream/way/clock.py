"""Time, as an argument: tests bring their own."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Everything is in seconds."""

    monotonic: Callable[[], float] = time.monotonic
    """For durations; never goes back."""
    unix: Callable[[], float] = time.time
    """For moments that others name, as `X-RateLimit-Reset` does."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """For waits of the gateway's own."""
