"""What one process knows of the shared hour, and may therefore do. Pure: time is an argument, in the world's seconds.

After a loss of memory the processes tell Redis what they know: by ages, never by times, for clocks differ. Only one
that was in contact until the loss can have seen all that was granted, so only its word opens the hour again at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf
from typing import NamedTuple, Self

import msgspec

from gateway.machines.reserve import Reserve, size
from gateway.upstream.way.hour_lanes import Lane


class Spans(msgspec.Struct, frozen=True):
    """What lasts how long, in seconds: an hour takes a few of them in tests."""

    hour_s: float = 3600.0
    grant_s: float = 2.0
    """A grant is not used later: the process may have been stopped meanwhile."""
    contact_s: float = 2.5
    """Who was in contact no longer before a loss has seen all that was granted until then."""
    opening_s: float = 5.0
    """How long all who know something have to tell it."""

    @classmethod
    def of(cls, hour_s: float) -> Self:
        """Return those of an hour of another length, such as tests have."""
        return cls(hour_s, min(2.0, hour_s / 20), min(2.5, hour_s / 2), min(5.0, hour_s / 8))

    @property
    def window_s(self) -> float:
        """How long a grant counts: it may be used at its latest."""
        return self.hour_s + self.grant_s


class Greeting(NamedTuple):
    """What Redis answers to a greeting; durations are in milliseconds."""

    now: int
    epoch: int
    entries: int
    """Number of the log's last entry."""
    opens_in: int
    slot: int
    usable_in: int
    is_told: int
    """Whether a process of the epoch before has given account."""
    is_new: int
    """Whether the epoch begins with this greeting."""


class Sent(NamedTuple):
    """An attempt: what for, and when, in this process' seconds."""

    lane: str
    at: float


class Entry(NamedTuple):
    """What the log says: of whom, by whom, and when, in Redis' milliseconds."""

    kind: str
    lane: str
    owner: bytes
    process: str
    attempt: str
    at: int


def entry(text: bytes) -> Entry | None:
    """Return an entry of the log; None for one that says nothing of an owner, or nothing that is understood."""
    try:
        kind, lane, owner, process, attempt, at = text.decode().split(" ")
        return Entry(kind, Lane(lane).value, bytes.fromhex(owner), process, attempt, int(float(at)))
    except ValueError:
        return None


class Member:
    """One process."""

    def __init__(self, process: str, limit: int, processes: int, spans: Spans) -> None:
        self.process = process
        self.spans = spans
        self.reserve = Reserve(size(limit, processes), spans.window_s)
        self.limit = limit - processes * self.reserve.size
        """What the window holds, whichever processes are there."""
        self.epoch = 0
        """Which one it belongs to; 0 is none yet."""
        self.is_open = False
        """Whether the epoch grants anything, as far as was heard."""
        self.owes_account = False
        """Whether it has not told the epoch yet what it knows."""
        self.was_in_contact = False
        """Whether it had seen all that was granted until the last loss."""
        self.windows = defaultdict[bytes, dict[str, Sent]](dict)
        """The hour's attempts by owner and by name, as far as it heard of them."""
        self.seen = -1
        """Number of the last entry that it read in the epoch."""
        self.is_complete = False
        """Whether it knows all attempts of the hour, as far as anybody told the epoch."""
        self._known_at = -inf
        self._last = (
            0,
            -inf,
            False,
        )  # greeting: the log's entries, when it was sent, and whether the hour was open
        self._offset_s = 0.0

    def greeted(self, greeting: Greeting, sent_at: float, now: float) -> bool:
        """Take what Redis answered to a greeting that was sent at a moment; return whether its epoch is another one."""
        self._offset_s = now - greeting.now / 1000
        is_other = greeting.epoch != self.epoch
        if is_other:
            is_near = now - self._known_at <= self.spans.contact_s
            self.is_complete = self.was_in_contact = self.is_complete and is_near
            self.owes_account = now - self._known_at <= self.spans.window_s or any(self.windows.values())
            self.epoch, self.seen = greeting.epoch, -1
        is_open = greeting.opens_in == 0
        if not is_open:  # before it opens, nothing is granted
            self._known_at = sent_at
        self._last = greeting.entries, sent_at, is_open
        self.saw(self.seen)
        self.is_open = is_open and not self.owes_account
        if not is_other:  # else it claims the one that it had
            self.reserve.hold(greeting.slot, greeting.usable_in / 1000, sent_at, now)
        return is_other

    def saw(self, entries: int) -> None:
        """Note how far it has read the log: with all that there was when it last greeted, it knows all until then."""
        self.seen = entries
        last, sent_at, is_open = self._last
        if entries >= last:
            self.is_complete = self.is_complete or is_open
            self._known_at = max(self._known_at, sent_at)

    def heard_nothing_there(self, now: float) -> None:
        """Take that no Redis is there: as long as that is so, nobody is granted anything."""
        if now - self._known_at <= self.spans.contact_s:
            self._known_at = now

    def may_use(self, attempt: str, asked_at: float, now: float) -> bool:
        """Return whether a grant that was asked for at a moment may still be used."""
        return attempt.partition(".")[0] == str(self.epoch) and now - asked_at <= self.spans.grant_s

    def sends(self, owner: bytes, attempt: str, lane: str, now: float) -> None:
        """Note an attempt of its own."""
        self.windows[owner][attempt] = Sent(lane, now)

    def heard(self, entry: Entry, now: float) -> float | None:
        """Take an entry of the log, and return when that is in this process' seconds; None where it is nothing new."""
        at = entry.at / 1000 + self._offset_s
        if entry.process == self.process:
            return None
        if entry.kind == "sent":
            if entry.attempt in self.windows[entry.owner]:
                return None
            at = min(at, now)
            self.windows[entry.owner][entry.attempt] = Sent(entry.lane, at)
        if entry.kind == "back":
            sent = self.windows[entry.owner].pop(entry.attempt, None)
            return None if sent is None else sent.at
        return at

    def account(self, now: float) -> Iterator[tuple[bytes, Sequence[str]]]:
        """Yield each owner's attempts of the last hour: what for, name and age in milliseconds, one after the other."""
        self.forget(now)
        for owner, window in list(self.windows.items()):
            told = ((sent.lane, name, str(int((now - sent.at) * 1000))) for name, sent in window.items())
            yield owner, [word for three in told for word in three]

    def forget(self, now: float) -> None:
        """Drop what is older than an hour."""
        oldest = now - self.spans.window_s
        for owner, window in list(self.windows.items()):
            for name in [name for name, sent in window.items() if sent.at <= oldest]:
                del window[name]
            if not window:
                del self.windows[owner]
