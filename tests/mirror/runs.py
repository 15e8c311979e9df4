# pyright: basic
"""A gateway that is started and ended again and again, with a folder in which what it holds lasts."""

import asyncio
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, cast

from asking import Ask, Time, endpoint_of, skip
from mirror.mirroring import mirrored, quiet


class Minutes(Time):
    """A clock whose minutes end when they are told to, for who waits for one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._ended = asyncio.Event()

    @property
    def clock(self):
        """The same for the gateway."""
        return replace(super().clock, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        await (self._ended.wait() if seconds == 60 else skip(seconds))

    def end(self) -> None:
        """Let a minute end."""
        self._ended.set()
        self._ended = asyncio.Event()


class Runs:
    """A gateway with a folder that is started and ended, in front of the same sandbox."""

    def __init__(self, gateway, folder: Path) -> None:
        self.time = Minutes()
        self.folder = folder
        self.ask: Ask
        self._gateway = gateway
        self._running: AsyncExitStack | None = None

    async def start(self, sandbox=None, **given) -> Ask:
        """Start one, after the one before has ended."""
        await self.end()
        self.ask = mirrored(self._gateway, self.time, sandbox, mirror_dir=self.folder, **given)
        self._running = AsyncExitStack()
        app = cast("Any", self.ask.http)._transport.app
        await self._running.enter_async_context(app.router.lifespan_context(app))
        return self.ask

    async def again(self, **given) -> Ask:
        """Start one in front of the same tenant."""
        return await self.start(self.ask.sandbox, **given)

    async def killed(self, files: dict[Path, bytes]) -> None:
        """End it, as if it had been killed when these were its files."""
        await self.end()
        for path, data in files.items():
            path.write_bytes(data)

    async def end(self) -> None:
        """End it."""
        if self._running is not None:
            await self._running.aclose()
            self._running = None

    @contextmanager
    def busy(self):
        """Let the thread that writes the files do something else."""
        done = Event()
        self._thread.submit(done.wait)
        yield
        done.set()

    @property
    def _thread(self):
        return cast("Any", endpoint_of(self.ask))._mirror._owners._files._thread

    @property
    def files(self) -> dict[Path, bytes]:
        """All that lies in the folder."""
        return {path: path.read_bytes() for path in self.folder.iterdir()}

    def holds(self, text: str) -> bool:
        """Return whether a text lies in the folder."""
        return any(text.encode() in data for data in self.files.values())

    async def minute(self) -> None:
        """Let a minute pass, and what is due then be done."""
        self.time.end()
        await self.written()

    async def kept(self) -> None:
        """Return once the files have all that a restart takes up."""
        for owner in cast("Any", endpoint_of(self.ask))._mirror._owners._owners.values():
            while owner.lasting._paths - owner.lasting._complete:
                await self.written()

    async def written(self) -> None:
        """Return once the thread that writes the files has done what it was given."""
        await quiet(self.ask)
        await asyncio.wrap_future(self._thread.submit(bool))
        await quiet(self.ask)
