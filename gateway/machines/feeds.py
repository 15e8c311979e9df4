"""The feeds of all owners whom this process knows: one reader for them all."""

import asyncio
from contextlib import suppress

from gateway.machines.feed import Feed
from gateway.machines.link import Link, SetAsideError
from gateway.mirror.elsewhere import Elsewhere
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.tasks import Tasks

_BLOCKS_S = 0.2  # a feed that joins is read with the next round
_LOOKS_EVERY_S = 0.05


class Feeds:
    """What `gateway.mirror` joins its owners by."""

    def __init__(self, link: Link, base_url: str, clock: Clock) -> None:
        self._link = link
        self._base_url = base_url
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._was_filled = False
        self._tasks = Tasks()
        link.on_up.append(self._on_up)
        link.on_down.append(self._on_down)

    def join(self, credential: Credential, elsewhere: Elsewhere) -> Feed:
        """Return the feed of a key's owner, which begins to follow."""
        feed = Feed(self._link, credential.name_at(self._base_url), elsewhere, self._clock)
        if not self._feeds:
            self._tasks.start(self._read_on())
        self._feeds[feed.channel.stream] = feed
        feed.on_leave = lambda: self._feeds.pop(feed.channel.stream, None)
        feed.open()
        return feed

    @property
    def is_filled(self) -> bool:
        """Whether what others held at the start is held here, or Redis could not be asked for it.

        The rows of a key that comes later are waited for by who asks for them: the process stays ready.
        """
        feeds = self._feeds.values()
        self._was_filled = (
            self._was_filled or not self._link.is_up or all(feed.is_filled.is_set() for feed in feeds)
        )
        return self._was_filled

    async def close(self) -> None:
        """Follow no more, and let others walk."""
        await asyncio.gather(*(feed.close() for feed in self._feeds.values()))
        await self._tasks.end()

    def _on_up(self) -> None:
        for feed in self._feeds.values():
            feed.on_up()

    def _on_down(self) -> None:
        for feed in self._feeds.values():
            feed.on_down()

    async def _read_on(self) -> None:
        while True:
            follows = {
                stream: f"{feed.channel.epoch}-{feed.channel.n}"
                for stream, feed in self._feeds.items()
                if feed.channel.in_step
            }
            if not follows or not self._link.is_up:
                await asyncio.sleep(_LOOKS_EVERY_S)
                continue
            with suppress(SetAsideError):
                for stream, entries in await self._link.read_streams(follows, _BLOCKS_S):
                    if (feed := self._feeds.get(stream)) is not None and feed.channel.in_step:
                        await feed.receive(entries)
