"""The address of whoever asks, where proxies stand before the gateway.

A proxy adds the address that it was asked from to `X-Forwarded-For`, at the right end; what stands further left,
its client may have made up. So the list is read from the right, and as far as those who wrote it are trusted.
`Forwarded` (RFC 7239) is not read: the usual proxies write the other, and pass on this one as their client sent it.
"""

import ipaddress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from starlette.types import Scope

from gateway.settings.access import Network

_MOST_HOPS = 20  # as many are looked at: a client may send a header of thousands


class Proxies:
    """The proxies whose word is believed; without any, nobody's."""

    def __init__(self, trusted: tuple[Network, ...]) -> None:
        self._trusted = trusted

    def client_of(self, scope: Scope) -> str:
        """Return the address that a request comes from: the last that no trusted proxy has, "" if unknown.

        Where all of them are trusted it is the first; where a trusted proxy names no address, its own.
        """
        client = scope.get("client")
        address: str = client[0] if client else ""
        if not self._trusted or not self._trusts(_address(address)):
            return address
        for hop in reversed(_hops(scope)):
            found = _address(hop)
            if found is None:
                break
            address = str(found)
            if not self._trusts(found):
                break
        return address

    def _trusts(self, address: IPv4Address | IPv6Address | None) -> bool:
        return address is not None and any(address in network for network in self._trusted)


def _hops(scope: Scope) -> list[str]:
    """Return the last addresses of the list, which may be spread over several headers (RFC 9110, 5.3)."""
    given = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return [hop for hop in given.decode("latin-1").rsplit(",", _MOST_HOPS)[-_MOST_HOPS:] if hop.strip()]


@lru_cache(1_000)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a hop is written as, with or without a port; None where it is none.

    IPv4 in the clothes of IPv6 is IPv4: a socket that takes both names it so.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
