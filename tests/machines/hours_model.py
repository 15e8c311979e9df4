"""Processes that share an hour of forty requests while much fails, played by a seed: what each does is `Member`'s own.

Two things are beyond what is promised, and counted apart: an epoch that opens while all who know are gone, cut off or
stopped, for nobody can tell that from a first start; and what was granted while the last who lives was cut off for less
than `contact_s`, where whoever it was granted to died with Redis (`brief cuts` has those, else they are longer).

A second is what all spans are in; after each, every process that runs does what it would.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from machines.scripts_model import Kept, Scripts

from gateway.machines.member import Entry, Greeting, Member, Spans, entry
from gateway.machines.reserve import size

LIMIT = 40
SLOTS = 2
OWNER = b"\1\2"
_HEX = OWNER.hex()
_RESERVE = size(LIMIT, SLOTS)
_SPANS = Spans(hour_s=30.0)
_OPENING = round(_SPANS.opening_s * 1000)
_TICK_S = 1.0
_LASTS_S = 110.0
_FAILURES = 6
_MOST_AT_ONCE = 30


@dataclass
class Process:
    """One process, by a clock of its own."""

    member: Member
    ahead_s: float
    greets_at: float
    starts_at: float = 0.0
    paused_until: float = 0.0
    cut_until: float = 0.0
    late: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    """Grants that were not used yet, and when they were asked for."""
    read: int = -1
    spent: int = 0


class World:
    """A Redis, some processes, and what they send."""

    def __init__(self, seed: int, without: str = "") -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.without = without
        self.now = 1_000.0
        self._now_ms = _ms(self.now)
        self._window = _ms(_SPANS.hour_s if without == "late grants count" else _SPANS.window_s)
        self.redis = Scripts("run0", without)
        self.down_until = self.slow_until = 0.0
        self.snapshot = Kept()
        self.sent: dict[int, list[float]] = {0: []}
        """When requests were sent: by the window (0), and by each reserve."""
        self.is_all_lost = False
        """Whether an epoch opened though something was sent before, and nobody who knew could tell."""
        self._opened: set[int] = set()
        self._alone: Process | None = None
        self._names = 0
        self.processes = [self._process() for _ in range(self.random.randint(2, 4))]

    def exceeds(self) -> str:
        """Return which part of an hour had more than it may, once all has been played; "" where none had."""
        start = self.now
        failures = sorted(
            self.random.uniform(8, _LASTS_S - 30) for _ in range(self.random.randint(1, _FAILURES))
        )
        while self.now < start + _LASTS_S:
            self.now += _TICK_S
            self._now_ms = _ms(self.now)
            while failures and start + failures[0] <= self.now:
                failures.pop(0)
                self._fail()
            if self._alone is not None and self.now >= self._alone.cut_until:
                self._lose_all_but(self._alone)
            if self.random.random() < 0.2:
                self.snapshot = self.redis.kept.copy()
            self.random.shuffle(self.processes)
            for process in self.processes:
                if self.now >= max(process.paused_until, process.starts_at):
                    self._live(process)
            for process in self.processes:  # what Redis grants, it tells all who are there
                self._follow(process, self.now + process.ahead_s)
        return "" if self.is_all_lost else self._exceeded()

    def _exceeded(self) -> str:
        every = sorted(at for sent in self.sent.values() for at in sent)
        if most_within(every, _SPANS.hour_s) > LIMIT:
            return "the hour"
        most = {slot: LIMIT - SLOTS * _RESERVE if slot == 0 else _RESERVE for slot in self.sent}
        over = [slot for slot, sent in self.sent.items() if most_within(sent, _SPANS.hour_s) > most[slot]]
        return f"reserve {over[0]}" if over and over[0] else "the window" if over else ""

    def _process(self, starts_in: float = 0.0) -> Process:
        self._names += 1
        member = Member(f"p{self._names}", LIMIT, SLOTS, _SPANS)
        if self.without == "less reserves":
            member.limit = LIMIT
        return Process(member, self.random.uniform(-1e6, 1e6), self.now, self.now + starts_in)

    def _fail(self) -> None:
        one, lasts = self.random.choice(self.processes), self.random.choice((1.0, 4.0, 12.0, 35.0, 75.0))
        match self.random.randrange(12):
            case 0 | 1:
                self.processes[self.processes.index(one)] = self._process(lasts)
            case 10:
                self.processes = [
                    process if process is one else self._process(lasts) for process in self.processes
                ]
            case 11:
                lasts = 1.0 if self.without == "brief cuts" else max(lasts, 4.0)
                one.cut_until, self._alone = self.now + lasts, one
            case 2:
                one.paused_until = self.now + lasts
            case 3:
                one.cut_until = self.now + lasts
            case 4:
                for process in self.processes:
                    process.cut_until = self.now + lasts
            case 5:
                self._restart(Kept(), lasts)
            case 6 | 7:
                self._restart(self.snapshot.copy(), self.random.choice((0.0, lasts)))
            case 8:
                self.redis.kept = Kept()
            case 9:
                self._evict()
            case _:
                self.slow_until = self.now + lasts

    def _lose_all_but(self, one: Process) -> None:
        """Let all end who knew what one does not know, and Redis lose it, just before that one is back."""
        self._alone, self.redis.kept = None, Kept()
        self.processes = [process if process is one else self._process(12.0) for process in self.processes]

    def _restart(self, kept: Kept, lasts: float) -> None:
        self._names += 1
        self.redis.run, self.redis.kept = f"run{self._names}", kept
        self.down_until = self.now + lasts

    def _evict(self) -> None:
        kept = self.redis.kept
        match self.random.choice(("mark", "log", "owners", "window", "window")):
            case "mark":
                kept.mark = {}
            case "log":
                kept.log = None
            case "owners":
                kept.owners = {}
            case _:
                kept.windows.pop(_HEX, None)

    def _live(self, process: Process) -> None:
        own = self.now + process.ahead_s
        wants = self.random.choice((0, 0, 1, 2, _MOST_AT_ONCE))
        if self.now < process.cut_until:
            self._cut_off(process, own, wants)
        elif self.now < self.down_until:
            process.member.heard_nothing_there(own)
            self._cut_off(process, own, wants)
        else:
            if self.now >= process.greets_at:
                process.greets_at = self.now + _TICK_S
                self._greet(process, own)
            for _ in range(wants):
                if not self._attempt(process, own):
                    break

    def _cut_off(self, process: Process, own: float, wants: int) -> None:
        member, reserve = process.member, process.member.reserve
        if self.without == "fixed reserves":
            member.forget(own)
            reserve.size = max(1, (LIMIT - len(member.windows[OWNER])) // len(self.processes))
        if self.without == "an end of reserves" and reserve.slot:
            reserve.hold(reserve.slot, reserve.usable_in_s(own), own, own)
        for _ in range(wants):
            if not self._use_late(process, own):
                self._use_reserve(process, own)

    def _use_reserve(self, process: Process, own: float) -> None:
        reserve = process.member.reserve
        if reserve.take(OWNER, own):
            process.spent += 1
            self._send(process, f"{process.member.process}.{process.spent}", own, reserve.slot)

    def _send(self, process: Process, name: str, own: float, slot: int = 0) -> None:
        process.member.sends(OWNER, name, "read", own)
        self.sent.setdefault(slot, []).append(self.now)

    def _use_late(self, process: Process, own: float) -> bool:
        while process.late:
            name, asked_at = process.late.pop()
            if process.member.may_use(name, own if self.without == "grants age" else asked_at, own):
                self._send(process, name, own)
                return True
        return False

    def _greet(self, process: Process, own: float) -> None:
        member, window, opening = process.member, self._window, _OPENING
        answer = self.redis.greet(self._now_ms, member.process, member.epoch, SLOTS, window, opening)
        greeting = Greeting(*answer)
        self._look_whether_all_is_lost(greeting)
        if member.greeted(greeting, own, own):
            process.read = -1
            process.late.clear()
        if member.owes_account:
            self._account(process, own, window, opening)

    def _account(self, process: Process, own: float, window: int, opening: int) -> None:
        member = process.member
        slot = member.reserve.slot if self.without == "an end of claims" else member.reserve.claim(own)
        told = (
            int(member.was_in_contact),
            slot,
            _ms(min(100.0, member.reserve.usable_in_s(own))),
        )
        for _, words in member.account(self.now if self.without == "ages" else own):
            self.redis.account(
                self._now_ms, member.epoch, member.process, "process", _HEX, window, opening, 0, *told, *words
            )
        self.redis.account(
            self._now_ms, member.epoch, member.process, "process", "", window, opening, 1, *told
        )
        member.owes_account = False

    def _follow(self, process: Process, own: float) -> None:
        log = self.redis.kept.log
        if not log or log[-1][0] == process.read or not process.member.epoch:
            return
        if self.now < max(process.paused_until, process.cut_until, self.down_until):
            return
        for number, text in _after(log, process.read):
            process.read = number
            process.member.saw(number)
            if self.without != "log" and (said := _entry(text)) is not None:
                process.member.heard(said, own)

    def _attempt(self, process: Process, own: float) -> bool:
        """Send a request if one is granted, and return whether another may be tried."""
        member = process.member
        if self._use_late(process, own):
            return True
        answer = self.redis.take(
            self._now_ms, member.epoch, member.process, _HEX, "read", member.limit, self._window, 0
        )
        if answer[1] in ("shut", "lost", "other"):
            self._use_reserve(process, own)
        if answer[1] != "granted":
            return False
        if self.now < self.slow_until or self.random.random() < 0.02:
            process.late.append((answer[2], own))
            return False
        self._send(process, answer[2], own)
        return True

    def _look_whether_all_is_lost(self, greeting: Greeting) -> None:
        if greeting.epoch in self._opened or greeting.opens_in > 0:
            return
        self._opened.add(greeting.epoch)
        begun_s = self.redis.kept.mark["begun"] / 1000
        before = (at for sent in self.sent.values() for at in sent if at > begun_s - _SPANS.hour_s)
        if greeting.is_told or not any(before):
            return
        self.is_all_lost |= not any(self._could_have_told(process, begun_s) for process in self.processes)

    def _could_have_told(self, process: Process, begun_s: float) -> bool:
        """Return whether a process knew something of before an epoch, and was there from its begin on."""
        member, window = process.member, process.member.windows.get(OWNER, {})
        is_older = member.epoch not in (0, self.redis.kept.mark["epoch"])
        knows = is_older and any(sent.at - process.ahead_s < begun_s for sent in window.values())
        return knows and max(process.paused_until, process.cut_until) <= begun_s


def most_within(times: Sequence[float], span_s: float) -> int:
    """Return how many of the times, in order, the fullest span holds; its end is not in it."""
    most = begin = 0
    for end, at in enumerate(times):
        while times[begin] <= at - span_s:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def _after(log: list[tuple[int, str]], read: int) -> Iterator[tuple[int, str]]:
    yield from log[max(0, read + 1 - log[0][0]) :]


@lru_cache
def _entry(text: str) -> Entry | None:
    return entry(text.encode())


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
