# pyright: basic
"""Cursors over any order: exact while rows are written, and of one list alone."""

import random
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import msgspec
import pytest
from lists.drawn import gid
from lists.standing import Standing, ids_of, standing
from lists.tenants import CITIES, TEXTS, contact
from mirror.mirroring import told

PARTICIPANTS = (
    "query($filter: ParticipantFilter, $orderBy: [ParticipantOrder!], $first: Int, $after: String, $last: Int, "
    "$before: String, $offset: Int) { participants(filter: $filter, orderBy: $orderBy, first: $first, after: $after, "
    "last: $last, before: $before, offset: $offset) { totalCount nodes { id } pageInfo { hasNextPage "
    "hasPreviousPage startCursor endCursor } } }"
)
CONTACTS = PARTICIPANTS.replace("Participant", "Contact").replace("participants", "contacts")
BY_CITY = [{"field": "CONTACT_CITY", "nulls": "FIRST"}, {"field": "CREATED_AT", "direction": "DESC"}]
SEARCHED = {"search": "mu"}


async def error_of(held: Standing, query: str = PARTICIPANTS, **given) -> str:
    """Return what is said of a page that is refused."""
    [error] = (await held.ask.answer(query, **given))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    return error["message"]


async def first_page(held: Standing, query: str = PARTICIPANTS, **given) -> dict:
    """Return the first page of a list."""
    [page] = (await held.ask(query, first=5, **given)).values()
    assert len(page["nodes"]) == 5
    return page


async def change(held: Standing, rng: random.Random) -> None:
    """Write through the gateway: of a contact, which moves its participations, or of a participation."""
    tables = held.oracle.tables
    row, taken = rng.choice(list(tables.contacts)), rng.choice(list(tables.participants))
    match rng.randrange(4):
        case 0:
            text = rng.choice([one for one in CITIES if one is not None])
            query = f'updateContact(input: {{id: "{gid("Contact", row.id)}", city: "{text}"}})'
        case 1:
            query = f'deleteParticipant(input: {{id: "{gid("Participant", taken.id)}"}})'
        case 2:
            query = f'updateParticipant(input: {{id: "{gid("Participant", taken.id)}", isConfirmed: true}})'
        case _:
            query = (
                f"createParticipant(input: {{event: {{databaseId: 1}}, contact: {{databaseId: {row.id}}}}})"
            )
    await held.ask(f"mutation {{ {query} {{ userErrors {{ code }} }} }}")


def places(held: Standing) -> dict[int, tuple]:
    """Return what each participation is ordered by."""
    found = {}
    for row in held.oracle.tables.participants:
        other = held.oracle.other(row, "contact")
        found[row.id] = (other and other.city, row.created_at, row.contact_id)
    return found


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("seed", range(6))
async def test_every_row_that_kept_its_place_is_seen_once(module_gateway, seed: int, backwards: bool) -> None:
    """However others are written between two pages; those that moved come once, twice or not at all."""
    held, rng = await standing(module_gateway, seed), random.Random(seed)  # noqa: S311 - the same each time
    before, stood, seen, cursor = places(held), set(places(held)), [], None
    while True:
        way = {"last": 11, "before": cursor} if backwards else {"first": 11, "after": cursor}
        page = (await held.ask(PARTICIPANTS, orderBy=BY_CITY, **way))["participants"]
        seen += ids_of(page)
        info = page["pageInfo"]
        cursor = info["startCursor" if backwards else "endCursor"]
        if not info["hasPreviousPage" if backwards else "hasNextPage"]:
            break
        for _ in range(3):
            await change(held, rng)
        now = places(held)
        stood = {row_id for row_id in stood if now.get(row_id) == before[row_id]}
    assert len(stood) > 60
    assert stood <= set(seen)
    assert all(seen.count(row_id) == 1 for row_id in stood)


@pytest.mark.parametrize(
    ("listed", "other"),
    [
        ({"orderBy": BY_CITY}, {"orderBy": BY_CITY[:1]}),
        ({"orderBy": BY_CITY}, {"orderBy": BY_CITY[::-1]}),
        ({"orderBy": BY_CITY}, {"orderBy": [{**BY_CITY[0], "direction": "DESC"}, BY_CITY[1]]}),
        ({"orderBy": BY_CITY}, {"orderBy": [{"field": "CONTACT_CITY"}, BY_CITY[1]]}),
        ({"orderBy": BY_CITY}, {"orderBy": BY_CITY, "filter": {"isConfirmed": True}}),
        ({"orderBy": BY_CITY}, {}),
        ({}, {"orderBy": BY_CITY}),
        ({"filter": SEARCHED}, {"filter": {"search": "mul"}}),
        ({"filter": SEARCHED}, {"filter": {**SEARCHED, "not": {"ids": []}}}),
        ({"filter": SEARCHED}, {"filter": {"and": [SEARCHED]}}),
    ],
)
async def test_a_cursor_of_another_filter_or_order_is_refused(
    held: Standing, listed: dict, other: dict
) -> None:
    """With a sentence that says what to send it with."""
    page = await first_page(held, **listed)
    for cursor in (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]):
        for place in ({"after": cursor}, {"last": 3, "before": cursor}):
            assert "is of another list: send it with the filter and the order" in await error_of(
                held, **other, **place
            )


async def test_a_cursor_is_of_the_list_however_that_is_written(held: Standing) -> None:
    """Null is as not given, and a default as if it were written."""
    page = await first_page(held, filter={"isConfirmed": True, "search": None}, orderBy=BY_CITY)
    again = {"filter": {"search": None, "isConfirmed": True, "ids": None}}
    order = [{"nulls": "FIRST", "direction": "ASC", "field": "CONTACT_CITY"}, {**BY_CITY[1], "nulls": "LAST"}]
    answer = await held.ask(PARTICIPANTS, after=page["pageInfo"]["endCursor"], **again, orderBy=order)
    assert answer["participants"]["pageInfo"]["hasPreviousPage"] is True


@pytest.mark.parametrize("place", [{"after": "x"}, {"before": "x"}, {"last": 3}])
async def test_an_offset_stands_alone(held: Standing, place: dict) -> None:
    """With `first` at most; beside a cursor it would count from nobody knows where. Of 0 it says nothing."""
    page = await first_page(held, orderBy=BY_CITY)
    place = {name: page["pageInfo"]["endCursor"] if value == "x" else value for name, value in place.items()}
    said = "Give 'offset' with 'first' alone: cursors say themselves where to go on."
    assert await error_of(held, **place, offset=5, orderBy=BY_CITY) == said
    assert "participants" in await held.ask(PARTICIPANTS, **place, offset=0, orderBy=BY_CITY)


async def test_an_offset_beyond_the_end_and_below_none(held: Standing) -> None:
    """There is nothing behind the end, but something before; none are less than none."""
    page = (await held.ask(PARTICIPANTS, first=5, offset=2**31 - 1, orderBy=BY_CITY))["participants"]
    assert page["nodes"] == []
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (False, True)
    assert "must be from 0 to" in await error_of(held, offset=-1, orderBy=BY_CITY)


@pytest.mark.parametrize("old", ["cGFydGljaXBhbnRzOjU=", "cGFydGljaXBhbnRzOjA="])
async def test_a_cursor_of_older_releases_tells_no_place_in_an_order_of_ours(
    held: Standing, old: str
) -> None:
    """It tells an offset alone: participants:5. PlanDocket's own list takes it still."""
    said = await error_of(held, after=old, orderBy=BY_CITY)
    assert "is of another list" in said
    assert len((await held.ask(PARTICIPANTS, first=3, after=old))["participants"]["nodes"]) == 3


async def test_a_cursor_that_was_made_by_hand_is_of_another_list(held: Standing) -> None:
    """Its key is shorter than the order, and its checksum right."""
    cursor = (await first_page(held, orderBy=BY_CITY))["pageInfo"]["endCursor"]
    content = msgspec.msgpack.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[4:])
    content[2] = content[2][:-1]
    body = msgspec.msgpack.encode(content)
    check = zlib.crc32(body, zlib.crc32(b"participants")).to_bytes(4)
    forged = urlsafe_b64encode(check + body).rstrip(b"=").decode()
    assert "is of another list" in await error_of(held, after=forged, orderBy=BY_CITY)


async def test_a_search_of_plandockets_goes_on_there(module_gateway) -> None:
    """A cursor that came before the rows were held; a search that begins then is the gateway's own."""
    held = await standing(module_gateway, 3)
    cold = await standing(module_gateway, 3, mirror="off", holds=False)
    given = {"filter": {"search": "e"}, "first": 3}
    began = (await cold.ask(CONTACTS, **given))["contacts"]
    rest = await cold.ask(CONTACTS, **given, after=began["pageInfo"]["endCursor"])
    answer = await held.ask.answer(CONTACTS, **given, after=began["pageInfo"]["endCursor"])
    assert ids_of(answer["data"]["contacts"]) == ids_of(rest["contacts"])
    assert held.ask.calls != []
    own = await held.ask.answer(CONTACTS, **given)
    assert (held.ask.calls, told(own)["answeredBy"]) == ([], ["GATEWAY"])
    assert ids_of(own["data"]["contacts"]) == held.expected("contacts", given["filter"], [])[:3]


async def test_a_cursor_with_long_texts_is_taken_back(module_gateway) -> None:
    """Four letters beside each other in the longest of texts, five keys: no cursor is too long to be sent."""
    held = await standing(module_gateway, 4)
    rng = random.Random(1)  # noqa: S311 - the same each time
    long = "\U0001f980" * 300
    for number in range(1, 41):
        row = contact(rng, number)
        held.oracle.tables.contacts.put(
            replace(row, company_name=long, first_name=long, last_name=long, email=long, city=long)
        )
    await held.walked()
    order = [{"field": name} for name in ("COMPANY_NAME", "FIRST_NAME", "LAST_NAME", "EMAIL", "CITY")]
    page = await first_page(held, CONTACTS, orderBy=order)
    following = await held.ask(CONTACTS, first=100, orderBy=order, after=page["pageInfo"]["endCursor"])
    assert ids_of(following["contacts"]) == list(range(6, 41))


async def test_no_cursor_shows_a_text_that_is_not_ordered_by(held: Standing) -> None:
    """Nor one that a search ranks by: it holds the rank alone."""
    page = await first_page(held, filter={"search": "mull"})
    raw = urlsafe_b64decode(page["pageInfo"]["endCursor"] + "==").decode("latin-1").lower()
    assert "mull" not in raw
    assert not any(text and len(text) > 2 and text.lower() in raw for text in TEXTS)
