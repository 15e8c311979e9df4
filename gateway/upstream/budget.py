"""The hour's requests: counted here, exactly, since PlanDocket tells nothing until they are spent.

1,000 an hour on the standard plan; 429 comes without any header; headers are announced for later.
Source: /en/getting-started/rate-limiting.html
"""

import math
import random
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from math import inf

import msgspec

from gateway.errors import RateLimitedError
from gateway.upstream.clock import Clock
from gateway.upstream.credential import Credential

HOUR_S = 3600.0
_RECENTLY_S = 300.0
_SHORTEST_S = 30.0  # a rate is taken over at least so long
_MOST_CREDENTIALS = 10_000
_MOST_STRANGERS = 1_000
_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 900.0
_MOST_DOUBLINGS = 10


class Lane(Enum):
    """What a request is for."""

    READ = "read"
    WRITE = "write"


class Spent(msgspec.Struct, frozen=True):
    """Where a credential's hour stands."""

    limit: int | None
    """None is unlimited."""
    used: int
    remaining: int | None
    resets_at: datetime | None
    """When the oldest request leaves the window; None while it is empty."""


class Window:
    """The attempts of the last sixty minutes, each with its time: never more than `limit` in any hour."""

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self._attempts: deque[float] = deque()
        self._writes: deque[float] = deque()
        self._since = inf

    def used(self, now: float) -> int:
        """Return how many attempts the last hour holds."""
        while self._attempts and self._attempts[0] <= now - HOUR_S:
            self._attempts.popleft()
        return len(self._attempts)

    def wait(self, now: float, keep: int) -> float:
        """Return the seconds until one more attempt leaves at least `keep` for others; 0 is now."""
        if self.limit is None:
            return 0.0
        excess = self.used(now) + 1 + keep - self.limit
        if excess <= 0:
            return 0.0
        if excess > len(self._attempts):
            # Too much is kept for writes: that fades as the writes of the last minutes do.
            return self._writes[0] + _RECENTLY_S - now if self._writes else HOUR_S
        return self._attempts[excess - 1] + HOUR_S - now

    def spend(self, now: float, lane: Lane) -> None:
        """Count an attempt; an unlimited hour is not counted."""
        self._since = min(self._since, now)
        if self.limit is not None:
            self._attempts.append(now)
        if lane is Lane.WRITE:
            self._writes.append(now)

    def reserve(self, now: float) -> int:
        """Return what reads leave to writes: a tenth, or the last five minutes' writes carried on for an hour.

        A rate seen for so short a time, or for less while the hour is young, may be too low, and reads
        that have spent the hour cannot give it back: so up to half of the hour is kept for two standard
        deviations more than was seen.
        """
        if self.limit is None:
            return 0
        while self._writes and self._writes[0] <= now - _RECENTLY_S:
            self._writes.popleft()
        seen = len(self._writes)
        seen_for_s = min(_RECENTLY_S, max(_SHORTEST_S, now - self._since))
        carried_on = math.ceil(seen * HOUR_S / _RECENTLY_S)
        likely_most = math.ceil((seen + 2 * math.sqrt(seen)) * HOUR_S / seen_for_s)
        tenth = max(self.limit // 10, min(1, self.limit - 1))
        return max(tenth, carried_on, min(self.limit // 2, likely_most))

    def resets_in(self, now: float) -> float | None:
        """Return the seconds until the oldest attempt leaves."""
        return self._attempts[0] + HOUR_S - now if self.used(now) else None


class _Account:
    """What is known of one credential."""

    def __init__(self, limit: int | None) -> None:
        self.window = Window(limit)
        self.closed_until = 0.0
        self.pauses = 0
        self.told_remaining: int | None = None
        self.told_until = 0.0


class Budget:
    """Every credential's hour."""

    def __init__(
        self,
        per_hour: int | None,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._per_hour = per_hour
        self._clock = clock or Clock()
        self._jitter = jitter
        self._accounts: OrderedDict[Credential, _Account] = OrderedDict()
        # Apart, so that wrong keys, which cost their sender nothing, push out no right one's hour.
        self._unaccepted: OrderedDict[Credential, _Account] = OrderedDict()

    def spend(self, credential: Credential, lane: Lane) -> None:
        """Count one attempt, about to be sent.

        Raises:
            RateLimitedError: none is left for this lane; `retry_in_s` tells when one will be.
        """
        now = self._clock.monotonic()
        account = self._account(credential)
        wait = self._wait(account, now, lane)
        if wait > 0:
            raise RateLimitedError(wait)
        account.window.spend(now, lane)
        if account.told_remaining is not None:
            account.told_remaining -= 1

    def is_accepted(self, credential: Credential) -> bool:
        """Return whether PlanDocket knows the key, as far as was seen. The gateway's own key needs no proof."""
        return credential.is_held or credential in self._accounts

    def accept(self, credential: Credential) -> None:
        """Note that PlanDocket knows the key, and answers again."""
        account = self._account(credential)
        account.pauses = 0
        if self._unaccepted.pop(credential, None) is not None:
            self._accounts[credential] = account
            _bound(self._accounts, _MOST_CREDENTIALS)

    def refuse(self, credential: Credential) -> None:
        """Note that PlanDocket does not know the key, or no longer does."""
        if not credential.is_held and (account := self._accounts.pop(credential, None)) is not None:
            self._unaccepted[credential] = account
            _bound(self._unaccepted, _MOST_STRANGERS)

    def note_headers(self, credential: Credential, remaining: int | None, reset_at: float | None) -> None:
        """Take PlanDocket's own count where it tells it. `reset_at` is in unix seconds."""
        if remaining is None or reset_at is None:
            return
        account = self._account(credential)
        account.told_remaining = remaining
        account.told_until = self._clock.monotonic() + max(0.0, reset_at - self._clock.unix())

    def close(self, credential: Credential, retry_after_s: float | None) -> float:
        """Send nothing for a while: PlanDocket answered 429. Returns the seconds.

        A bare 429 tells no time, so the pause grows with each one, and is jittered so that several
        gateways do not come back together.
        """
        account = self._account(credential)
        now = self._clock.monotonic()
        if retry_after_s is not None:
            account.closed_until = max(account.closed_until, now + retry_after_s)
        elif account.closed_until <= now:  # else it was on its way when the pause began
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(account.pauses, _MOST_DOUBLINGS))
            account.pauses += 1
            account.closed_until = now + longest * (0.5 + self._jitter() / 2)
        return account.closed_until - now

    def state(self, credential: Credential) -> Spent:
        """Return where the credential's hour stands; costs nothing."""
        now = self._clock.monotonic()
        account = (
            self._accounts.get(credential) or self._unaccepted.get(credential) or _Account(self._per_hour)
        )
        used = account.window.used(now)
        remaining = None if self._per_hour is None else max(0, self._per_hour - used)
        resets_in = account.window.resets_in(now)
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
    def used(self) -> int:
        """The attempts of the last sixty minutes, with whichever key."""
        now = self._clock.monotonic()
        accounts = (*self._accounts.values(), *self._unaccepted.values())
        return sum(account.window.used(now) for account in accounts)

    def _wait(self, account: _Account, now: float, lane: Lane) -> float:
        keep = account.window.reserve(now) if lane is Lane.READ else 0
        waits = [account.window.wait(now, keep), account.closed_until - now]
        if account.told_remaining is not None and now < account.told_until:
            waits.append(account.told_until - now if account.told_remaining <= keep else 0.0)
        return max(waits)

    def _account(self, credential: Credential) -> _Account:
        is_accepted = self.is_accepted(credential)
        accounts = self._accounts if is_accepted else self._unaccepted
        account = accounts.get(credential)
        if account is None:
            account = accounts[credential] = _Account(self._per_hour)
        accounts.move_to_end(credential)
        _bound(accounts, _MOST_CREDENTIALS if is_accepted else _MOST_STRANGERS)
        return account


def _bound(accounts: OrderedDict[Credential, _Account], most: int) -> None:
    while len(accounts) > most:
        accounts.popitem(last=False)
