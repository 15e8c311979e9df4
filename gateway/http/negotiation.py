"""Media types and codings: which one a client wants its answer in, by RFC 9110, and what it sent.

GraphQL over HTTP knows two for answers. In `application/json` every well-formed request is answered with 200;
in `application/graphql-response+json` the status tells of errors too.
Source: https://graphql.github.io/graphql-over-http/draft/
"""

import re
from collections.abc import Callable
from email.message import Message
from functools import lru_cache
from typing import TypeVar

import msgspec
from starlette.requests import Request

T = TypeVar("T")

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
HTML = "text/html"

_KEPT = 256
_LONGEST_KEPT = 500  # characters
_WEIGHT = re.compile(r"\d(\.\d*)?")


class Wish(msgspec.Struct, frozen=True):
    """What an `Accept` header makes of what can be served."""

    answer: str | None
    """The media type for an answer; None where neither will do."""
    wants_page: bool
    """Whether a page is asked for by name, and nothing is liked better."""


class MediaType(msgspec.Struct, frozen=True):
    """What a `Content-Type` header says."""

    name: str
    charset: str | None


def _remembered(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return what reads a header and remembers the usual ones; longer ones would fill the memory."""
    kept = lru_cache(maxsize=_KEPT)(read)
    return lambda header: (kept if len(header) <= _LONGEST_KEPT else read)(header)


def wish_of(http: Request) -> Wish:
    """Return what a request's `Accept` headers ask for; without any, JSON as it always was."""
    given = b",".join([value for name, value in http.scope["headers"] if name == b"accept"])
    return _wish(given.decode("latin-1"))


@_remembered
def takes_gzip(accept_encoding: str) -> bool:
    """Return whether an `Accept-Encoding` header asks for gzip, and likes nothing better that can be served."""
    codings = _ranges(accept_encoding)
    weight = codings.get("gzip", codings.get("x-gzip", codings.get("*", 0.0)))
    return 0 < weight >= codings.get("identity", 0.0)


@_remembered
def media_type(header: str) -> MediaType:
    """Return the media type that a `Content-Type` header names; "" where it names none, or hides it in much else."""
    message = Message()
    message["content-type"] = header
    has_name = header.partition(";")[0].strip().count("/") == 1 and len(header) <= _LONGEST_KEPT
    return MediaType(message.get_content_type() if has_name else "", message.get_content_charset())


def status_unless_run(name: str) -> int:
    """Return the status of a well-formed request that was not run: only the newer type tells by it."""
    return 400 if name == GRAPHQL else 200


def content_type(name: str) -> str:
    """Return the `Content-Type` of an answer; JSON has no charset of its own, as it is always UTF-8."""
    return name if name == JSON else f"{name}; charset=utf-8"


@_remembered
def _wish(accept: str) -> Wish:
    ranges = _ranges(accept) if accept.strip() else {"*/*": 1.0}
    likings = {name: _liking(name, ranges) for name in (JSON, GRAPHQL)}
    best = max(likings, key=lambda name: likings[name])
    page = ranges.get(HTML, 0.0)
    wants_page = page > 0 and page >= max(weight for weight, _, _ in likings.values())
    return Wish(best if likings[best][0] > 0 else None, wants_page)


def _ranges(header: str) -> dict[str, float]:
    return dict(filter(None, map(_range, header.split(","))))


def _range(text: str) -> tuple[str, float] | None:
    """Return what a client names, such as a media range, and its weight; None where the weight cannot be read."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    weights = [part[2:].strip() for part in parameters if part.startswith("q=")]
    if not all(_WEIGHT.fullmatch(weight) for weight in weights):
        return None
    return name, min([1.0, *map(float, weights)])


def _liking(name: str, ranges: dict[str, float]) -> tuple[float, int, bool]:
    """Return how much a type is liked: by weight, then by how exactly it is named.

    Who names both alike has heard of the newer one; who names neither gets what every client can read.
    """
    places = (name, f"{name.partition('/')[0]}/*", "*/*")
    for exactness, place in zip((2, 1, 0), places, strict=True):
        if place in ranges:
            is_first = name == (GRAPHQL if place == name else JSON)
            return ranges[place], exactness, is_first
    return 0.0, 0, False
