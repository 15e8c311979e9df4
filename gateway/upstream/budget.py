"""The hour's requests: counted here, exactly, since PlanDocket tells nothing until they are spent.

1,000 an hour on the standard plan; 429 comes without any header; headers are announced for later.
Source: /en/getting-started/rate-limiting.html
"""

import random
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum

import msgspec

from gateway.errors import RateLimitedError
from gateway.upstream.clock import Clock
from gateway.upstream.credential import Credential

HOUR_S = 3600.0
_RECENTLY_S = 300.0
_MOST_CREDENTIALS = 10_000
_FOR_STRANGERS = 100  # requests an hour, for all keys together that PlanDocket never yet accepted
_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 900.0


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
            return HOUR_S
        return self._attempts[excess - 1] + HOUR_S - now

    def spend(self, now: float, lane: Lane) -> None:
        """Count an attempt."""
        if self.limit is not None:
            self._attempts.append(now)
        if lane is Lane.WRITE:
            self._writes.append(now)

    def reserve(self, now: float) -> int:
        """Return what reads leave to writes: a tenth, or the last five minutes' writes carried on for an hour."""
        while self._writes and self._writes[0] <= now - _RECENTLY_S:
            self._writes.popleft()
        carried_on = int(len(self._writes) * HOUR_S / _RECENTLY_S)
        return max((self.limit or 0) // 10, carried_on)

    def resets_in(self, now: float) -> float | None:
        """Return the seconds until the oldest attempt leaves."""
        return self._attempts[0] + HOUR_S - now if self.used(now) else None


class _Account:
    """What is known of one credential."""

    def __init__(self, limit: int | None) -> None:
        self.window = Window(limit)
        self.is_accepted = False
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
        self._strangers = Window(_FOR_STRANGERS)

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
        if not account.is_accepted:
            self._strangers.spend(now, lane)

    def accept(self, credential: Credential) -> None:
        """Note that PlanDocket knows the key, and answers again."""
        account = self._account(credential)
        account.is_accepted = True
        account.pauses = 0

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
        pause = retry_after_s
        if pause is None:
            longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0**account.pauses)
            pause = longest * (0.5 + self._jitter() / 2)
        account.pauses += 1
        account.closed_until = max(account.closed_until, self._clock.monotonic() + pause)
        return pause

    def state(self, credential: Credential) -> Spent:
        """Return where the credential's hour stands; costs nothing."""
        now = self._clock.monotonic()
        account = self._accounts.get(credential)
        window = account.window if account else Window(self._per_hour)
        used = window.used(now)
        remaining = None if self._per_hour is None else max(0, self._per_hour - used)
        resets_in = window.resets_in(now)
        resets_at = None if resets_in is None else datetime.fromtimestamp(self._clock.unix() + resets_in, UTC)
        return Spent(self._per_hour, used, remaining, resets_at)

    def _wait(self, account: _Account, now: float, lane: Lane) -> float:
        keep = account.window.reserve(now) if lane is Lane.READ else 0
        waits = [account.window.wait(now, keep), account.closed_until - now]
        if account.told_remaining is not None and now < account.told_until:
            waits.append(account.told_until - now if account.told_remaining <= keep else 0.0)
        if not account.is_accepted:
            waits.append(self._strangers.wait(now, 0))
        return max(waits)

    def _account(self, credential: Credential) -> _Account:
        account = self._accounts.get(credential)
        if account is None:
            account = self._accounts[credential] = _Account(self._per_hour)
            # The gateway's own key is no stranger: nobody else can bring another.
            account.is_accepted = credential.is_held
        self._accounts.move_to_end(credential)
        while len(self._accounts) > _MOST_CREDENTIALS:
            self._accounts.popitem(last=False)
        return account
