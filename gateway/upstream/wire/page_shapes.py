"""What a list's answer tells about its paging, in any of the usual shapes. Pure.

Nothing about paging is documented, `meta` is only ever seen with a request id.
Source: /en/api/calendar.html (sample)
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import msgspec

from gateway.upstream.wire.cell_forms import BOOLEAN, COUNT

Json = dict[str, Any]


class Paging(msgspec.Struct, frozen=True):
    """What the server told about a list, beside its rows; None is "not told"."""

    total: int | None = None
    more: bool | None = None
    size: int | None = None


def read_paging(payload: Any, data: Any, count: int) -> Paging:
    """Return what is told about a list of `count` rows: in `meta`, in `links`, or beside the rows.

    What contradicts the rows is not told: a total below their number or 0, a page behind the last.
    """
    told = list(_paging_places(payload, data))
    total = _first_int(told, "total", "total_count", "total_items")
    total = None if total is not None and total < count else total
    size = _first_int(told, "per_page", "page_size", "limit") or None
    page = _first_int(told, "current_page", "page")
    last = _first_int(told, "last_page", "total_pages", "page_count")
    return Paging(total=total, size=size, more=_read_more(told, page, last, total, count))


def _read_more(
    told: list[Json], page: int | None, last: int | None, total: int | None, count: int
) -> bool | None:
    for place in told:
        for key in ("next", "next_page_url", "next_page"):
            if key in place:
                return bool(place[key])
        with suppress(ValueError):
            if (more := BOOLEAN.read(place.get("has_more"))) is not None:
                return more
    if page is not None and last is not None and (page <= last or not count):
        return page < last
    return False if total is not None and total <= count else None


def _paging_places(payload: Any, data: Any) -> Iterator[Json]:
    if not isinstance(payload, dict):
        return
    outer = cast(Json, payload)
    for place in (outer.get("meta"), outer.get("links"), outer.get("pagination"), outer, data):
        if isinstance(place, dict):
            found = cast(Json, place)
            yield found
            for inner in ("pagination", "links", "page"):
                if isinstance(found.get(inner), dict):
                    yield cast(Json, found[inner])


def _first_int(places: list[Json], *keys: str) -> int | None:
    for place in places:
        for key in keys:
            with suppress(ValueError):
                if (number := COUNT.read(place.get(key))) is not None:
                    return number
    return None
