"""How what is held stands, for who operates the gateway: as JSON, with seconds and requests in whole numbers."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import msgspec

from gateway.mirror.refresh.item import Item
from gateway.upstream.record import Record
from gateway.upstream.way.hour_lanes import HOUR_S

_LATELY_S = 60.0


class Mirrored(
    msgspec.Struct,
    frozen=True,
    rename={"path": "resource", "age_s": "age", "next_in_s": "nextRefreshIn", "interval_s": "interval"}
    | {"per_hour": "costPerHour", "is_running": "isRunning"},
):
    """How a resource's rows are held, or a slice of them."""

    path: str
    rows: int
    age_s: int | None
    """Since the last time when all of it was read; None where it is not whole."""
    reason: str | None
    """Why it is not whole; None where it is."""
    next_in_s: int | None
    """Until all of it is due to be read, while it is asked for; None where it is not walked."""
    interval_s: int | None
    """Between two readings of all of it, as planned; None where none are."""
    per_hour: int | None
    """Requests that these take in an hour."""
    is_running: bool
    """Whether it is being read now."""
    failures: int
    """Readings in a row that came to nothing."""
    key: str | None = None
    """Of a slice: the natural key of the row whose rows it has."""
    slices: Sequence["Mirrored"] = ()
    """Those that are held, by their keys, of a resource that is too large for the hour."""


class Standing(msgspec.Struct, frozen=True):
    """What is held, and what the hour's requests were for: of the gateway's own key, or of all callers' together."""

    mirror: str
    """"on" or "off"."""
    keys: int
    """For how many something is held."""
    rows: int
    resources: list[Mirrored]
    """With the gateway's own key; none where callers bring theirs, or nothing is kept."""
    used: Mapping[str, int]
    """Requests of the last sixty minutes by purpose: a lane's value."""
    limit: int | None
    """What the own key's hour allows; None without one, or where it is unlimited: then nothing is counted."""
    left: int | None


def mirrored(
    record: Record[Any],
    item: Item,
    rows: int,
    whole_at: float | None,
    most_cost: float,
    now: float,
    key: str | None = None,
    slices: Sequence[Mirrored] = (),
) -> Mirrored:
    """Return how rows are held that are read anew as an item, where one that costs more is not."""
    age_s = None if whole_at is None else ceil(max(0.0, now - whole_at))
    due_at = now if item.is_urgent or item.is_running or item.at is None else item.at + item.planned_s
    is_planned = item.is_walked and item.planned_s > 0
    return Mirrored(
        record.path,
        rows,
        age_s,
        _reason(record, item, most_cost, now) if age_s is None else None,
        ceil(max(0.0, due_at - now, item.not_before - now)) if item.is_walked else None,
        ceil(item.planned_s) if is_planned else None,
        round(HOUR_S / item.planned_s * item.cost) if is_planned else None,
        item.is_running,
        item.failures,
        key,
        slices,
    )


def _reason(record: Record[Any], item: Item, most_cost: float, now: float) -> str:
    if item.floor_s <= 0:
        return f"not kept: GATEWAY_FRESH_{record.path.upper()} is 0"
    if item.is_running:
        return "being read"
    if item.cost > most_cost:
        return f"too large for the hour: {item.cost} requests, of which a reading may take {most_cost:.0f}"
    if item.failures:
        return f"the last reading came to nothing: {item.why}"
    if not item.is_walked:
        return "not asked for enough yet"
    return "waits for room in the hour" if now - item.blocked_at < _LATELY_S else "due once it is asked for"
