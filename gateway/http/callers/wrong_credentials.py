"""Wrong tokens and keys, counted by the address that they come from: whoever guesses is slowed."""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network

from gateway.errors import OverloadedError, TooManyFailuresError

log = logging.getLogger(__name__)

_MOST = 10  # wrong ones
_WITHIN_S = 60.0
_ADDRESSES = 10_000  # the most recent to fail; some 10 MB
_TRUSTED = 10_000


class Failures:
    """Lets an address show ten wrong tokens a minute; beyond that, not even a right one that is new there passes.

    Tokens that were right from the same address before are then still let pass, so that one bad neighbour
    behind a shared address does not lock out those who are at work; and those that were shown there before they
    became right, for those are no guesses. Another address is not concerned, unless there is a bound for all
    `together`. An IPv6 address counts with all of its /64, which one customer holds.
    """

    def __init__(
        self, now: Callable[[], float], *, shown: str = "tokens", together: int | None = None
    ) -> None:
        """`shown` is what they are called, and `together` how many a minute all addresses may show."""
        self._now = now
        self._shown = shown
        self._all = None if together is None else _Recent(together)
        self._failed: OrderedDict[str, _Recent] = OrderedDict()
        self._trusted: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def let_pass(self, address: str, digest: bytes | None = None) -> None:
        """Return if a token may be shown; by its digest, it is let pass where it was right or shown before.

        Raises:
            TooManyFailuresError: too many wrong ones came from `address` within the last minute.
            OverloadedError: as many as all addresses together may show.
        """
        if not self._failed:
            return
        now = self._now()
        recent = self._failed.get(_whose(address))
        if recent is not None and (left := recent.left(now)) > 0 and not self._was_shown(address, digest):
            raise TooManyFailuresError(left, self._shown)
        if self._all is not None and (left := self._all.left(now)) > 0:
            raise OverloadedError(left)

    def _was_shown(self, address: str, digest: bytes | None) -> bool:
        if digest is None:
            return False
        return (address, digest) in self._trusted or digest in self._failed[_whose(address)].digests

    def note(self, address: str, digest: bytes | None = None) -> None:
        """Count a wrong token. One that was right before is trusted no longer."""
        if digest is not None:
            self._trusted.pop((address, digest), None)
        whose, now = _whose(address), self._now()
        recent = self._failed.setdefault(whose, _Recent(_MOST))
        if digest is not None:
            recent.digests.append(digest)
        if recent.add(now):
            log.warning(
                "%d wrong %s came from %s within a minute: it is refused.", _MOST, self._shown, address
            )
        self._failed.move_to_end(whose)
        if len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)
        if self._all is not None and self._all.add(now):
            log.warning(
                "%d wrong %s came from all addresses within a minute: no new ones are tried for a while.",
                self._all.most,
                self._shown,
            )

    def trust(self, address: str, digest: bytes) -> None:
        """Remember that a token was right."""
        if (address, digest) not in self._trusted:
            self._trusted[address, digest] = None
            if len(self._trusted) > _TRUSTED:
                self._trusted.popitem(last=False)


class _Recent:
    def __init__(self, most: int) -> None:
        self.most = most
        self.digests: deque[bytes] = deque(maxlen=most)
        self._times: deque[float] = deque(maxlen=most)
        self._full_since = float("-inf")

    def left(self, now: float) -> float:
        """Return the seconds until one more is allowed; 0 or less is now."""
        return self._times[0] + _WITHIN_S - now if len(self._times) == self.most else 0.0

    def add(self, now: float) -> bool:
        """Count one, and return whether none more is allowed now: said once a minute, however many come."""
        self._times.append(now)
        if self.left(now) <= 0 or now - self._full_since < _WITHIN_S:
            return False
        self._full_since = now
        return True


@lru_cache(_ADDRESSES)
def _whose(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    # Where a socket takes both, all of IPv4 comes from one /64.
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))
