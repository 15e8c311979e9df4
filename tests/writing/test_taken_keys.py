# pyright: basic
"""A 422 on keys: what is there tells a taken key from an unknown one, whatever PlanDocket's words are."""

import json
from dataclasses import replace

import httpx
import pytest
from writing.mutations import Way, gid, now, refusals, refused, state, told, write, writes, written

from gateway.sandbox import Dialect, Sandbox

WAYS = {
    "PATCH": (Dialect(), "PATCH"),
    "PUT": (Dialect(put="replace"), "PUT"),
    "id": (Dialect(writes="id", envelope=False, paging="plain"), "PATCH"),
    "mute": (Dialect(writes="empty", include="ignored", paging="links"), "PATCH"),
}
TAKEN = [
    ("createEvent", {"title": "Fair", "eventKey": "boat-show-2026"}, "events"),
    ("updateEvent", {"id": gid("Event", 1), "eventKey": "boat-show-2026"}, "events"),
    ("createContact", {"customerNumber": "C-10001"}, "contacts?search=C-10001"),
    ("updateContact", {"id": gid("Contact", 2), "customerNumber": "C-10001"}, "contacts?search=C-10001"),
    ("createCategory", {"title": "Wine", "categoryKey": "wine"}, "categories"),
    ("updateCategory", {"id": gid("Category", 1), "categoryKey": "wine"}, "categories"),
]


@pytest.fixture(params=WAYS)
def either(request, gateway):
    """Take servers that answer 422 to what is there already, and each method of updates."""
    dialect, method = WAYS[request.param]
    return Way(gateway(Sandbox(dialect, now=now), update_method=method), dialect, method)


class Refusing(httpx.AsyncBaseTransport):
    """Refuses every write with 422 and a body; the sandbox answers reads, unless they fail as well."""

    def __init__(self, sandbox, errors, status=None):
        self.reads = []
        self._rest = httpx.ASGITransport(sandbox.app)
        self._body = {"error": "Validation failed", **({} if errors is None else {"errors": errors})}
        self._status = status

    async def handle_async_request(self, request):
        """Answer as told."""
        if request.method != "GET":
            return httpx.Response(422, json=self._body)
        self.reads.append(f"{request.url.path[8:]}?{request.url.params}")
        if self._status:
            return httpx.Response(self._status, text=json.dumps({"error": "x"}))
        return await self._rest.handle_async_request(request)


def refusing(gateway, errors, status=None, **settings):
    """Return a gateway in front of a PlanDocket that refuses writes, and what it is asked."""
    sandbox = Sandbox(now=now)
    transport = Refusing(sandbox, errors, status)
    return gateway(sandbox, transport=transport, **settings), transport


def numbered(tables):
    """Return a participation whose contact has a number."""
    return next(p for p in tables.participants if tables.contacts.get(p.contact_id).customer_number)


def ends(tables, row):
    """Return the input that names a participation's event and contact."""
    return {
        "event": {"eventKey": tables.events.get(row.event_id).event_key},
        "contact": {"customerNumber": tables.contacts.get(row.contact_id).customer_number},
    }


def twins(tables, name="contact_id", *, with_number=True):
    """Return two participations of one contact, or in one event."""
    seen = {}
    for row in tables.participants:
        if bool(tables.contacts.get(row.contact_id).customer_number) is not with_number:
            continue
        if (first := seen.setdefault(getattr(row, name), row)) is not row:
            return first, row
    raise AssertionError


def hours(way, field):
    """Return what a PUT of an event needs where the server does not tell it."""
    return way.keeps(openingHours=[]) if field == "updateEvent" else {}


@pytest.mark.parametrize(("field", "given", "_"), TAKEN)
async def test_a_taken_key(either, field, given, _):
    """It is a conflict at the key, and nothing is written."""
    before = state(either.ask.sandbox)
    [name] = given.keys() - {"id", "title"}

    assert await refused(either.ask, field, {**given, **hours(either, field)}) == (
        "CONFLICT",
        ["input", name],
    )
    assert state(either.ask.sandbox) == before


@pytest.mark.parametrize(("field", "given", "look_up"), TAKEN)
async def test_what_a_taken_key_costs(ask, field, given, look_up):
    """One read after the refusal."""
    await refused(ask, field, given)

    assert [call for call in ask.calls if call.startswith("GET")] == [f"GET {look_up}"]


@pytest.mark.parametrize(("field", "given", "_"), TAKEN)
async def test_a_taken_key_that_is_kept(gateway, field, given, _):
    """It costs no read."""
    ask = gateway(Sandbox(now=now), mirror="on")
    kind = field[6:].lower()
    [name] = given.keys() - {"id", "title"}
    await ask(f"query($key: String!) {{ {kind}(by: {{ {name}: $key }}) {{ id }} }}", key=given[name])

    assert await refused(ask, field, given) == ("CONFLICT", ["input", name])
    assert [call for call in ask.calls if call.startswith("GET")] == []


async def test_the_message_of_a_taken_key(ask):
    """It says what to do, and what PlanDocket said."""
    [error] = await refusals(ask, "createEvent", {"title": "Fair", "eventKey": "boat-show-2026"})

    assert error["message"] == (
        "Another event has this 'eventKey': give one that is free. PlanDocket says: Already taken."
    )


@pytest.mark.parametrize(
    ("field", "given", "blamed"),
    [
        ("createEvent", {"title": "Fair", "eventKey": "free"}, "event_key"),
        ("updateEvent", {"id": gid("Event", 1), "eventKey": "spring-fair-2026"}, "event_key"),
        ("createContact", {"customerNumber": "free"}, "customer_number"),
        ("updateContact", {"id": gid("Contact", 1), "customerNumber": "C-10001"}, "customer_number"),
        ("createCategory", {"title": "Glass", "categoryKey": "free"}, "category_key"),
    ],
)
async def test_a_key_that_is_not_taken(gateway, field, given, blamed):
    """PlanDocket does not take it for another reason, which it tells; a row's own key is no other's."""
    ask, transport = refusing(gateway, {blamed: ["Too odd.", "Too short."]})
    [name] = given.keys() - {"id", "title"}

    assert await refusals(ask, field, given) == [
        {"message": text, "field": ["input", name], "code": "VALIDATION_FAILED"}
        for text in ("Too odd.", "Too short.")
    ]
    assert len(transport.reads) == 1


async def test_a_key_that_differs_in_case_alone(gateway):
    """Databases take them for the same."""
    ask, _ = refusing(gateway, {"event_key": ["Taken."]})
    given = {"title": "Fair", "eventKey": " Boat-Show-2026"}

    assert await refused(ask, "createEvent", given) == ("CONFLICT", ["input", "eventKey"])


@pytest.mark.parametrize(
    "name",
    ["event_key", "eventKey", "EventKey", "event-key", "data.event_key", "event[event_key]", "Event key"],
)
async def test_the_key_in_other_spellings(gateway, name):
    """It is the same field."""
    ask, _ = refusing(gateway, {name: ["Taken."]})
    given = {"title": "Fair", "eventKey": "boat-show-2026"}

    assert await refused(ask, "createEvent", given) == ("CONFLICT", ["input", "eventKey"])


@pytest.mark.parametrize("errors", [None, {}, {"slug": ["Taken."]}])
async def test_a_refusal_that_names_no_field(gateway, errors):
    """The key that was sent may be why."""
    ask, _ = refusing(gateway, errors)
    given = {"title": "Fair", "eventKey": "boat-show-2026"}

    assert await refused(ask, "createEvent", given) == ("CONFLICT", ["input", "eventKey"])


async def test_a_field_that_is_not_of_the_input(gateway):
    """No place is told, and its name stands in the message."""
    ask, _ = refusing(gateway, {"legal_form": ["Wanted."]})

    assert await refusals(ask, "createContact", {}) == [
        {"message": "legal_form: Wanted.", "field": None, "code": "VALIDATION_FAILED"}
    ]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("createEvent", {"title": " ", "city": "Gent"}),
        ("updateContact", {"id": gid("Contact", 2), "rating": 9, "customerNumber": "C-10001"}),
        ("updateContact", {"id": gid("Contact", 2), "rating": 9, "customerNumber": None}),
    ],
)
async def test_a_refusal_of_other_fields(ask, field, given):
    """Nothing is looked up for it."""
    await refused(ask, field, given)

    assert [request.status for request in writes(ask.sandbox)] == [422]
    assert [call for call in ask.calls if call.startswith("GET")] == []


async def test_a_taken_key_among_other_faults(gateway):
    """Each is told at its own place."""
    ask, _ = refusing(gateway, {"rating": ["Bad."], "customer_number": ["Taken."], "email": ["Odd."]})
    given = {"customerNumber": "C-10001", "rating": 9, "email": "x"}

    assert told(await refusals(ask, "createContact", given)) == [
        ("CONFLICT", "customerNumber"),
        ("VALIDATION_FAILED", "rating"),
        ("VALIDATION_FAILED", "email"),
    ]


async def test_a_second_participation(either):
    """It is a conflict at what PlanDocket blames of what was sent."""
    tables, before = either.ask.sandbox.tables, state(either.ask.sandbox)

    found = await refused(either.ask, "createParticipant", ends(tables, numbered(tables)))
    assert found == ("CONFLICT", ["input", "contact"])
    assert state(either.ask.sandbox) == before


async def test_what_a_second_participation_costs(ask):
    """One filtered list after the refusal."""
    given = ends(ask.sandbox.tables, numbered(ask.sandbox.tables))
    [error] = await refusals(ask, "createParticipant", given)

    key, number = given["event"]["eventKey"], given["contact"]["customerNumber"]
    assert ask.calls == [
        "POST participants",
        f"GET participants?customer_number={number}&event_key={key}",
    ]
    assert error["message"] == "The contact takes part in this event already. PlanDocket says: Already taken."


@pytest.mark.parametrize(
    ("place", "name", "blamed"),
    [
        ("event", "contact_id", ["customer_number"]),
        ("event", "contact_id", ["event_key"]),
        ("event", "contact_id", ["event_key", "customer_number"]),
        ("event", "contact_id", ["contact_id"]),
        ("event", "contact_id", ["participant"]),
        ("contact", "event_id", ["event_key"]),
        ("contact", "event_id", ["event"]),
        ("contact", "event_id", ["customer_number"]),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_move_to_where_another_is(gateway, method, place, name, blamed):
    """The conflict stands at what was sent, whichever of the two PlanDocket blames."""
    ask, _ = refusing(gateway, {column: ["Taken."] for column in blamed}, update_method=method)
    stays, other = twins(ask.sandbox.tables, name)
    given = {"id": gid("Participant", stays.id), place: ends(ask.sandbox.tables, other)[place]}

    assert await refused(ask, "updateParticipant", given) == ("CONFLICT", ["input", place])


@pytest.mark.parametrize(("place", "name"), [("event", "contact_id"), ("contact", "event_id")])
async def test_a_move_as_the_sandbox_refuses_it(either, place, name):
    """So it is where PlanDocket's stand-in finds the other participation."""
    tables = either.ask.sandbox.tables
    stays, other = twins(tables, name)
    given = {"id": gid("Participant", stays.id), place: ends(tables, other)[place]}

    assert await refused(either.ask, "updateParticipant", given) == ("CONFLICT", ["input", place])
    assert tables.participants.get(stays.id) == stays


async def test_a_move_of_a_contact_without_a_number(ask):
    """No filter names the contact: the event's list tells it."""
    stays, other = twins(ask.sandbox.tables, with_number=False)
    given = {"id": gid("Participant", stays.id), "event": {"databaseId": other.event_id}}

    assert await refused(ask, "updateParticipant", given) == ("CONFLICT", ["input", "event"])


async def test_what_a_move_costs(ask):
    """The row with both ends tells what stays, and one filtered list the other participation."""
    stays, other = twins(ask.sandbox.tables)
    given = ends(ask.sandbox.tables, other)
    await refused(ask, "updateParticipant", {"id": gid("Participant", stays.id), "event": given["event"]})

    key, number = given["event"]["eventKey"], given["contact"]["customerNumber"]
    assert ask.calls == [
        f"PATCH participants/{stays.id}",
        f"GET participants/{stays.id}?include=contact,event",
        f"GET participants?customer_number={number}&event_key={key}",
    ]


@pytest.mark.parametrize("field", ["createParticipant", "updateParticipant"])
@pytest.mark.parametrize(
    ("place", "column", "by"),
    [("event", "event_key", "eventKey"), ("contact", "customer_number", "customerNumber")],
)
async def test_an_end_that_is_not_there(gateway, field, place, column, by):
    """PlanDocket blames its key, and nothing has it."""
    ask, transport = refusing(gateway, {column: ["Unknown."]})
    given = ends(ask.sandbox.tables, numbered(ask.sandbox.tables))
    row_id = {"id": gid("Participant", 5)} if field == "updateParticipant" else {}
    [error] = await refusals(ask, field, {**given, **row_id, place: {by: "no-such"}})

    assert (error["code"], error["field"]) == ("NOT_FOUND", ["input", place])
    assert error["message"] == f"PlanDocket has no such {place}. PlanDocket says: Unknown."
    assert len(transport.reads) == 2


@pytest.mark.parametrize(("place", "column"), [("event", "event_key"), ("contact", "customer_number")])
async def test_an_end_that_is_there(gateway, place, column):
    """PlanDocket does not take it for another reason."""
    ask, _ = refusing(gateway, {column: ["Closed."]})
    given = {"event": {"eventKey": "spring-fair-2026"}, "contact": {"customerNumber": "C-10001"}}
    for row in list(ask.sandbox.tables.participants):
        ask.sandbox.tables.delete(row)

    assert await refusals(ask, "createParticipant", given) == [
        {"message": "Closed.", "field": ["input", place], "code": "VALIDATION_FAILED"}
    ]


async def test_an_end_that_is_wanted(gateway):
    """A field that was not sent is told where it belongs, and nothing is looked up."""
    errors = {"event_key": ["Required."], "customer_number": ["Required."]}
    ask, transport = refusing(gateway, errors)
    given = {"id": gid("Participant", 2), "isConfirmed": True}

    assert told(await refusals(ask, "updateParticipant", given)) == [
        ("VALIDATION_FAILED", "event"),
        ("VALIDATION_FAILED", "contact"),
    ]
    assert transport.reads == []


async def test_some_of_a_list_are_not_there(gateway):
    """Each is told at its place, for one read for all."""
    ask, transport = refusing(gateway, {"category_keys": ["Unknown."]})
    keys = ["no-such", "wine", "nor-this"]
    given = {"categories": [*({"categoryKey": key} for key in keys), {"databaseId": 5}]}

    assert told(await refusals(ask, "createContact", given)) == [
        ("NOT_FOUND", "categories.0"),
        ("NOT_FOUND", "categories.2"),
    ]
    assert len(transport.reads) == 2  # the id's look-up before the write, and the keys' after it


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("category_keys.1", ("VALIDATION_FAILED", "categories.1")),
        ("category_keys[0]", ("NOT_FOUND", "categories.0")),
        ("categories.0.key", ("NOT_FOUND", "categories.0")),
        ("category_keys.7", ("VALIDATION_FAILED", "categories")),
    ],
)
async def test_an_entry_that_is_blamed(gateway, name, found):
    """It alone is looked up, and told at its place."""
    ask, _ = refusing(gateway, {name: ["Odd."]})
    given = {"categories": [{"categoryKey": "no-such"}, {"categoryKey": "wine"}]}

    assert told(await refusals(ask, "createContact", given)) == [found]


@pytest.mark.parametrize(
    ("field", "given", "errors", "found"),
    [
        (
            "createParticipant",
            {"event": {"eventKey": "spring-fair-2026"}, "contact": {"customerNumber": "C-10001"}},
            {"customer_number": ["Odd."]},
            ("VALIDATION_FAILED", "contact"),
        ),
        (
            "createEvent",
            {"title": "Fair", "eventKey": "boat-show-2026"},
            {"event_key": ["Odd."]},
            ("VALIDATION_FAILED", "eventKey"),
        ),
        (
            "updateCategory",
            {"id": gid("Category", 8), "parent": {"databaseId": 999}},
            {"parent_category_id": ["Odd."]},
            ("VALIDATION_FAILED", "parent"),
        ),
    ],
)
@pytest.mark.parametrize("status", [500, 403, 400, 404, 429])
async def test_a_look_up_that_fails(gateway, field, given, errors, found, status):
    """The refusal is told all the same, in PlanDocket's words."""
    ask, transport = refusing(gateway, errors, status)
    is_missing = status == 404 and field == "updateCategory"

    assert told(await refusals(ask, field, given)) == [("NOT_FOUND", "parent") if is_missing else found]
    assert transport.reads


async def test_a_look_up_when_the_hour_is_spent(gateway):
    """Nothing is left to ask with: the refusal is told as it came."""
    ask = gateway(Sandbox(now=now), requests_per_hour=1)
    given = {"title": "Fair", "eventKey": "boat-show-2026"}

    assert await refused(ask, "createEvent", given) == ("VALIDATION_FAILED", ["input", "eventKey"])
    assert ask.calls == ["POST events"]


async def test_a_look_up_that_hangs(wired):
    """It ends before the operation has to."""
    async with wired({"GET events": "hang"}, read_timeout=60, total_timeout=60, operation_timeout=1) as (
        ask,
        _,
    ):
        given = {"title": "Fair", "eventKey": "boat-show-2026"}

        assert await refused(ask, "createEvent", given) == ("VALIDATION_FAILED", ["input", "eventKey"])


async def test_look_ups_are_part_of_the_write(gateway):
    """The operation's limit of reads does not count them."""
    ask = gateway(Sandbox(now=now), max_calls=1)
    one = 'updateEvent(input: {id: $id, eventKey: "boat-show-2026"}) { userErrors { code } }'
    data = await ask(f"mutation($id: ID!) {{ a: {one} b: {one} c: {one} }}", id=gid("Event", 1))

    assert data == {alias: {"userErrors": [{"code": "CONFLICT"}]} for alias in "abc"}


async def test_each_of_several_gets_its_own(ask):
    """What one found is not taken for the next one's."""
    tables = ask.sandbox.tables
    row = numbered(tables)
    event = f'{{eventKey: "{tables.events.get(row.event_id).event_key}"}}'
    contact = f'{{customerNumber: "{tables.contacts.get(row.contact_id).customer_number}"}}'
    create = (
        f"createParticipant(input: {{event: {event}, contact: {contact}}}) {{ userErrors {{ code field }} }}"
    )
    data = await ask(
        f"mutation($id: ID!) {{ first: {create} gone: deleteParticipant(input: {{id: $id}}) {{ deletedId }}"
        f" second: {create} third: {create} }}",
        id=gid("Participant", row.id),
    )

    taken = {"userErrors": [{"code": "CONFLICT", "field": ["input", "contact"]}]}
    assert [data[alias] for alias in ("first", "second", "third")] == [taken, {"userErrors": []}, taken]


async def test_a_list_that_is_kept_from_before(gateway):
    """Somebody else added the participation since: PlanDocket is asked again."""
    ask = gateway(Sandbox(now=now), mirror="on")
    tables = ask.sandbox.tables
    row = numbered(tables)
    given = ends(tables, row)
    tables.delete(row)
    filters = {"eventKey": given["event"]["eventKey"], "customerNumber": given["contact"]["customerNumber"]}
    query = "query($filter: ParticipantFilter) { participants(filter: $filter) { nodes { id } } }"
    assert await ask(query, filter=filters) == {"participants": {"nodes": []}}
    tables.participants.put(row)

    assert await refused(ask, "createParticipant", given) == ("CONFLICT", ["input", "contact"])


async def test_a_participation_that_is_kept(gateway):
    """The filtered list that was read a moment ago tells it for no request."""
    ask = gateway(Sandbox(now=now), mirror="on")
    given = ends(ask.sandbox.tables, numbered(ask.sandbox.tables))
    filters = {"eventKey": given["event"]["eventKey"], "customerNumber": given["contact"]["customerNumber"]}
    await ask(
        "query($filter: ParticipantFilter) { participants(filter: $filter) { nodes { id } } }", filter=filters
    )

    assert await refused(ask, "createParticipant", given) == ("CONFLICT", ["input", "contact"])
    assert ask.calls == ["POST participants"]


async def test_events_on_several_pages(gateway):
    """Where a page does not hold all, one that is not on it is not called missing."""
    ask, _ = refusing(gateway, {"event_keys": ["Odd."]}, page_size=5)
    keys = ["spring-fair-2026", "boat-show-2026"]
    given = {"events": [{"eventKey": key} for key in keys]}

    assert told(await refusals(ask, "createContact", given)) == [("VALIDATION_FAILED", "events")]


async def test_what_is_looked_up_is_kept(gateway):
    """The list that told the taken key answers the next query."""
    ask = gateway(Sandbox(now=now), mirror="on")
    await refused(ask, "createCategory", {"title": "Wine", "categoryKey": "wine"})
    await ask('{ category(by: {categoryKey: "wine"}) { title } }')

    assert ask.calls == []


async def test_a_free_key_is_written(either):
    """Nothing is looked up where nothing is refused."""
    await written(either.ask, "createEvent", {"title": "Fair", "eventKey": "free"})
    await write(either.ask, "createCategory", {"title": "Glass", "categoryKey": "free"})

    assert [call for call in either.ask.calls if call.startswith("GET")] == []
    category = either.ask.sandbox.tables.categories.get(21)
    assert category == replace(category, category_key="free")
