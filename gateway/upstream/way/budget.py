"""The hour's requests: counted here, exactly, since PlanDocket tells nothing until they are spent.

1,000 an hour on the standard plan; 429 comes without any header; headers are announced for later.
Source: /en/getting-started/rate-limiting.html
"""

import math
import random
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import msgspec

from gateway.errors import RateLimitedError
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_file import HourFile
from gateway.upstream.way.hour_lanes import HOUR_S, Hour, Lane
from gateway.upstream.way.hour_records import Attempt, Kind
from gateway.upstream.way.shared_hour import Heard, SharedHour, Told

_MOST_CREDENTIALS = 10_000
_MOST_STRANGERS = 1_000
_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 900.0
_MOST_DOUBLINGS = 10
_PROBE_EVERY_S = 600.0
_ASKED_AGAIN_S = 10.0  # by then the hour that is shared may have room, whatever it said
_IN_FILE = {Heard.SENT: Kind.SENT, Heard.NEVER_LEFT: Kind.NEVER_LEFT}
_FEWEST_TO_SHARE = 3  # of fewer nothing can be set aside beside a read and a write


class Spent(msgspec.Struct, frozen=True):
    """Where a credential's hour stands."""

    limit: int | None
    """None is unlimited."""
    used: int
    remaining: int | None
    resets_at: datetime | None
    """When the oldest request leaves the window; None while it is empty."""


class _Account:
    """What is known of one credential."""

    def __init__(self, limit: int | None, aside: int) -> None:
        self.hour = Hour(None if limit is None else limit - aside, aside)
        self.aside = aside
        self.owner = b""
        """What stands for it in the file of the hour's attempts."""
        self.accepted_at = -math.inf
        self.closed_until = 0.0
        self.refused_until = dict[Lane, float]()
        """Until when the hour that is shared has no room, as it said itself."""
        self.probe_at = math.inf
        self.is_probing = False
        self.pauses = 0
        self.told_remaining: int | None = None
        self.told_at = 0.0
        self.told_until = 0.0

    def has_room(self, at: float, lane: Lane, requests: int = 1) -> bool:
        """Return whether so many requests may go at a moment, if nothing else is sent until then."""
        if self.refused_until and at < self.refused_until.get(lane, at):
            return False
        return at >= self.closed_until and self._is_left(at, lane, requests)

    def may_probe(self, at: float, lane: Lane) -> bool:
        """Return whether one request may find out whether PlanDocket is open again before it said."""
        return at >= self.probe_at and self._is_left(at, lane, 1)

    def _is_left(self, at: float, lane: Lane, requests: int) -> bool:
        return self.told_left(at, lane) >= requests and self.hour.has_room(at, lane, requests)

    def told_left(self, at: float, lane: Lane) -> float:
        """Return how many more requests of a lane PlanDocket's own count leaves; infinite where it tells none."""
        if self.told_remaining is None or at >= self.told_until:
            return math.inf
        if lane not in (Lane.READ, Lane.BACKGROUND):
            return self.told_remaining - (self.aside if lane is Lane.WRITE else 0)
        hours = min(1.0, (self.told_until - at) / HOUR_S)
        likely = self.hour.writes_an_hour(at) * hours
        return self.told_remaining - self.aside - max(self.hour.least_for_writes, likely)


class Budget:
    """Every credential's hour."""

    def __init__(
        self,
        per_hour: int | None,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        file: HourFile | None = None,
        shared: SharedHour | None = None,
    ) -> None:
        """`file` remembers the hour's attempts for the process after this one; `shared` is that of several."""
        self._per_hour = per_hour
        self._shared = None if per_hour is None else shared
        self._reserved = 0 if self._shared is None else self._shared.reserved
        if self._shared is not None:
            self._shared.on_heard.append(self._hear)
        self._aside = 0
        self._clock = clock or Clock()
        self._jitter = jitter
        self._file = file
        self._accounts: OrderedDict[Credential, _Account] = OrderedDict()
        # Apart, so that wrong keys, which cost their sender nothing, push out no right one's hour.
        self._unaccepted: OrderedDict[Credential, _Account] = OrderedDict()
        self._by_owner = WeakValueDictionary[bytes, _Account]()

    def set_aside(self, requests: int) -> None:
        """Let reads and writes leave so many requests of each hour to `Lane.CHECK`, from the start."""
        if self._per_hour is None or self._per_hour >= _FEWEST_TO_SHARE:
            self._aside = requests

    def spend(self, credential: Credential, lane: Lane) -> float:
        """Count one attempt, about to be sent, and return when: by that it is given back.

        Raises:
            RateLimitedError: none is left for this lane; `retry_after` tells when one will be.
        """
        return self._count(self._admitted(credential, lane), lane, self._clock.monotonic())

    async def take(self, credential: Credential, lane: Lane) -> float:
        """Do the same within the hour of all processes, where several share it.

        Raises:
            RateLimitedError: likewise.
        """
        if self._shared is None:
            return self.spend(credential, lane)
        account = self._admitted(credential, lane)
        probes_every_s = _PROBE_EVERY_S if self._clock.monotonic() < account.closed_until else 0.0
        try:
            at = await self._shared.take(account.owner, lane, probes_every_s)
        except RateLimitedError as error:
            account.refused_until[lane] = self._clock.monotonic() + min(error.retry_after, _ASKED_AGAIN_S)
            raise
        return self._count(account, lane, at)

    def _admitted(self, credential: Credential, lane: Lane) -> _Account:
        """Return the account of a credential that may send one attempt, as far as is known here."""
        now = self._clock.monotonic()
        account = self._account(credential)
        if lane is Lane.BACKGROUND:
            account.hour.background_at = now
        if not (account.has_room(now, lane) or account.may_probe(now, lane)):
            raise RateLimitedError(self.wait(credential, lane))
        return account

    def _count(self, account: _Account, lane: Lane, now: float) -> float:
        account.hour.spend(now, lane)
        if self._file is not None:
            self._file.note(Kind.SENT, Attempt(account.owner, lane, now))
        if now < account.closed_until:
            account.is_probing = True
            account.probe_at = now + _PROBE_EVERY_S
        if account.told_remaining is not None:
            account.told_remaining -= 1
        return now

    def give_back(self, credential: Credential, lane: Lane, at: float) -> None:
        """Take back an attempt that never left: it costs nothing of PlanDocket's hour."""
        account = self._account(credential)
        account.hour.give_back(at, lane)
        if self._shared is not None:
            self._shared.give_back(account.owner, lane, at)
        if self._file is not None:
            self._file.note(Kind.NEVER_LEFT, Attempt(account.owner, lane, at))
        if account.is_probing and account.probe_at == at + _PROBE_EVERY_S:
            account.is_probing = False
            account.probe_at = at
        if account.told_remaining is not None and at >= account.told_at:
            account.told_remaining += 1

    def wait(self, credential: Credential, lane: Lane, requests: int = 1) -> int:
        """Return the whole seconds until so many requests may be sent, if nothing else is sent: 0 is now.

        More than an hour ever has are waited for until all of the hour is there.
        """
        now = self._clock.monotonic()
        account = self._account(credential)
        longest = math.ceil(max(HOUR_S, account.closed_until - now, account.told_until - now))
        return bisect_left(range(longest), True, key=lambda s: account.has_room(now + s, lane, requests))

    def hour(self, credential: Credential) -> Hour:
        """Return a credential's hour, as far as it was counted here."""
        return self._account(credential).hour

    def is_accepted(self, credential: Credential) -> bool:
        """Return whether PlanDocket knows the key, as far as was seen. The gateway's own key needs no proof."""
        return credential.is_held or credential in self._accounts

    def accept(self, credential: Credential) -> None:
        """Note that PlanDocket knows the key, and answers again."""
        account = self._account(credential)
        account.accepted_at = self._clock.monotonic()
        account.pauses = 0
        if account.is_probing:
            account.is_probing = False
            account.closed_until = 0.0
            if self._shared is not None:
                self._shared.reopen(account.owner)
        if self._unaccepted.pop(credential, None) is not None:
            self._accounts[credential] = account
            _bound(self._accounts, _MOST_CREDENTIALS)

    def accepted_ago(self, credential: Credential) -> float:
        """Return the seconds since PlanDocket accepted the key; infinite where it never did, or refused it since."""
        account = self._accounts.get(credential)
        return math.inf if account is None else self._clock.monotonic() - account.accepted_at

    def refuse(self, credential: Credential) -> None:
        """Note that PlanDocket does not know the key, or no longer does."""
        if not credential.is_held and (account := self._accounts.pop(credential, None)) is not None:
            account.accepted_at = -math.inf
            self._unaccepted[credential] = account
            _bound(self._unaccepted, _MOST_STRANGERS)

    def note_headers(self, credential: Credential, remaining: int, reset_at: float) -> None:
        """Take PlanDocket's own count where it tells it. `reset_at` is in unix seconds."""
        account = self._account(credential)
        account.told_remaining = remaining
        account.told_at = self._clock.monotonic()
        account.told_until = account.told_at + max(0.0, reset_at - self._clock.unix())

    def close(self, credential: Credential, retry_after_s: float | None) -> float:
        """Send nothing for a while: PlanDocket answered 429. Returns the seconds.

        A bare 429 tells no time, so the pause grows with each one, and is jittered so that several
        gateways do not come back together. Where it tells one, an attempt every ten minutes finds out
        whether it is over before: what is told may be a mistake.
        """
        account = self._account(credential)
        now = self._clock.monotonic()
        account.is_probing = False
        if retry_after_s is not None:
            account.closed_until = max(account.closed_until, now + retry_after_s)
            account.probe_at = now + _PROBE_EVERY_S
        elif account.closed_until <= now:  # else it was on its way when the pause began
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(account.pauses, _MOST_DOUBLINGS))
            account.pauses += 1
            account.probe_at = math.inf
            account.closed_until = now + longest * (0.5 + self._jitter() / 2)
        if self._shared is not None:
            self._shared.close_for(account.owner, account.closed_until - now)
        return account.closed_until - now

    def state(self, credential: Credential) -> Spent:
        """Return where the credential's hour stands; costs nothing."""
        now = self._clock.monotonic()
        account = self._known(credential) or (
            self._account(credential) if credential.is_held else self._begun(credential)
        )
        used = account.hour.used(now)
        remaining = None if self._per_hour is None else max(0, self._per_hour - self._reserved - used)
        resets_in = account.hour.resets_in(now)
        if account.closed_until > now:
            remaining, resets_in = 0, account.closed_until - now
        elif account.told_remaining is not None and account.told_until > now:
            told = max(0, account.told_remaining)
            remaining, resets_in = (
                told if remaining is None else min(told, remaining),
                account.told_until - now,
            )
        resets_at = None if resets_in is None else datetime.fromtimestamp(self._clock.unix() + resets_in, UTC)
        return Spent(self._per_hour, used, remaining, resets_at)

    @property
    def is_remembered(self) -> bool:
        """Whether the process after this one will know the hour's attempts, where it should."""
        return self._file is None or self._file.is_whole

    def by_lane(self, credential: Credential | None) -> Counter[Lane]:
        """Return the attempts of the last sixty minutes by what they were for: of a key, or of all where it is None."""
        now, counted = self._clock.monotonic(), Counter[Lane]()
        every = (*self._accounts.values(), *self._unaccepted.values())
        for account in every if credential is None else (self._known(credential),):
            if account is not None:
                counted.update(account.hour.by_lane(now))
        return counted

    def _known(self, credential: Credential) -> _Account | None:
        return self._accounts.get(credential) or self._unaccepted.get(credential)

    def _account(self, credential: Credential) -> _Account:
        is_accepted = self.is_accepted(credential)
        accounts = self._accounts if is_accepted else self._unaccepted
        account = accounts.get(credential)
        if account is None:
            account = accounts[credential] = self._begun(credential)
        accounts.move_to_end(credential)
        _bound(accounts, _MOST_CREDENTIALS if is_accepted else _MOST_STRANGERS)
        return account

    def _begun(self, credential: Credential) -> _Account:
        """Return the account of a credential, with what was sent before the start."""
        account = _Account(None if self._per_hour is None else self._per_hour - self._reserved, self._aside)
        before = self._shared or self._file
        if before is not None and self._per_hour is not None:
            account.owner = before.owner(credential)
            for _, lane, at in before.earlier(account.owner, self._per_hour):
                account.hour.spend(at, lane)
            self._by_owner[account.owner] = account
        return account

    def _hear(self, told: Told) -> None:
        """Take what another process did, or found out."""
        if self._file is not None and told.heard in _IN_FILE:
            self._file.note(_IN_FILE[told.heard], Attempt(told.owner, told.lane, told.at))
        account = self._by_owner.get(told.owner)
        if account is None:
            return
        if told.heard is not Heard.SENT:
            account.refused_until.clear()
        match told.heard:
            case Heard.SENT:
                account.hour.spend(told.at, told.lane)
                if account.told_remaining is not None:
                    account.told_remaining -= 1
            case Heard.NEVER_LEFT:
                account.hour.give_back(told.at, told.lane)
            case Heard.CLOSED:
                account.closed_until = max(account.closed_until, told.at)
                account.probe_at = min(account.probe_at, self._clock.monotonic() + _PROBE_EVERY_S)
            case Heard.REOPENED:
                account.closed_until = 0.0
            case Heard.GRANTED_LATE:
                pass


def _bound(accounts: OrderedDict[Credential, _Account], most: int) -> None:
    while len(accounts) > most:
        accounts.popitem(last=False)
