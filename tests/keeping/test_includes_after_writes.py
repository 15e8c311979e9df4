# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""What an include tells is asked again once a write may have changed it: a table of includes and writes, walked."""

from dataclasses import replace

import httpx
import pytest
from asking import Time
from keeping.wires import bearer, gid, shared, shrink
from odd import Odd

from gateway.resources import RESOURCES
from gateway.sandbox import Dialect, Sandbox
from gateway.sandbox.render import Renderer

RECORDS = {resource.record.path: resource.record for resource in RESOURCES}

WRITES = {
    "participants: create": (
        "createParticipant",
        {"event": {"databaseId": 1}, "contact": {"databaseId": 175}},
    ),
    "participants: confirm": ("updateParticipant", {"id": gid("Participant", 1), "isConfirmed": False}),
    "participants: move": ("updateParticipant", {"id": gid("Participant", 1), "event": {"databaseId": 4}}),
    "participants: give away": (
        "updateParticipant",
        {"id": gid("Participant", 1), "contact": {"customerNumber": "C-10299"}},
    ),
    "participants: delete": ("deleteParticipant", {"id": gid("Participant", 1)}),
    "events: create": ("createEvent", {"title": "New"}),
    "events: change": ("updateEvent", {"id": gid("Event", 2), "title": "New", "city": "Gent"}),
    "events: change the key": ("updateEvent", {"id": gid("Event", 2), "eventKey": "renamed"}),
    "events: change the hours": ("updateEvent", {"id": gid("Event", 2), "openingHours": [{"day": "x"}]}),
    "events: delete": ("deleteEvent", {"id": gid("Event", 2)}),
    "contacts: create": ("createContact", {"email": "x@example.org", "events": [{"databaseId": 2}]}),
    "contacts: change": ("updateContact", {"id": gid("Contact", 175), "lastName": "New"}),
    "contacts: change the number": ("updateContact", {"id": gid("Contact", 175), "customerNumber": "C-1"}),
    "contacts: change the categories": (
        "updateContact",
        {"id": gid("Contact", 175), "categories": [{"categoryKey": "wine"}]},
    ),
    "contacts: change the events": (
        "updateContact",
        {"id": gid("Contact", 175), "events": [{"databaseId": 1}, {"databaseId": 8}]},
    ),
    "contacts: delete": ("deleteContact", {"id": gid("Contact", 175)}),
    "categories: create": ("createCategory", {"title": "New"}),
    "categories: change": ("updateCategory", {"id": gid("Category", 11), "title": "New"}),
    "categories: change the key": ("updateCategory", {"id": gid("Category", 11), "categoryKey": "renamed"}),
    "categories: change the parent": ("updateCategory", {"id": gid("Category", 11), "parent": None}),
    "categories: change the events": ("updateCategory", {"id": gid("Category", 11), "events": []}),
    "categories: delete": ("deleteCategory", {"id": gid("Category", 11)}),
}
"""Each kind of write of each resource, all about one participation, its two ends and its category."""

WHO_COMES = {name for name in WRITES if name.startswith("participants")} | {
    "contacts: create",
    "contacts: change the events",
    "contacts: delete",
    "events: delete",
}
OF_CONTACT_175 = {name for name in WRITES if name.startswith("contacts: ")} - {"contacts: create"}
OF_EVENT_2 = {name for name in WRITES if name.startswith("events: ")} - {"events: create"}
OF_CATEGORY_11 = {name for name in WRITES if name.startswith("categories: ")} - {"categories: create"}
HAS_EVENT_KEYS = {"events: change the key", "events: delete"}  # rows of categories hold keys of events
OF_PARTICIPANT_1 = {name for name in WRITES if name.startswith("participants: ")} - {"participants: create"}

CHANGED_BY = {
    "participants.contact": OF_PARTICIPANT_1 | OF_CONTACT_175 | {"events: delete"},
    "participants.event": OF_PARTICIPANT_1 | OF_EVENT_2 | {"contacts: change the events", "contacts: delete"},
    "participants.category": OF_PARTICIPANT_1
    | OF_CATEGORY_11
    | HAS_EVENT_KEYS
    | {"contacts: delete", "contacts: change the events", "contacts: change the categories"},
    "events.opening_hours": OF_EVENT_2
    - {"events: delete"},  # whoever deleted it is not asked whether it is there
    "events.participant_count": OF_EVENT_2 | WHO_COMES,
    "contacts.categories": OF_CONTACT_175
    | OF_CATEGORY_11
    | HAS_EVENT_KEYS
    | (WHO_COMES - {"participants: confirm", "contacts: create"}),
    "contacts.events": OF_CONTACT_175 | OF_EVENT_2 | (WHO_COMES - {"contacts: create"}),
}
"""What makes an include be asked again, by the writes that may change what it tells of these rows."""

READS = {
    "participants.contact": "{ participant(by: {databaseId: 1}) { contact { lastName customerNumber } } }",
    "participants.event": "{ participant(by: {databaseId: 1}) { event { title eventKey city } } }",
    "participants.category": "{ participant(by: {databaseId: 1}) { category { title categoryKey } } }",
    "events.opening_hours": "{ event(by: {databaseId: 2}) { openingHours } }",
    "events.participant_count": "{ event(by: {databaseId: 2}) { participantCount } }",
    "contacts.categories": "{ contact(by: {databaseId: 175}) { categories { title categoryKey } } }",
    "contacts.events": "{ contact(by: {databaseId: 175}) { events { title eventKey } } }",
}
LISTS = {
    "participants.contact": '{ participants(filter: {customerNumber: "C-10175"}) { nodes { contact { lastName } } } }',
    "participants.event": "{ participants(first: 10) { nodes { id event { title city } } } }",
    "participants.category": "{ participants(first: 10) { nodes { id category { title } } } }",
    "events.opening_hours": "{ events { nodes { id openingHours } } }",
    "events.participant_count": "{ events { nodes { id participantCount } } }",
    "contacts.categories": '{ contacts(filter: {categoryKey: "delicatessen"}) { nodes { id categories { title } } } }',
    "contacts.events": '{ contacts(filter: {eventKey: "food-lyon-2026"}) { nodes { id events { title } } } }',
}


def test_every_include_is_in_the_table():
    """One that is added is walked, too."""
    includes = {f"{path}.{name}" for path, record in RECORDS.items() for name in record.includes}
    assert includes == set(CHANGED_BY) == set(READS) == set(LISTS)


def test_every_resource_is_written_in_the_table():
    """In each way; one that is added is walked, too."""
    assert {(name.partition(":")[0], field[:6]) for name, (field, _) in WRITES.items()} == {
        (path, way) for path in RECORDS for way in ("create", "update", "delete")
    }


class Entwined(httpx.AsyncBaseTransport):
    """A PlanDocket whose contacts have the categories of their participations, and of those's events, as well.

    And a participation has its contact's first one: nothing of this is documented, and nothing against it.
    """

    def __init__(self, sandbox):
        self._tables = sandbox.tables
        self._renderer = Renderer(sandbox.dialect, sandbox.tables)
        self._rest = Odd(sandbox, self._change)

    async def handle_async_request(self, request):
        """Pass it on, and entwine what comes back."""
        return await self._rest.handle_async_request(request)

    def _change(self, path, row):
        tables = self._tables
        if path == "contacts" and "categories" in row:
            own = [p for p in tables.participants if p.contact_id == row["id"]]
            ids = {*tables.contacts.get(row["id"]).category_ids, *(p.category_id for p in own)}
            ids |= {c.id for c in tables.categories for p in own if p.event_id in (c.event_ids or ())}
            return row | {"categories": self._rows(sorted(ids - {None}))}
        if path == "participants" and "category" in row:
            contact = tables.contacts.get(row["contact_id"])
            ids = contact.category_ids[:1] if contact else ()
            return row | {"category": next(iter(self._rows(ids)), None)}
        return row

    def _rows(self, ids):
        rows = [self._tables.categories.get(row_id) for row_id in ids]
        return [self._renderer.row(row) for row in rows if row is not None]


@pytest.fixture(params=["full", "empty"])
def sandbox(request):
    """Take a server that tells what it wrote, and one that tells nothing of it."""
    box = shrink(Sandbox(Dialect(writes=request.param)), 175, 299)
    participation = next(iter(box.tables.participants))
    box.tables.participants.put(replace(participation, category_id=5))
    return box


def mutation_of(name):
    """Return a write's document, and its input."""
    field, given = WRITES[name]
    kind = f"{field[0].upper()}{field[1:]}Input!"
    return "mutation($input: %s) { %s(input: $input) { userErrors { message } } }" % (kind, field), given


@pytest.mark.parametrize("name", WRITES)
async def test_an_include_read_again_is_as_a_fresh_gateway_reads_it(gateway, sandbox, name):
    """Read all, write, read all again: backwards where nothing is told, so that none always helps another.

    What a list keeps is dropped alike whether a write's answer tells its row or not: where it does, rows are read.
    """
    query, given = mutation_of(name)
    tells = sandbox.dialect.writes == "full"
    reads = [*READS.values()] if tells else [*LISTS.values(), *reversed(READS.values())]
    ask = gateway(sandbox, transport=Entwined(sandbox), mirror="on", time=Time(), page_size=25)
    for read in reads:
        await ask(read)
    [payload] = (await ask(query, input=given)).values()
    assert payload == {"userErrors": []}

    fresh = gateway(sandbox, transport=Entwined(sandbox), page_size=25)
    for read in reads:
        assert await ask(read) == await fresh(read), read


@pytest.mark.parametrize("name", WRITES)
async def test_an_include_is_asked_again_after_just_these_writes(gateway, name):
    """Whether this PlanDocket, which tells nothing of what it wrote, changes it or not: any other leaves it kept.

    Each is read with a key of its own, so that none is kept because another was asked again.
    """
    query, given = mutation_of(name)
    readers = {include: bearer(f"reader-{number}") for number, include in enumerate(READS)}
    keys = [f"reader-{number}" for number in range(len(READS))]
    ask = gateway(shared(*keys, dialect=Dialect(writes="empty")), mirror="on", time=Time(), api_key=None)
    for include, reader in readers.items():
        await ask.answer(READS[include], reader)
        assert ask.calls != []
    answer = await ask.answer(query, readers["events.opening_hours"], input=given)
    assert "errors" not in answer, answer["errors"]

    for include, reader in readers.items():
        await ask.answer(READS[include], reader)
        assert bool(ask.calls) == (name in CHANGED_BY[include]), include
