# pyright: basic
"""`dryRun`: what would be refused, as far as it can be known, for no request and no change."""

import pytest
from asking import Time
from mirror.mirroring import mirrored, walked
from writing.mutations import EACH, MANY, gid, state, told, write

SAVING = [field for field in EACH if not field.startswith("delete")]
EVENT, OTHER = {"eventKey": "spring-fair-2026"}, {"eventKey": "food-lyon-2026"}


@pytest.fixture(scope="module")
async def held(module_gateway):
    """Make a gateway that holds all of its tenant, once: nothing of that is changed here."""
    time = Time()
    ask = mirrored(module_gateway, time)
    await walked(ask)
    return ask


def document(field, selection="userErrors { code field message } written"):
    """Return the mutation, to be tried or carried out."""
    kind = f"{field[0].upper()}{field[1:]}Input!"
    return f"mutation($input: {kind}, $dry: Boolean) {{ {field}(input: $input, dryRun: $dry) {{ {selection} }} }}"


async def tried(ask, field, given, dry=True, selection="userErrors { code field message } written"):
    """Send a mutation, and return its payload."""
    return (await ask(document(field, selection), input=given, dry=dry))[field]


@pytest.mark.parametrize("field", SAVING)
@pytest.mark.parametrize("mirror", ["off", "on"])
async def test_what_would_be_carried_out_is_not(gateway, held, mirror, field):
    """Nothing is sent, nothing changes, nothing is refused; and no row is told."""
    ask = held if mirror == "on" else gateway()
    before = state(ask.sandbox)
    row = field.removeprefix("create").removeprefix("update").lower()
    selection = f"userErrors {{ message }} written writtenId {row} {{ id }}"
    given = {**EACH[field]}
    if field == "createParticipant":
        given["contact"] = {"customerNumber": "C-10003"}
    payload = await tried(ask, field, given, selection=selection)

    assert payload == {"userErrors": [], "written": False, "writtenId": None, row: None}
    assert ask.calls == []
    assert state(ask.sandbox) == before


def without_number(tables):
    """Return the id of a contact without a customer number."""
    return next(contact.id for contact in tables.contacts if not contact.customer_number)


def pair_that_is_there(tables):
    """Return the input of a participation that is there."""
    row = next(p for p in tables.participants if tables.contacts.get(p.contact_id).customer_number)
    return {"event": {"databaseId": row.event_id}, "contact": {"databaseId": row.contact_id}}


REFUSED = {
    "no such event by key": lambda _: (
        "createParticipant",
        {"event": {"eventKey": "x"}, "contact": {"databaseId": 1}},
    ),
    "no such event by id": lambda _: (
        "createParticipant",
        {"event": {"databaseId": 99}, "contact": {"databaseId": 1}},
    ),
    "no such contact": lambda _: (
        "createParticipant",
        {"event": EVENT, "contact": {"customerNumber": "none"}},
    ),
    "no number": lambda tables: (
        "createParticipant",
        {"event": EVENT, "contact": {"databaseId": without_number(tables)}},
    ),
    "there already": lambda tables: ("createParticipant", pair_that_is_there(tables)),
    "an id of another type": lambda _: ("updateParticipant", {"id": gid("Event", 1), "isConfirmed": True}),
    "no such row": lambda _: ("updateParticipant", {"id": gid("Participant", 99999), "isConfirmed": True}),
    "a flag that is cleared": lambda _: (
        "updateParticipant",
        {"id": gid("Participant", 1), "isConfirmed": None},
    ),
    "two faults": lambda tables: (
        "createParticipant",
        {"event": {"id": "x"}, "contact": {"databaseId": without_number(tables)}},
    ),
    "a title that is cleared": lambda _: ("updateEvent", {"id": gid("Event", 1), "title": None}),
    "a taken event key": lambda _: ("createEvent", {"title": "Fair", **OTHER}),
    "a key of blanks": lambda _: ("createEvent", {"title": "Fair", "eventKey": " "}),
    "a taken number": lambda _: ("updateContact", {"id": gid("Contact", 2), "customerNumber": "C-10001"}),
    "no such category": lambda _: (
        "createContact",
        {"categories": [{"categoryKey": "wood"}, {"categoryKey": "no"}]},
    ),
    "a taken category key": lambda _: ("updateCategory", {"id": gid("Category", 2), "categoryKey": "wood"}),
    "no such parent": lambda _: (
        "updateCategory",
        {"id": gid("Category", 2), "parent": {"categoryKey": "no"}},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_would_be_refused_is_told_as_the_write_tells_it(held, case):
    """With the same code at the same place; a mirror tells it for no request."""
    field, given = REFUSED[case](held.sandbox.tables)
    before = state(held.sandbox)
    payload = await tried(held, field, given)
    assert held.calls == []
    carried_out = await tried(held, field, given, dry=False)

    assert payload["written"] is carried_out["written"] is False
    assert told(payload["userErrors"]) == told(carried_out["userErrors"]) != []
    assert all(error["message"] for error in payload["userErrors"])
    assert state(held.sandbox) == before


@pytest.mark.parametrize("field", ["updateEvent", "updateContact", "updateCategory"])
async def test_a_rows_own_key_is_not_taken(held, field):
    """Given once more, it is no conflict."""
    [row_id] = {int(EACH[field]["id"] is not None) + 1}
    key = {"updateEvent": "event_key", "updateContact": "customer_number", "updateCategory": "category_key"}[
        field
    ]
    rows = {"updateEvent": "events", "updateContact": "contacts", "updateCategory": "categories"}[field]
    row = getattr(held.sandbox.tables, rows).get(row_id)
    name = key.split("_")[0] + key.split("_")[1].title()
    payload = await tried(held, field, {"id": EACH[field]["id"], name: getattr(row, key)})

    assert payload["userErrors"] == []


@pytest.mark.parametrize("case", REFUSED)
async def test_where_nothing_is_kept_the_input_alone_tells(gateway, case):
    """Nobody is asked: what only rows tell passes."""
    ask = gateway()
    field, given = REFUSED[case](ask.sandbox.tables)
    payload = await tried(ask, field, given)

    assert ask.calls == []
    of_input = {
        "an id of another type": [("VALIDATION_FAILED", "id")],
        "a flag that is cleared": [("VALIDATION_FAILED", "isConfirmed")],
        "a title that is cleared": [("VALIDATION_FAILED", "title")],
        "a key of blanks": [("VALIDATION_FAILED", "eventKey")],
        "two faults": [("VALIDATION_FAILED", "event.id")],
    }
    assert told(payload["userErrors"]) == of_input.get(case, [])


async def test_of_several_references_those_are_told_that_are_known(gateway, time):
    """What is kept of one names its fault, though another would have to be asked for."""
    ask = mirrored(gateway, time)
    bare = without_number(ask.sandbox.tables)
    await ask(f"{{ contact(by: {{databaseId: {bare}}}) {{ id customerNumber }} }}")
    given = {"event": {"databaseId": 3}, "contact": {"databaseId": bare}}
    payload = await tried(ask, "createParticipant", given)

    assert told(payload["userErrors"]) == [("MISSING_CUSTOMER_NUMBER", "contact")]
    assert ask.calls == []


@pytest.mark.parametrize("field", [field for field in MANY if field != "deleteParticipants"])
async def test_many_are_tried_each(held, field):
    """A result for each, in order; those that would be refused say why at their places."""
    good, bad = {
        "createParticipants": (
            {"event": EVENT, "contact": {"customerNumber": "C-10003"}},
            {"event": EVENT, "contact": {"customerNumber": "none"}},
        ),
        "updateContacts": (
            {"id": gid("Contact", 1), "city": "Ulm"},
            {"id": gid("Contact", 9999), "city": "Ulm"},
        ),
        "setParticipantsConfirmed": (gid("Participant", 1), gid("Participant", 99999)),
    }[field]
    given = {MANY[field]: [good, bad, good], **({"isConfirmed": True} if field.startswith("set") else {})}
    before = state(held.sandbox)
    payload = await tried(
        held, field, given, selection="userErrors { code } results { written userErrors { code field } }"
    )

    assert held.calls == []
    assert state(held.sandbox) == before
    assert [result["written"] for result in payload["results"]] == [False] * 3
    found = [told(result["userErrors"]) for result in payload["results"]]
    place = {"createParticipants": ".contact", "updateContacts": ".id"}.get(field, "")
    assert found == [[], [("NOT_FOUND", f"{MANY[field]}.1{place}")], []]


async def test_what_comes_after_it_is_asked_for_again(ask):
    """Of the same operation: the trial alone asks nobody."""
    text = (
        'mutation { tried: updateContact(input: {id: "%s", city: "Ulm"}, dryRun: true) { written } '
        'done: updateContact(input: {id: "%s", city: "Ulm"}, dryRun: false) { written contact { events { title } } } }'
    )
    answer = await ask(text % (gid("Contact", 1), gid("Contact", 1)))

    assert (answer["tried"]["written"], answer["done"]["written"]) == (False, True)
    assert ask.calls[0] == "PATCH contacts/1"
    assert len(ask.calls) > 1


async def test_a_put_is_tried_without_the_row(replacing):
    """Which it would read: whether that can be sent back is not known before."""
    payload = await tried(replacing, "updateContact", {"id": gid("Contact", 1), "city": "Ulm"})

    assert (payload, replacing.calls) == ({"userErrors": [], "written": False}, [])


async def test_an_hour_that_is_spent_hinders_no_trial(gateway, time):
    """It needs no request of it."""
    ask = gateway(time=time, requests_per_hour=1)
    await write(ask, "updateContact", {"id": gid("Contact", 1), "city": "Ulm"})
    payload = await tried(ask, "updateContact", {"id": gid("Contact", 1), "city": "Bonn"})

    assert payload == {"userErrors": [], "written": False}


async def test_without_a_key_it_is_refused(gateway):
    """As the write would be."""
    ask = gateway(auth="passthrough", api_key=None)
    [error] = (await ask.answer(document("createContact"), input={"city": "Ulm"}, dry=True))["errors"]

    assert error["extensions"]["code"] == "UNAUTHENTICATED"
