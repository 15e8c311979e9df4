"""Which process reads an owner's collections anew: who holds the lease. What others were asked for, it is told."""

from collections.abc import Callable
from math import inf
from typing import Any

import msgspec

from gateway.machines.channel import Channel
from gateway.machines.feed_scripts import ATTEMPT, BEAT, LEAVE
from gateway.machines.link import SetAsideError
from gateway.mirror.elsewhere import Asked, Elsewhere, Planned

LASTS_S = 5.0
"""For how long after its last beat the holder walks; whoever beats next after that takes over."""
_IN_USE_S = 60.0

_ASKED = msgspec.json.Decoder(list[Asked])
_PLANNED = msgspec.json.Decoder(list[Planned])


class Lease:
    """One owner's, as one process has it or not."""

    def __init__(self, channel: Channel, elsewhere: Elsewhere) -> None:
        self.fence: str = "0"
        """The number of the lease that this process has or had: an older one changes nothing."""
        self._channel = channel
        self._elsewhere = elsewhere
        self._until = -inf
        self._asked_at = channel.world()
        self._plan = b""

    @property
    def is_held(self) -> bool:
        """Whether this process walks: by its own clock, from before it asked for the lease."""
        return self._channel.in_step and self._channel.link.is_up and self._channel.world() < self._until

    @property
    def is_in_use(self) -> bool:
        """Whether anything was asked for here in the last minute."""
        return self._channel.world() - self._asked_at < _IN_USE_S

    async def beat(self, on_orphan: Callable[[bytes], None]) -> int:
        """Take or keep the lease where nobody else has it; tell what was asked for; return the last number.

        `on_orphan` takes rows that a process was writing that is there no more.

        Raises:
            OutOfStepError, SetAsideError: as `Channel.ask` does.
        """
        asked = self._elsewhere.asked()
        if asked:
            self._asked_at = self._channel.world()
        plan = msgspec.json.encode(self._elsewhere.plan())
        sent = self._channel.world()
        told = msgspec.json.encode(asked) if asked else b""
        try:
            answer = await self._channel.ask(BEAT, self._channel.link.process, LASTS_S, told, plan)
        except BaseException:
            self._elsewhere.keep_untold(asked)
            raise
        n, fence, planned, others, orphans = answer
        self._take(str(fence, "ascii"), sent, planned)
        for one in others:
            self._serve(one)
        for one in orphans:
            on_orphan(one)
        return int(n)

    def _take(self, fence: str, sent: float, planned: bytes) -> None:
        if not fence:
            self._until = -inf
            self._elsewhere.decide(decides=False)
        if (not fence or fence != self.fence) and planned and planned != self._plan:
            self._plan = planned
            self._elsewhere.follow_plan(_decoded(_PLANNED, planned))
        if fence:
            self._elsewhere.decide(decides=True)
            self.fence, self._until = fence, sent + LASTS_S

    def _serve(self, told: bytes) -> None:
        self._elsewhere.serve(_decoded(_ASKED, told))

    async def attempt(self, name: str, row: str) -> None:
        """Note a row that is being written; "" once that is over. Where Redis is not asked, nobody knows."""
        try:
            await self._channel.link.run(ATTEMPT, self._channel.keys, (name, row))
        except SetAsideError:
            return

    async def leave(self) -> None:
        """Let another process walk."""
        self._until = -inf
        try:
            await self._channel.link.run(LEAVE, self._channel.keys, ("", self._channel.link.process))
        except SetAsideError:
            return


def _decoded(decoder: Any, told: bytes) -> Any:
    """Return what another process told; nothing where that is of another version."""
    try:
        return decoder.decode(told)
    except msgspec.MsgspecError:
        return []
