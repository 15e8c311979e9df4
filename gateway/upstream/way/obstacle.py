"""Why a server cannot be reached, in its operator's words: as the system, TLS, a proxy or the server told it. Pure.

Nothing of what was sent or answered is in them, nor the user and password that a proxy wants.
"""

import errno
import re
import socket
import ssl
from collections.abc import Iterator

import httpx
import msgspec

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"})
"""What OpenSSL calls an answer to its greeting that is none of TLS."""
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
_PASSING = ("502", "503", "504")  # a proxy that waits for what is behind it
_OWN_PORTS = {"http": 80, "https": 443}


class Way(msgspec.Struct, frozen=True):
    """How a server is reached: by itself, or through a proxy."""

    url: httpx.URL
    setting: str
    """The setting that names it."""
    proxy: httpx.URL | None = None

    @property
    def first(self) -> httpx.URL:
        """Where a connection goes to first."""
        return self.proxy or self.url

    @property
    def named_by(self) -> str:
        """The setting that names where a connection goes to first."""
        return self.setting if self.proxy is None else "HTTPS_PROXY or HTTP_PROXY"


class Obstacle(msgspec.Struct, frozen=True):
    """What stands in the way, and what to do about it."""

    what: str
    mend: str
    is_lasting: bool = False
    """Whether it stays until somebody mends it: to try again at once would be in vain."""

    def __str__(self) -> str:
        """Return both, as the rest of a sentence."""
        return f"{self.what}: {self.mend}"


def obstacle(error: BaseException, way: Way) -> Obstacle:
    """Return why a request failed on its way, by the error and by what caused it."""
    for cause in _causes(error):
        if (found := _told_by(cause, way)) is not None:
            return found
    return _late(way) if isinstance(error, TimeoutError) else _broken(way)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what first went wrong, then what wraps it: httpx wraps its transport's error, and that the system's."""
    if (cause := error.__cause__ or error.__context__) is not None:
        yield from _causes(cause)
    yield error


def _told_by(cause: BaseException, way: Way) -> Obstacle | None:
    match cause:
        case ssl.SSLError():
            return _of_tls(cause, way)
        case OSError():
            return _of_system(cause, way)
        case httpx.ProxyError():
            return _of_proxy(str(cause), way)
        case httpx.ConnectTimeout():
            return _far(way)
        case httpx.TimeoutException():
            return _late(way)
        case httpx.ConnectError():
            mend = f"correct {way.named_by}, or wait for it"
            return Obstacle(f"{_place(way.first)} refuses or drops the connection", mend)
        case _:
            return None


def _of_tls(error: ssl.SSLError, way: Way) -> Obstacle:
    place = _place(way.url)
    if isinstance(error, ssl.SSLCertVerificationError):
        what = f"the certificate of {place} is not valid here ({getattr(error, 'verify_message', 'no reason told')})"
        return Obstacle(what, "renew it there, or name the CA that signed it in GATEWAY_CA_FILE", True)
    reason = str(getattr(error, "reason", None) or "no reason told")
    if reason in _NO_TLS:
        return Obstacle(
            f"{place} speaks no TLS", f"let {way.setting} begin with http, or correct its port", True
        )
    why = reason.lower().replace("_", " ")
    return Obstacle(f"the TLS connection to {place} fails ({why})", f"is {way.setting} right?")


def _of_system(error: OSError, way: Way) -> Obstacle | None:
    host, place = way.first.host, _place(way.first)
    match error:
        case socket.gaierror(errno=socket.EAI_AGAIN):
            return Obstacle(f"no name server tells where {host} is", "look at this machine's network and DNS")
        case socket.gaierror():
            return Obstacle(f"there is no host {host}", f"correct {way.named_by}")
        case ConnectionRefusedError():
            return Obstacle(
                f"{place} refuses the connection", f"correct {way.named_by}, or start what is there"
            )
        case OSError(errno=errno.ETIMEDOUT):
            return _far(way)
        case OSError(errno=number) if number in _NO_WAY:
            return Obstacle(f"there is no way to {place} from here", "look at this machine's network")
        case OSError(errno=number) if number in _NO_DESCRIPTOR:
            return Obstacle(
                "no file descriptor is left for a connection", "raise the limit (LimitNOFILE, ulimit -n)"
            )
        case _:
            return None


def _of_proxy(said: str, way: Way) -> Obstacle:
    proxy, host = _place(way.first), way.url.host
    status = re.match(r"\d{3}", said)
    if status is None:
        return Obstacle(f"the proxy {proxy} drops the connection", f"look there, or at {way.named_by}")
    mend = f"let it lead to {host}, or name {host} in NO_PROXY"
    if status[0] in ("401", "407"):  # tinyproxy has one for no password and one for a wrong one
        mend = f"{way.named_by} must have the right user and password, as in http://USER:PASSWORD@{proxy}"
    return Obstacle(
        f"the proxy {proxy} refuses the way to {host} ({status[0]})", mend, status[0] not in _PASSING
    )


def _far(way: Way) -> Obstacle:
    mend = f"open the way there, or correct {way.named_by}"
    return Obstacle(f"{_place(way.first)} does not answer in time", mend)


def _late(way: Way) -> Obstacle:
    what = f"{_place(way.url)} takes connections, and does not answer in time"
    return Obstacle(what, f"is {way.setting} right, and does what is there work?")


def _broken(way: Way) -> Obstacle:
    what = f"{_place(way.url)} drops the connection, or answers what is no HTTP"
    mend = f"let {way.setting} begin with https if that is spoken there, else look at what stands before it"
    return Obstacle(
        what, mend if way.url.scheme == "http" else f"is {way.setting} right, and what stands before it?"
    )


def not_plandocket(status: int, body: bytes, way: Way) -> Obstacle | None:
    """Return why a page came in place of PlanDocket's JSON; None where none did, or where something fails (5xx).

    nginx, Apache, Caddy and Go's servers say so in words where plain HTTP comes to a port of TLS.
    """
    if status >= 500 or body[:1] in (b"{", b"["):
        return None
    if status == 400 and way.url.scheme == "http" and re.search(rb"\b(HTTPS|SSL)\b", body):
        return Obstacle(f"{_place(way.url)} speaks TLS alone", f"let {way.setting} begin with https", True)
    if body.lstrip()[:1] != b"<":
        return None
    what = f"a page and no JSON came from {_place(way.url)} with status {status}"
    return Obstacle(what, f"is {way.setting} the tenant's own address, with the right path?", True)


def _place(url: httpx.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or _OWN_PORTS.get(url.scheme, '')}"
