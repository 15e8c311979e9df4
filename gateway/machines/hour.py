"""One hour for all processes: each attempt is granted by Redis, or taken from this process' reserve.

The log of all attempts is followed, so that this process can share the hour between lanes, and give account of it.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import inf
from typing import Any

from gateway.errors import RateLimitedError
from gateway.machines.hour_script import ACCOUNT, GREET, NOTE, TAKE
from gateway.machines.link import Late, Link, SetAsideError
from gateway.machines.member import Greeting, Member, Spans, entry
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_file import HourFile
from gateway.upstream.way.hour_lanes import Lane
from gateway.upstream.way.hour_records import EVERYONE, NAME, Attempt
from gateway.upstream.way.shared_hour import Heard, Told
from gateway.upstream.way.tasks import Tasks

log = logging.getLogger(__name__)

_GREETS_EVERY_S = 0.5
_ASKED_AGAIN_S = 1.0
_MOST_AT_ONCE = 300  # attempts that one step tells, so that Redis is not busy with it for long
_PATIENT = (Lane.WALK, Lane.BACKGROUND)
"""Lanes that have nothing of the reserve: nobody waits for them."""
_NOBODY_KNOWS = (
    ", and begins with nothing but what GATEWAY_MIRROR_DIR tells, if anything: no process knows more"
)
_HEARD = {
    "sent": Heard.SENT,
    "back": Heard.NEVER_LEFT,
    "closed": Heard.CLOSED,
    "open": Heard.REOPENED,
}


class _NotSharedError(Exception):
    """Redis grants nothing at the moment, nor refuses it, and may be asked again after some seconds."""

    def __init__(self, seconds: float = _ASKED_AGAIN_S) -> None:
        super().__init__()
        self.seconds = seconds


class HourOfMany:
    """The hour that all processes share; see `gateway.upstream.way.shared_hour` for what the budget asks."""

    def __init__(
        self,
        link: Link,
        clock: Clock,
        base_url: str,
        limit: int | None,
        processes: int,
        spans: Spans,
    ) -> None:
        """`limit` is that of an hour; None is unlimited."""
        self.member = Member(link.process, limit or 1, processes, spans)
        self.reserved = 0 if limit is None else limit - self.member.limit
        self.on_heard: list[Callable[[Told], None]] = []
        self.file: HourFile | None = None
        """Has what was sent before the start, for where no process can tell it."""
        self._link = link
        self._clock = clock
        self._base_url = base_url
        self._processes = processes
        tenant = sha256(base_url.encode()).digest()
        self._keys = [link.key(tenant, name) for name in ("mark", "log", "owners")]
        self._late = defaultdict[tuple[bytes, Lane], list[tuple[str, float]]](list)
        self._after = b"0"
        self._from_reserve = 0
        self._greeted_at = -inf
        self._was_open = True
        self._opens_in_s: float | None = None  # of an epoch of which nobody told anything yet
        self._wake, self._opened = asyncio.Event(), asyncio.Event()
        self._tasks = Tasks()
        link.on_up.append(self._wake.set)
        link.on_nothing_there.append(lambda: self.member.heard_nothing_there(clock.world()))

    @property
    def is_open(self) -> bool:
        """Whether requests are granted."""
        return self._link.is_up and self.member.is_open

    async def open(self) -> None:
        """Begin to follow what others do; returns once the hour is open and known, or will not be for a while."""
        for work in (self._greet_on(), self._follow()):
            self._tasks.start(work)
        if self._link.is_up:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.member.spans.opening_s + _GREETS_EVERY_S):
                    await self._opened.wait()

    async def close(self) -> None:
        """Leave the others; a reserve of which nothing was spent is free at once."""
        await self._tasks.end()
        if self.member.reserve.is_untouched(self._now()):
            await self._note("leave", b"", "-", str(self.member.reserve.slot))

    def owner(self, credential: Credential) -> bytes:
        """Return what stands for a credential; nobody can tell the key by it."""
        return credential.name_at(self._base_url)[:NAME]

    def earlier(self, owner: bytes, per_hour: int) -> Iterable[Attempt]:
        """Return what was heard of an owner's attempts, oldest first, at most an hour's."""
        window = self.member.windows.get(owner, {})
        sent = sorted(
            (Attempt(owner, Lane(one.lane), self._as_told(one.at)) for one in window.values()), key=_at
        )
        return sent[-per_hour:]

    async def take(self, owner: bytes, lane: Lane, probes_every_s: float) -> float:
        """Count one attempt, about to be sent, and return when.

        Raises:
            RateLimitedError: none is left.
        """
        try:
            name = self._granted_late(owner, lane) or await self._ask(owner, lane, probes_every_s)
            at = self._clock.monotonic()
        except (SetAsideError, _NotSharedError) as error:
            at = self._clock.monotonic()
            if lane in _PATIENT or not self.member.reserve.take(owner, at / self._clock.pace):
                seconds = error.seconds if isinstance(error, _NotSharedError) else _ASKED_AGAIN_S
                raise RateLimitedError(self._as_told(seconds)) from None
            self._from_reserve += 1
            name = f"{self._link.process}.{self._from_reserve}"
        self.member.sends(owner, name, lane.value, at / self._clock.pace)
        return at

    def give_back(self, owner: bytes, lane: Lane, at: float) -> None:
        """Take back an attempt that never left."""
        window, sent_at = self.member.windows.get(owner, {}), at / self._clock.pace
        name = next((name for name, sent in reversed(window.items()) if sent.at == sent_at), None)
        if name is None:
            return
        del window[name]
        if name.startswith(self._link.process):  # of the reserve
            self.member.reserve.give_back(owner, sent_at)
        else:
            self._tasks.start(self._note("back", owner, lane.value, name))

    def close_for(self, owner: bytes, seconds: float) -> None:
        """Let nobody send anything for a while."""
        wait_ms = round(seconds / self._clock.pace * 1000)
        self._tasks.start(self._note("closed", owner, Lane.READ.value, "-", max(1, wait_ms)))

    def reopen(self, owner: bytes) -> None:
        """Let everybody send again."""
        self._tasks.start(self._note("open", owner, Lane.READ.value, "-"))

    async def _ask(self, owner: bytes, lane: Lane, probes_every_s: float) -> str:
        """Return the name of a granted attempt."""
        asked_at, spans = self._now(), self.member.spans
        probe_ms = round(probes_every_s / self._clock.pace * 1000)
        args = (owner.hex(), lane.value, self.member.limit, _ms(spans.window_s), probe_ms)
        late = partial(self._came_late, owner, lane, asked_at)
        answer = await self._run(TAKE, owner, self.member.epoch, self._link.process, *args, late=late)
        match answer[1]:
            case b"granted":
                name = answer[2].decode()
                if self.member.may_use(name, asked_at, self._now()):
                    return name
                self._tasks.start(self._note("back", owner, lane.value, name))
            case b"full" | b"closed":
                raise RateLimitedError(self._as_told(answer[2] / 1000))
            case b"shut":
                raise _NotSharedError(answer[2] / 1000)
            case _:
                self._wake.set()
        raise _NotSharedError

    def _came_late(self, owner: bytes, lane: Lane, asked_at: float, answer: Any) -> None:
        if answer[1] == b"granted":
            self._late[owner, lane].append((answer[2].decode(), asked_at))
            self._tell(Told(Heard.GRANTED_LATE, owner, lane, self._clock.monotonic()))

    def _granted_late(self, owner: bytes, lane: Lane) -> str | None:
        """Return the name of an attempt that was granted when nobody waited any more, where it may be used yet."""
        self._drop_late()
        grants = self._late.get((owner, lane))
        return grants.pop(0)[0] if grants else None

    def _drop_late(self) -> None:
        """Give back what was granted late and not used."""
        now = self._now()
        for (owner, lane), grants in list(self._late.items()):
            usable = [grant for grant in grants if self.member.may_use(*grant, now)]
            for name in {name for name, _ in grants} - {name for name, _ in usable}:
                self._tasks.start(self._note("back", owner, lane.value, name))
            self._late[owner, lane] = usable
            if not usable:
                del self._late[owner, lane]

    async def _greet_on(self) -> None:
        while True:
            for step in (self._greet, self._give_account, self._tell_file):
                with suppress(SetAsideError):
                    await step()
            with suppress(TimeoutError):
                async with asyncio.timeout(_GREETS_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _greet(self) -> None:
        """Tell Redis that the process is there."""
        spans, greeted = self.member.spans, partial(self._greeted, self._now())
        args = (self.member.epoch, self._processes, _ms(spans.window_s), _ms(spans.opening_s))
        greeted(await self._link.run(GREET, self._keys, (self._link.process, *args), greeted))

    def _greeted(self, sent_at: float, answer: Any) -> None:
        if sent_at < self._greeted_at:
            return  # it was overtaken
        self._greeted_at = sent_at
        member, greeting, had_none = self.member, Greeting(*answer), not self.member.epoch
        if member.greeted(greeting, sent_at, self._now()):
            self._after, self._was_open = b"0", had_none and greeting.opens_in == 0
            if not had_none:
                log.warning("Redis lost what it held of the hour: those who know tell it anew what was sent")
        if member.is_open and not self._was_open:
            log.warning("the hour is open%s", "" if greeting.is_told else _NOBODY_KNOWS)
        self._was_open = member.is_open
        self._look_whether_it_may_begin()
        self._opens_in_s = None if greeting.is_told else greeting.opens_in / 1000
        member.forget(self._now())
        self._drop_late()

    async def _give_account(self) -> None:
        """Tell a new epoch what this process knows of the hour."""
        member = self.member
        if not member.owes_account:
            return
        contact, slot = int(member.was_in_contact), member.reserve.claim(self._now())
        usable_ms = _ms(min(member.reserve.usable_in_s(self._now()), 2 * member.spans.window_s))
        for owner, words in member.account(self._now()):
            for start in range(0, len(words), 3 * _MOST_AT_ONCE):
                part = words[start : start + 3 * _MOST_AT_ONCE]
                await self._account("process", owner, 0, contact, slot, usable_ms, part)
        if await self._account("process", b"", 1, contact, slot, usable_ms) == b"told":
            member.owes_account = False
            self._wake.set()

    async def _tell_file(self) -> None:
        """Tell an epoch of which nobody knows anything what was sent before the start, just before it opens."""
        if self.file is None or self._opens_in_s is None or not 0 < self._opens_in_s <= 2 * _GREETS_EVERY_S:
            return
        now = self._clock.monotonic()
        for owner, attempts in self.file.before.items():
            if owner == EVERYONE:
                await self._account("file", b"", 1, 0, 0, 0)
                continue
            words: list[str] = []
            for place, one in enumerate(attempts[-self.member.limit :]):
                age_ms = _ms((now - one.at) / self._clock.pace)
                words += (one.lane.value, f"{self._link.process}-{place}", str(age_ms))
            await self._account("file", owner, 0, 1, 0, 0, words)
        self.file = None

    async def _account(
        self,
        source: str,
        owner: bytes,
        is_done: int,
        contact: int,
        slot: int,
        usable_ms: int,
        words: Sequence[str] = (),
    ) -> bytes:
        spans = self.member.spans
        told = (
            source,
            owner.hex(),
            _ms(spans.window_s),
            _ms(spans.opening_s),
            is_done,
            contact,
            slot,
            usable_ms,
        )
        answer = await self._run(ACCOUNT, owner, self.member.epoch, self._link.process, *told, *words)
        return answer[1]

    async def _note(self, kind: str, owner: bytes, lane: str, name: str, wait_ms: int = 0) -> None:
        window_ms = _ms(self.member.spans.window_s)
        with suppress(SetAsideError):
            await self._run(
                NOTE, owner, kind, self._link.process, owner.hex(), lane, name, wait_ms, window_ms
            )

    async def _run(
        self, script: str, owner: bytes, *args: str | int | float, late: Late | None = None
    ) -> Any:
        keys = (*self._keys, self._link.key(owner, "window"), self._link.key(owner, "closed"))
        return await self._link.run(script, keys, args, late)

    async def _follow(self) -> None:
        """Hear what the others do."""
        while True:
            after = self._after
            try:
                if not self.member.epoch:
                    raise SetAsideError
                entries = await self._link.read_stream(self._keys[1], after)
            except SetAsideError:
                await asyncio.sleep(_GREETS_EVERY_S / 10)
                continue
            if after == self._after:  # else another epoch has begun meanwhile
                for place, fields in entries:
                    self._after = place
                    self._hear(int(place.partition(b"-")[2]), fields.get(b"e", b""))

    def _hear(self, number: int, text: bytes) -> None:
        self.member.saw(number)
        self._look_whether_it_may_begin()
        said = entry(text)
        at = None if said is None else self.member.heard(said, self._now())
        if said is not None and at is not None and said.kind in _HEARD:
            self._tell(Told(_HEARD[said.kind], said.owner, Lane(said.lane), self._as_told(at)))

    def _look_whether_it_may_begin(self) -> None:
        if self.member.is_open and self.member.is_complete:
            self._opened.set()

    def _tell(self, told: Told) -> None:
        for hear in self.on_heard:
            hear(told)

    def _now(self) -> float:
        return self._clock.world()

    def _as_told(self, seconds: float) -> float:
        """Return seconds of the world as the gateway's clock counts them."""
        return seconds * self._clock.pace


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))


def _at(attempt: Attempt) -> float:
    return attempt.at
