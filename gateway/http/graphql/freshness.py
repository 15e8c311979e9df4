"""How old an answer may be, as clients say it in `Cache-Control`. Source: RFC 9111, section 5.2.1

And what it has to have at the least, in `Gateway-At-Least`: a version that another answer told.
"""

import re
from functools import lru_cache
from math import inf

from starlette.requests import Request

from gateway.http.refusal import RequestError
from gateway.mirror.answers.session import Freshness

_VERSION = re.compile(r"[0-9a-f]{18}")
_KEPT = 64
_LONGEST = 200  # characters


def freshness_of(http: Request) -> Freshness:
    """Return what a request's `Cache-Control` headers ask for; what cannot be read asks for nothing."""
    given = b",".join([value for name, value in http.scope["headers"] if name == b"cache-control"])
    return _read(given.decode("latin-1")) if 0 < len(given) <= _LONGEST else Freshness()


def version_of(http: Request) -> str | None:
    """Return the version that an answer must have at the least; None where its client names none.

    Raises:
        RequestError: it is no version.
    """
    given = http.headers.get("gateway-at-least")
    if given is not None and not _VERSION.fullmatch(given):
        text = "'Gateway-At-Least' is no version: send what 'extensions.upstream.version' of an answer told."
        raise RequestError(400, "BAD_REQUEST", text)
    return given


@lru_cache(_KEPT)
def _read(header: str) -> Freshness:
    directives = [one.strip().lower() for one in header.split(",")]
    ages = [one.removeprefix("max-age=").strip('"') for one in directives if one.startswith("max-age=")]
    max_age_s = min((float(age) for age in ages if age.isdecimal()), default=inf)
    return Freshness(
        0 if "no-cache" in directives else max_age_s, only_if_kept="only-if-cached" in directives
    )
