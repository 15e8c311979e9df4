"""Compares the file with what is there: what is to be written, what is so already, and what cannot be."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from gateway.commands.importing.client import Client, RefusedError
from gateway.commands.importing.journal import Journal, Outcome
from gateway.commands.importing.reading import Row
from gateway.upstream.wire.natural_keys import comparable

_MANY = 100  # rows of a page
_INCOMPLETE = "MIRROR_INCOMPLETE"
_T = TypeVar("_T")
EVENTS = "query($keys: [String!]) { rows: events(filter: {eventKeys: $keys}, first: 100) { nodes { key: eventKey } } }"
CONTACTS = (
    "query($keys: [String!]) { rows: contacts(filter: {customerNumbers: $keys}, first: 100) "
    "{ nodes { key: customerNumber } } }"
)
PARTICIPANTS = (
    "query($event: String!, $keys: [String!]) { rows: participants(filter: {eventKey: $event, "
    "contact: {customerNumbers: $keys}}, first: 100) { nodes { id isConfirmed contact { key: customerNumber } } } }"
)
ONE = (
    "query($event: String!, $customer: String!) { rows: participants(filter: {eventKey: $event, "
    "customerNumber: $customer}, first: 1) { nodes { id isConfirmed } } }"
)


class There(msgspec.Struct, frozen=True):
    """A participation that PlanDocket has."""

    id: str
    is_confirmed: bool


class Step(msgspec.Struct):
    """A row, and how it stands."""

    row: Row
    outcome: Outcome = Outcome.OPEN
    message: str = ""
    there: There | None = None
    """What is there of it, as far as was seen."""

    @property
    def is_so(self) -> bool:
        """Return whether it is there as it shall be."""
        return self.there is not None and self.there.is_confirmed == self.row.is_confirmed


async def check(client: Client, rows: Collection[Row], journal: Journal) -> list[Step]:
    """Return each row's step, those that are settled with what came of them; nothing is written."""
    steps = [_begun(row, journal) for row in rows]
    todo = [step for step in steps if step.outcome is Outcome.OPEN and not _is_in_doubt(step, journal)]
    events = await _known(client, EVENTS, {step.row.event_key for step in todo})
    contacts = await _known(client, CONTACTS, {step.row.customer_number for step in todo})
    by_event = defaultdict[str, list[Step]](list)
    for step in todo:
        event, customer = step.row.key
        faults = [
            *(() if events is None or event in events else ("there is no event with this key",)),
            *(() if contacts is None or customer in contacts else ("no contact has this customer number",)),
        ]
        if faults:
            step.outcome, step.message = Outcome.WRONG, "; ".join(faults)
        else:
            by_event[step.row.event_key].append(step)
    for event, those in by_event.items():
        for some in _some(those):
            _compare(some, await _there(client, event, [step.row for step in some]))
    return steps


async def look_up(client: Client, row: Row, age_s: float | None = None) -> There | None:
    """Return what PlanDocket has of a row, with `age_s` nothing that is older; None where there is none."""
    data = await client.ask(ONE, age_s=age_s, event=row.event_key, customer=row.customer_number)
    return next((_read(node) for node in data["rows"]["nodes"]), None)


def _begun(row: Row, journal: Journal) -> Step:
    entry = journal.of(row)
    if row.fault:
        return Step(row, Outcome.WRONG, row.fault)
    return Step(row) if entry is None else Step(row, entry.outcome, entry.message)


def _is_in_doubt(step: Step, journal: Journal) -> bool:
    """Return whether a row is to be looked up before anything else, as PlanDocket has it then."""
    entry = journal.of(step.row)
    return entry is not None and entry.is_in_doubt


async def _known(client: Client, query: str, keys: Iterable[str]) -> set[str] | None:
    """Return those of some keys that are there; None where the gateway cannot tell: then PlanDocket will."""
    found = set[str]()
    try:
        for some in _some(sorted(keys)):
            rows = (await client.ask(query, keys=some))["rows"]["nodes"]
            found.update(comparable(row["key"]) for row in rows)
    except RefusedError as error:
        if error.code != _INCOMPLETE:
            raise
        return None
    return found


async def _there(client: Client, event: str, rows: list[Row]) -> Mapping[str, There]:
    """Return which of an event's rows are there, by customer number."""
    try:
        data = await client.ask(PARTICIPANTS, event=event, keys=[row.customer_number for row in rows])
    except RefusedError as error:
        if error.code != _INCOMPLETE:
            raise
        found = [(row, await look_up(client, row)) for row in rows]
        return {row.key[1]: there for row, there in found if there is not None}
    return {comparable(node["contact"]["key"]): _read(node) for node in data["rows"]["nodes"]}


def _some(all_of_them: list[_T]) -> Iterator[list[_T]]:
    """Yield as many at a time as a page has."""
    return (all_of_them[at : at + _MANY] for at in range(0, len(all_of_them), _MANY))


def _read(node: Mapping[str, Any]) -> There:
    return There(node["id"], node["isConfirmed"])


def _compare(steps: Iterable[Step], there: Mapping[str, There]) -> None:
    for step in steps:
        step.there = there.get(step.row.key[1])
        if step.is_so:
            step.outcome = Outcome.UNCHANGED
