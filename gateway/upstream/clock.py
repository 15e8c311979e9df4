"""Time, as an argument: tests bring their own."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """Both functions return seconds."""

    monotonic: Callable[[], float] = time.monotonic
    """For durations; never goes back."""
    unix: Callable[[], float] = time.time
    """For moments that others name, as `X-RateLimit-Reset` does."""
