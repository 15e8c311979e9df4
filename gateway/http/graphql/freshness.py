"""How old an answer may be, as clients say it in `Cache-Control`. Source: RFC 9111, section 5.2.1"""

from functools import lru_cache
from math import inf

from starlette.requests import Request

from gateway.mirror.session import Freshness

_KEPT = 64
_LONGEST = 200  # characters


def freshness_of(http: Request) -> Freshness:
    """Return what a request's `Cache-Control` headers ask for; what cannot be read asks for nothing."""
    given = b",".join([value for name, value in http.scope["headers"] if name == b"cache-control"])
    return _read(given.decode("latin-1")) if 0 < len(given) <= _LONGEST else Freshness()


@lru_cache(_KEPT)
def _read(header: str) -> Freshness:
    directives = [one.strip().lower() for one in header.split(",")]
    ages = [one.removeprefix("max-age=").strip('"') for one in directives if one.startswith("max-age=")]
    max_age_s = min((float(age) for age in ages if age.isdecimal()), default=inf)
    return Freshness(
        0 if "no-cache" in directives else max_age_s, only_if_kept="only-if-cached" in directives
    )
