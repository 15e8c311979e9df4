"""The ways out of this machine: which proxy leads to a server, and whose certificates are believed.

As other programs have it: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in capitals or small letters, and
SSL_CERT_FILE and SSL_CERT_DIR in place of Mozilla's list (the `certifi` package).
"""

import os
import re
import ssl
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpx

from gateway.errors import SettingsError
from gateway.settings.group import is_loopback
from gateway.upstream.way.obstacle import Way

_HOST = re.compile(r"[\w.:-]+")
_LARGEST_PORT = 65_535


def trusted(ca_file: Path | None) -> ssl.SSLContext:
    """Return what certificates are judged by: the usual authorities, and those of a file besides.

    Raises:
        SettingsError: what the environment names in place of the usual ones is not there, or is none.
    """
    _check_folder("SSL_CERT_DIR")
    try:
        context = httpx.create_ssl_context()
    except OSError as error:  # of which SSLError is one
        why = (
            "is no file of certificates in PEM form" if isinstance(error, ssl.SSLError) else "cannot be read"
        )
        raise SettingsError(
            f"SSL_CERT_FILE: the file that it names {why}: correct it, or unset it."
        ) from None
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def _check_folder(name: str) -> None:
    folder = os.environ.get(name)
    if folder and not os.environ.get("SSL_CERT_FILE") and not Path(folder).is_dir():
        raise SettingsError(f"{name}: there is no such folder: correct it, or unset it.")


def transport_to(way: Way, ca_file: Path | None) -> httpx.AsyncHTTPTransport:
    """Return a transport of httpx's own, for a server that is asked now and then; raises as `trusted` does."""
    proxy = None if way.proxy is None else httpx.Proxy(way.proxy)
    return httpx.AsyncHTTPTransport(trusted(ca_file), trust_env=False, proxy=proxy)


def proxy_to(url: httpx.URL) -> httpx.URL | None:
    """Return the proxy that the environment names for a server; None where it is asked by itself, as loopback is.

    Raises:
        SettingsError: what it names is no address of a proxy that is spoken to.
    """
    if is_loopback(url.host) or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    name = url.scheme if proxies.get(url.scheme) else "all"
    given = proxies.get(name)
    return _address(f"{name.upper()}_PROXY", given) if given else None


def _address(name: str, given: str) -> httpx.URL:
    wanted = "write it as http://proxy.example.org:3128, or http://USER:PASSWORD@proxy.example.org:3128"
    try:
        url = httpx.URL(given if "://" in given else f"http://{given}")
    except httpx.InvalidURL:
        url = httpx.URL()
    if not _HOST.fullmatch(url.host) or (url.port or 0) > _LARGEST_PORT:
        raise SettingsError(f"{name}: is no address of a proxy: {wanted}.")
    if url.scheme not in ("http", "https"):
        raise SettingsError(f"{name}: proxies are spoken to by HTTP alone, not by {url.scheme}: {wanted}.")
    return url
