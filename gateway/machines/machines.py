"""What several processes share, joined: the way to Redis, the hour, the rows, and sealed values."""

from pathlib import Path
from typing import Self

from gateway.machines.feeds import Feeds
from gateway.machines.hour import HourOfMany
from gateway.machines.link import Link
from gateway.machines.member import Spans
from gateway.machines.sealed import SealedValues
from gateway.settings.redis import RedisSettings
from gateway.telemetry.metrics import Redis
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.hour_lanes import HOUR_S


class Machines:
    """One process' part in it; entered as long as the process serves."""

    def __init__(
        self,
        settings: RedisSettings,
        clock: Clock,
        base_url: str,
        limit: int | None,
        ca_file: Path | None = None,
    ) -> None:
        """`limit` is that of an hour; None is unlimited.

        Raises:
            SettingsError: the settings name no Redis.
        """
        self.link = Link(settings, clock, ca_file)
        spans = Spans.of(HOUR_S / clock.pace)
        self.hour = HourOfMany(self.link, clock, base_url, limit, settings.processes, spans)
        self.feeds = Feeds(self.link, base_url, clock)
        self.sealed = SealedValues(self.link)
        self._is_limited = limit is not None

    async def __aenter__(self) -> Self:
        """Ask Redis from now on."""
        await self.link.open()
        await self.hour.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave the others."""
        await self.feeds.close()
        await self.hour.close()
        await self.link.close()

    @property
    def standing(self) -> Redis:
        """How it stands."""
        is_open = self.hour.is_open if self._is_limited else None
        return Redis(self.link.is_up, self.link.set_asides, is_open)

    @property
    def degraded(self) -> str | None:
        """What does not work, in a sentence; None where all does."""
        if not self.link.is_up:
            return f"Redis is set aside until it answers ({self.link.why}): this process has its reserve of the hour."
        if self._is_limited and not self.hour.is_open:
            return (
                "Redis lost what it held, and the hour is not open yet: this process has its reserve of it."
            )
        return None
