# pyright: basic

"""Any own writes, in any order: what is told of a mirrored tenant as fresh is as PlanDocket has it."""

import base64
import random

import pytest
from asking import Ask, Time
from keeping.wires import Wire, shrink
from mirror.mirroring import hold, mirrored, quiet, told, warm

from gateway.sandbox import Dialect, Sandbox

WRITES = (
    'updateParticipant(input: {id: "%(participant)s", isConfirmed: %(flag)s})',
    'updateParticipant(input: {id: "%(participant)s", event: {databaseId: %(event_id)d}})',
    'deleteParticipant(input: {id: "%(participant)s"})',
    "createParticipant(input: {event: {databaseId: %(event_id)d}, contact: {databaseId: %(contact_id)d}})",
    'updateContact(input: {id: "%(contact)s", lastName: "L%(number)d", city: "%(flag)s"})',
    'updateContact(input: {id: "%(contact)s", customerNumber: "N-%(number)d"})',
    'updateContact(input: {id: "%(contact)s", categories: [{databaseId: %(category_id)d}]})',
    'updateContact(input: {id: "%(contact)s", events: [{databaseId: %(event_id)d}]})',
    'deleteContact(input: {id: "%(contact)s"})',
    'createContact(input: {email: "x@a.de", customerNumber: "M-%(number)d", '
    "categories: [{databaseId: %(category_id)d}], events: [{databaseId: %(event_id)d}]})",
    'updateEvent(input: {id: "%(event)s", title: "T%(number)d", city: null})',
    'updateEvent(input: {id: "%(event)s", eventKey: "k-%(number)d"})',
    'updateEvent(input: {id: "%(event)s", isVisible: %(flag)s})',
    'createEvent(input: {title: "New %(number)d"})',
    'deleteEvent(input: {id: "%(event)s"})',
    'updateCategory(input: {id: "%(category)s", categoryKey: "kk-%(number)d"})',
    'deleteCategory(input: {id: "%(category)s"})',
)
READS = (
    "{ participants(first: 100) { totalCount nodes { id isConfirmed "
    "contact { email } event { title } category { title } } } }",
    "{ participants(last: 30) { totalCount nodes { id isConfirmed contact { id } event { id } category { id } } } }",
    '{ participants(first: 100, filter: {eventKey: "%(event_key)s"}) { totalCount nodes { id } } }',
    '{ participants(first: 100, filter: {customerNumber: "%(customer)s"}) '
    "{ totalCount nodes { id event { title } } } }",
    "{ participants(first: 100, filter: {isConfirmed: %(flag)s}) { totalCount nodes { id } } }",
    "{ participant(by: {databaseId: %(participant_id)d}) { isConfirmed contact { lastName categories { id } } } }",
    "{ contact(by: {databaseId: %(contact_id)d}) { email categories { title } events { title } "
    "participations(first: 50) { nodes { id } } } }",
    '{ contact(by: {customerNumber: "%(customer)s"}) { email categories { id } events { id } } }',
    "{ contacts(first: 100) { totalCount nodes { email events { title } categories { title } } } }",
    '{ contacts(first: 100, filter: {categoryKey: "%(category_key)s"}) { totalCount nodes { id } } }',
    '{ contacts(first: 100, filter: {eventKey: "%(event_key)s"}) { totalCount nodes { id } } }',
    '{ contacts(first: 100, filter: {search: "L1"}) { totalCount nodes { id lastName } } }',
    "{ events(first: 50) { totalCount nodes { id title participantCount openingHours } } }",
    "{ events(first: 50, filter: {isVisible: true}) { totalCount nodes { id participantCount } } }",
    "{ events(first: 50, filter: {upcoming: true}) { totalCount nodes { id title } } }",
    '{ event(by: {eventKey: "%(event_key)s"}) { participantCount participants(first: 9) { totalCount } } }',
    "{ categories { id title parent { id title } } }",
)


def gid(kind: str, row_id: int) -> str:
    """Return a global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def drawn(rng: random.Random, ask: Ask) -> dict:
    """Return what an operation may name."""
    tables = ask.sandbox.tables
    participant, contact = rng.choice(list(tables.participants)), rng.choice(list(tables.contacts))
    event, category = rng.choice(list(tables.events)), rng.choice(list(tables.categories))
    return {
        "participant": gid("Participant", participant.id),
        "participant_id": participant.id,
        "contact": gid("Contact", contact.id),
        "contact_id": contact.id,
        "customer": contact.customer_number,
        "event": gid("Event", event.id),
        "event_id": event.id,
        "event_key": event.event_key,
        "category": gid("Category", category.id),
        "category_id": category.id,
        "category_key": category.category_key,
        "flag": rng.choice(("true", "false")),
        "number": rng.randrange(9_999),
    }


@pytest.mark.parametrize(("seed", "order"), [(1, "oldest"), (2, "oldest"), (3, "newest"), (4, "shuffled")])
async def test_whatever_is_told_as_fresh_is_true(gateway, time: Time, seed: int, order) -> None:
    """Of rows that the writes named as well: they are asked about after each."""
    rng = random.Random(seed)  # noqa: S311 - the same each time
    ask = mirrored(gateway, time, Sandbox(dialect=Dialect(order=order)), requests_per_hour=100_000)
    await hold(ask, time)
    mirror = (await ask.answer("{ upstream { mirror { resource complete } } }"))["data"]["upstream"]["mirror"]
    assert {"participants", "contacts", "events"} <= {one["resource"] for one in mirror if one["complete"]}
    direct = gateway(ask.sandbox, requests_per_hour=100_000)
    names = [drawn(rng, ask)]
    for _ in range(30):
        names.append(drawn(rng, ask))
        answer = await ask.answer(
            "mutation { w: %s { userErrors { code } } }" % (rng.choice(WRITES) % names[-1])
        )
        assert "errors" not in answer
        if rng.random() < 0.5:
            await quiet(ask)
        for read in rng.sample(READS, 6):
            query = read % rng.choice(names)
            answer = await ask.answer(query)
            assert "errors" not in answer
            assert told(answer)["stale"] or answer["data"] == await direct(query), query
        time.seconds += rng.choice((0, 1, 5))


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("warmed_s", [20, 34])
async def test_whatever_a_write_may_have_done_is_not_told_as_fresh(
    gateway, time: Time, write: str, warmed_s: int
) -> None:
    """Its answer was lost: what it named, and what it may name now, is asked about at once, and when all works."""
    wire = Wire(sandbox := shrink(Sandbox()))
    ask, direct = mirrored(gateway, time, sandbox, transport=wire), gateway(sandbox)
    await warm(ask, time, warmed_s)
    names = drawn(random.Random(write), ask)  # noqa: S311 - the same each time
    keys = {"event_key": "k-%(number)d", "customer": "N-%(number)d", "category_key": "kk-%(number)d"}
    then = names | {name: key % names for name, key in keys.items()}
    wire.fault = "answer lost"
    error = await ask.error("mutation { w: %s { userErrors { code } } }" % (write % names))
    assert error["extensions"]["code"] == "OUTCOME_UNKNOWN"
    queries = dict.fromkeys(read % named for read in READS for named in (names, then))
    true = {query: await direct(query) for query in queries}
    for fault, seconds in (("answer lost", 0), (None, 3)):
        wire.fault = fault
        time.seconds += seconds
        for query in queries:
            answer = await ask.answer(query)
            if "errors" in answer:
                assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
            else:
                assert told(answer)["stale"] or answer["data"] == true[query], query
        await quiet(ask)
