"""Reads events."""

from typing import ClassVar

from gateway.events.record import EVENTS, EventRow
from gateway.graph.row_loaders import ById, ByKey
from gateway.upstream.record import Record


class EventById(ById[EventRow]):
    """Ids to events, in key order; None where PlanDocket answers 404."""

    record: ClassVar[Record[EventRow]] = EVENTS


class EventByKey(ByKey[EventRow]):
    """Event keys to events, in key order; None where no event has the key."""

    record: ClassVar[Record[EventRow]] = EVENTS
    column: ClassVar[str] = "event_key"
    are_few: ClassVar[bool] = True  # limited per subscription. Source: /en/admin-guide/usage.html
