"""An owner's keys in Redis, as one process knows them."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import msgspec

from gateway.machines.feed_scripts import JOIN
from gateway.machines.link import Link
from gateway.machines.redis_time import RedisTime
from gateway.machines.row_values import NEVER, RowValues, number_of, version_of
from gateway.mirror.rows.kept import KeptWalk
from gateway.upstream.record import Record
from gateway.upstream.way.clock import Clock

_KEYS = ("state", "stream", "gone", "gone_at", "asked", "alive", "open")
_REMEMBERED_S = 600.0  # by then every read that was sent before has ended
_APART_S = 0.02
_MOST_DELETED = 10_000
_SETTLES_WITHIN_S = 3.0  # three beats

Key = tuple[str, int]
"""A row: its resource's path, and its id."""


class OutOfStepError(Exception):
    """What is held here does not follow what Redis holds any more: all is read again."""


class Whole(msgspec.Struct, frozen=True):
    """A collection that is held whole, or a part of one."""

    walk: KeptWalk
    since: str
    """The number before its walk: what is older was found as it is."""
    includes: tuple[str, ...]
    """What the walk was told of its rows, and of the rows themselves (""), unless a write touched it since."""


class Channel:
    """Asks for an owner's keys, and knows which changes are held here."""

    def __init__(self, link: Link, owner: bytes, records: Sequence[Record[Any]], clock: Clock) -> None:
        self.link = link
        self.now = clock.monotonic
        self.world = clock.world
        self.time = RedisTime(clock.pace)
        self.records = {record.path: record for record in records}
        self.places = {path: place for place, path in enumerate(self.records, 1)}
        self.paths = {place: path for path, place in self.places.items()}
        self.values = {path: RowValues(record, owner) for path, record in self.records.items()}
        names = (*_KEYS, *(f"rows {path}" for path in self.records))
        version = version_of(records)
        self.keys = [link.key(owner, f"feed {version} {name}") for name in names]
        self.epoch = 0
        self.n = 0
        """The number of the last change that is held here, in the epoch."""
        self.in_step = False
        """Whether what is held here follows what Redis holds."""
        self.was_filled = False
        """Whether it ever did."""
        self.numbers: dict[str, dict[int, str]] = {path: {} for path in self.records}
        """Of each row that Redis holds, the number of its last change that is held here."""
        self.deleted: dict[Key, tuple[str, float | None]] = {}
        """The last deletions: their numbers, and when they were where that is known."""
        self.wholes: dict[str, tuple[Whole, ...]] = {}
        """What is held whole, by this process's clock."""
        self.whole_numbers: dict[str, str] = {}
        """By path, the number of the change that told so last."""
        self._least_epoch = 0
        self._joined = 0
        self._began = inf
        self._moved_at = inf
        self._moments: list[float] = []
        self._positions: list[str] = []

    @property
    def stream(self) -> str:
        """The key of its stream."""
        return self.keys[1]

    @property
    def is_settled(self) -> bool:
        """Whether all processes had time to tell what they knew before the epoch."""
        return self.world() - self._began > _SETTLES_WITHIN_S

    @property
    def position(self) -> str:
        """The number of the last change that is held here."""
        return number_of(self.epoch, self.n)

    def number(self, key: Key) -> str:
        """Return the number of a row's last change that is held here; none where Redis does not hold it."""
        return self.numbers[key[0]].get(key[1], "")

    def last_number(self, key: Key) -> str:
        """Return the number of a row's last change that is held here, be it a deletion."""
        return max(self.number(key), self.deleted.get(key, ("", None))[0])

    def forget(self, key: Key, number: str, gone_at: float | None) -> None:
        """Hold a row no more, by a change."""
        path, row_id = key
        self.numbers[path].pop(row_id, None)
        self.deleted.pop(key, None)
        self.deleted[key] = (number, gone_at)
        while len(self.deleted) > _MOST_DELETED:
            del self.deleted[next(iter(self.deleted))]

    def move(self, epoch: int, n: int) -> None:
        """Hold all changes up to one."""
        now = self.now()
        if epoch != self.epoch:
            self._moments, self._positions, self._began = [], [], self.world()
        self.epoch, self.n, self._moved_at = epoch, n, now
        if not self._moments or now - self._moments[-1] >= _APART_S:
            self._moments.append(now)
            self._positions.append(self.position)
        if self._moments[0] < now - 2 * _REMEMBERED_S:
            old = bisect_right(self._moments, now - _REMEMBERED_S)
            del self._moments[:old], self._positions[:old]

    def position_at(self, at: float) -> str:
        """Return a change of which all was held here at a moment."""
        if at >= self._moved_at:  # moves soon after another are remembered by none of the moments
            return self.position
        found = bisect_right(self._moments, at)
        return self._positions[found - 1] if found else NEVER

    async def join(self) -> tuple[int, int]:
        """Return the epoch and its last number; begin a new one where Redis lost its memory.

        Raises:
            SetAsideError: as `Link.run` does.
        """
        answer = await self._run(JOIN, max(self.epoch, self._least_epoch))
        self._joined = int(answer[1])
        return self._joined, int(answer[2])

    def distrust(self) -> None:
        """Take it as lost what Redis holds: some of it is not what it should be."""
        self._least_epoch = self._joined + 1

    async def ask(
        self, script: str, *given: bytes | str | int | float, epoch: int | None = None
    ) -> list[Any]:
        """Return what a script answers behind time and epoch.

        Raises:
            OutOfStepError: Redis lost its memory, or another epoch has begun.
            SetAsideError: as `Link.run` does.
        """
        known = self.epoch if epoch is None else epoch
        answer = await self._run(script, known, *given)
        if not answer[1]:
            raise OutOfStepError
        return answer[2:]

    async def _run(self, script: str, *given: bytes | str | int | float) -> list[Any]:
        sent = self.now()
        answer = await self.link.run(script, self.keys, given)
        self.time.learn(sent, self.now(), float(answer[0]))
        return answer

    def replaced(self, whole: Whole, turn: Callable[[float], float]) -> Whole:
        """Return the same by another clock."""
        walk = msgspec.structs.replace(whole.walk, at=turn(whole.walk.at))
        return msgspec.structs.replace(whole, walk=walk)
