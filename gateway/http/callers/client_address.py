"""The address of whoever asks, where proxies stand before the gateway.

A proxy adds the address that it was asked from to `X-Forwarded-For`, at the right end; what stands further left,
its client may have made up. So the list is read from the right, and as far as those who wrote it are trusted.
`Forwarded` (RFC 7239) is not read: the usual proxies write the other, and pass on this one as their client sent it.
"""

import ipaddress
from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from starlette.types import Scope

from gateway.settings.access import Network

_MOST_HOPS = 20  # as many are looked at: a client may send a header of thousands


def client_of(scope: Scope, proxies: Collection[Network]) -> str:
    """Return the address that a request comes from: the last that none of these proxies has, "" if unknown.

    Where all of them are theirs it is the first; where a proxy names no address, its own. Without any, nobody's
    word is believed.
    """
    client = scope.get("client")
    address: str = client[0] if client else ""
    if not proxies or not _is_of(proxies, _address(address)):
        return address
    for hop in reversed(_hops(scope)):
        found = _address(hop)
        if found is None:
            break
        address = str(found)
        if not _is_of(proxies, found):
            break
    return address


def _is_of(networks: Collection[Network], address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in network for network in networks)


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
