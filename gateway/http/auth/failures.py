"""Wrong tokens, counted by the address that they come from: whoever guesses is slowed."""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network

from gateway.errors import TooManyFailuresError

log = logging.getLogger(__name__)

_MOST = 10  # wrong tokens
_WITHIN_S = 60.0
_ADDRESSES = 10_000  # the most recent to fail; some 10 MB
_TRUSTED = 10_000


class Failures:
    """Lets an address show ten wrong tokens a minute; beyond that, none is even looked at.

    Only tokens that were right from the same address before are then still let pass, so that one bad
    neighbour behind a shared address does not lock out those who are at work. Another address is not
    concerned. An IPv6 address counts with all of its /64, which one customer holds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._trusted: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def let_pass(self, address: str, digest: bytes) -> None:
        """Return if a token, by its digest, may be looked at.

        Raises:
            TooManyFailuresError: too many wrong ones came from `address` within the last minute.
        """
        if not self._failed:
            return
        times = self._failed.get(_whose(address))
        if times is None or len(times) < _MOST or (address, digest) in self._trusted:
            return
        left = times[0] + _WITHIN_S - self._now()
        if left > 0:
            raise TooManyFailuresError(left)

    def note(self, address: str, digest: bytes) -> None:
        """Count a wrong token. One that was right before is trusted no longer."""
        self._trusted.pop((address, digest), None)
        whose = _whose(address)
        times = self._failed.setdefault(whose, deque(maxlen=_MOST))
        times.append(self._now())
        if len(times) == _MOST and times[-1] - times[0] < _WITHIN_S:
            # Not which: an address is personal data.
            log.warning("%d wrong tokens came from one address within a minute: it is refused.", _MOST)
        self._failed.move_to_end(whose)
        if len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)

    def trust(self, address: str, digest: bytes) -> None:
        """Remember that a token was right."""
        if (address, digest) not in self._trusted:
            self._trusted[address, digest] = None
            if len(self._trusted) > _TRUSTED:
                self._trusted.popitem(last=False)


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
