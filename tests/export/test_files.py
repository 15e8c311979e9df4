# pyright: basic
"""A list as a file: which columns it has, in which order its rows come, and what it costs."""

import json
from base64 import b64encode
from collections import Counter

import pytest
from asking import Ask, Gateway, Time
from export.downloading import UNFORGEABLE, download, error, lines, table
from export.streaming import Stream
from mirror.mirroring import mirrored, quiet

from gateway.sandbox import Dialect


@pytest.fixture
def ask(gateway: Gateway, time: Time) -> Ask:
    """Make a gateway that mirrors."""
    return mirrored(gateway, time, requests_per_hour=100_000)


async def test_all_rows_and_their_plain_columns(ask: Ask) -> None:
    """Unless it is asked for less, in PlanDocket's order, for no more requests than reading the collection takes."""
    answer = await download(ask, "participants.csv")
    head, *rows = table(answer)
    assert head == ["id", "databaseId", "isConfirmed", "createdAt", "updatedAt"]
    table_of = ask.sandbox.tables.participants
    assert [(int(row[1]), row[2]) for row in rows] == [
        (row.id, str(row.is_confirmed).lower()) for row in table_of
    ]
    assert {call.split("?")[0] for call in ask.calls} == {"GET participants"}
    assert len(ask.calls) < 20
    await download(ask, "participants.csv")
    assert ask.calls == []


async def test_what_the_answer_says(ask: Ask, time: Time) -> None:
    """A name for the file, how many rows it has, and how old they are."""
    await download(ask, "contacts.csv")
    time.seconds += 20
    answer = await download(ask, "contacts.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="contacts.csv"'
    assert answer.headers["x-total-count"] == "300"
    assert answer.headers["age"] == "20"
    assert answer.headers["cache-control"] == "no-store"
    answer = await download(ask, "events.ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="events.ndjson"'


async def test_columns_of_what_rows_lead_to(ask: Ask) -> None:
    """They come along for the requests that these collections take, none for each row."""
    fields = "databaseId,contact.lastName,event.title,category.title,contact.city"
    answer = await download(ask, "participants.csv", fields=fields, orderBy=[{"field": "ID"}])
    head, *rows = table(answer)
    assert head == fields.split(",")
    tables = ask.sandbox.tables
    for row, found in zip(tables.participants, rows, strict=True):
        contact, event = tables.contacts.get(row.contact_id), tables.events.get(row.event_id)
        assert contact is not None
        assert event is not None
        category = tables.categories.get(row.category_id) if row.category_id else None
        title = category.title if category else ""
        assert found == [str(row.id), contact.last_name or "", event.title, title, contact.city or ""]
    counted = Counter(call.split("?")[0] for call in ask.calls)
    assert counted.keys() == {"GET participants", "GET contacts", "GET events", "GET categories"}
    assert sum(counted.values()) < 30


async def test_several_values_and_json_in_a_cell(ask: Ask) -> None:
    """Several rows' values stand behind each other; NDJSON has all as GraphQL has it."""
    fields = "databaseId,events.eventKey,categories.title"
    _, *rows = table(await download(ask, "contacts.csv", fields=fields))
    objects = lines(await download(ask, "contacts.ndjson", fields=fields))
    assert objects[0].keys() == {"databaseId", "events", "categories"}
    assert [
        [
            str(one["databaseId"]),
            "; ".join(e["eventKey"] for e in one["events"]),
            "; ".join(c["title"] for c in one["categories"]),
        ]
        for one in objects
    ] == rows
    assert any(";" in row[1] for row in rows)
    [_, first, *_] = table(
        await download(ask, "events.csv", fields="openingHours,participantCount,isVisible")
    )
    assert json.loads(first[0])[0].keys() == {"date", "from", "to"}
    assert int(first[1]) > 0
    assert first[2] in ("true", "false")


async def test_filter_and_order_as_graphql_has_them(ask: Ask) -> None:
    """One key of an order may stand alone."""
    wanted = {"isConfirmed": True, "contact": {"cities": ["wien", "lyon"]}}
    asked = {"filter": wanted, "fields": "contact.city,databaseId"}
    rows = table(await download(ask, "participants.csv", **asked, orderBy={"field": "CONTACT_CITY"}))[1:]
    assert len(rows) > 10
    assert {row[0] for row in rows} == {"Wien", "Lyon"}
    assert rows == sorted(rows, key=lambda row: row[0])


async def test_a_list_without_rows(ask: Ask) -> None:
    """A CSV file has its columns' names all the same."""
    asked = {"filter": {"eventKey": "none"}, "fields": "id"}
    assert table(await download(ask, "participants.csv", **asked)) == [["id"]]
    assert lines(await download(ask, "participants.ndjson", **asked)) == []


@pytest.mark.parametrize(
    ("file", "given", "said"),
    [
        (
            "participants.csv",
            {"filter": {"searc": "x"}},
            "'$filter.searc' is unknown: ParticipantFilter has no such",
        ),
        ("participants.csv", {"filter": [1]}, "'$filter' must be"),
        ("participants.csv", {"filter": "{"}, "'filter' is not JSON"),
        (
            "participants.csv",
            {"filter": {"contact": {"createdAt": {"from": "now"}}}},
            "'$filter.contact.createdAt.from' must",
        ),
        (
            "participants.csv",
            {"orderBy": [{"field": "NAME"}]},
            "'$orderBy[0].field' must be a value of the enum",
        ),
        ("events.csv", {"orderBy": [{"field": "ID"}] * 6}, "'orderBy' must have at most 5 keys, not 6."),
        ("contacts.csv", {"filter": {"ids": ["x"]}}, "This is not an id of this gateway"),
        ("participants.csv", {"fields": "id,contact"}, "'contact' in 'fields' is no column of Participant"),
        ("participants.csv", {"fields": "id,,id"}, "'' in 'fields' is no column"),
        ("participants.csv", {"fields": "contact.nam"}, "'contact.nam' in 'fields' is no column"),
        (
            "participants.csv",
            {"fields": "contact.events.title"},
            "'contact.events.title' in 'fields' is no column",
        ),
        (
            "participants.csv",
            {"fields": "event.participantCount"},
            "'event.participantCount' in 'fields' is no",
        ),
        (
            "contacts.csv",
            {"fields": "participations.totalCount"},
            "'participations.totalCount' in 'fields' is no",
        ),
        ("contacts.csv", {"fields": "id{__typename}"}, "'id{__typename}' in 'fields' is no column"),
        ("contacts.csv", {"fields": "__typename"}, "'__typename' in 'fields' is no column"),
        (
            "contacts.csv",
            {"field": "id"},
            "An export has no 'field': it takes filter, orderBy, fields, for, language.",
        ),
        ("contacts.csv", {"for": "excel"}, "'for' is 'spreadsheet' or not there"),
        ("contacts.csv", {"language": "de"}, "'for' is 'spreadsheet' or not there"),
        ("contacts.ndjson", {"for": "spreadsheet"}, "'for' is 'spreadsheet' or not there"),
        ("contacts.csv", {"for": "spreadsheet", "language": "xx"}, "'language' must be one of bg, cs,"),
        ("contacts.csv", {"fields": "id" + "," * 100 + "x" * 30_000}, "in 'fields' is no column"),
        ("contacts.csv", {"filter": {"search": "x" * 21_000}}, "come to over 20,000 bytes"),
    ],
)
async def test_what_is_wrong_is_said(ask: Ask, file: str, given: dict, said: str) -> None:
    """With 400, by GET and by POST, before PlanDocket is asked."""
    status, code, message = error(await download(ask, file, **given))
    assert status == 400
    assert code in ("BAD_USER_INPUT", "BAD_REQUEST")
    assert message.startswith(said) or said in message
    assert ask.calls == []
    if said != "'filter' is not JSON":
        answer = await ask.http.post(f"/export/{file}", json=given)
        assert error(answer) == (status, code, message)


@pytest.mark.parametrize("file", ["categories.csv", "participants.xlsx", "x.csv"])
async def test_what_is_not_there(ask: Ask, file: str) -> None:
    """It is said what is."""
    status, code, message = error(await download(ask, file))
    assert (status, code) == (404, "NOT_FOUND")
    assert "/export/{participants,events,contacts}.csv" in message


async def test_forged_requests(ask: Ask) -> None:
    """A GET needs what no form can send, as at /graphql; a POST is JSON."""
    status, code, _ = error(await download(ask, "events.csv", headers={}))
    assert (status, code) == (403, "CSRF_REFUSED")
    assert (await ask.http.post("/export/events.csv", data={"fields": "id"})).status_code == 415
    assert (
        await ask.http.post("/export/events.csv", content=b"[]", headers={"Content-Type": "application/json"})
    ).status_code == 400
    answer = await ask.http.head("/export/events.csv", headers=UNFORGEABLE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert ask.sandbox.count == 0


async def test_where_the_mirror_is_not_whole(gateway: Gateway, time: Time) -> None:
    """503, and when to come again if time mends it."""
    answer = await download(gateway(), "participants.csv")
    assert error(answer)[:2] == (503, "MIRROR_INCOMPLETE")
    assert "retry-after" not in answer.headers
    ask = mirrored(gateway, time, requests_per_hour=100)
    for number in range(100):
        await ask.answer(f"{{ participant(by: {{databaseId: {number + 1}}}) {{ id }} }}")
    answer = await download(ask, "participants.csv", fields="contact.lastName")
    assert error(answer)[:2] == (503, "MIRROR_INCOMPLETE")
    assert int(answer.headers["retry-after"]) > 60
    assert ask.calls == []


async def test_a_client_that_wants_what_is_kept(ask: Ask) -> None:
    """`Cache-Control` is heeded as at /graphql."""
    answer = await download(ask, "events.csv", {**UNFORGEABLE, "Cache-Control": "only-if-cached"})
    assert error(answer)[:2] == (504, "NOT_KEPT")
    assert ask.calls == []


async def test_what_plandocket_does_not_tell(gateway: Gateway, time: Time) -> None:
    """A column that only an include tells is refused where its server ignores includes: empty it would be untrue."""
    ask = mirrored(gateway, time, Dialect(include="ignored"), requests_per_hour=100_000)
    answer = await download(ask, "contacts.csv", fields="id,categories.title")
    status, code, message = error(answer)
    assert (status, code) == (503, "MIRROR_INCOMPLETE")
    assert "does not tell the gateway the categories of contacts" in message


async def test_stored_documents_only(gateway: Gateway, tmp_path) -> None:
    """Where nobody may ask what they like there is no export."""
    file = tmp_path / "documents.json"
    file.write_text('{"x": "{ __typename }"}')
    ask = gateway(documents="only", documents_file=file)
    assert (await download(ask, "events.csv")).status_code == 404


async def test_rows_come_and_go_between_batches(ask: Ask, time: Time) -> None:
    """What stays comes once, whatever is written meanwhile."""
    before = {row.id for row in ask.sandbox.tables.participants}
    async with Stream(
        ask, '/export/participants.ndjson?fields=databaseId,isConfirmed&orderBy={"field":"IS_CONFIRMED"}'
    ) as stream:
        first = await stream.batch()
        gone = [*(one["databaseId"] for one in lines_of(first)[:3]), 1_400, 1_401]
        for number in gone:
            await ask(
                f'mutation {{ deleteParticipant(input: {{id: "{global_id(number)}"}}) {{ deletedId }} }}'
            )
        rest = b"".join([part async for part in stream])
        await quiet(ask)
    found = [one["databaseId"] for one in lines_of(first + rest)]
    assert len(found) == len(set(found))
    assert set(found) == before - {1_400, 1_401}


def lines_of(body: bytes) -> list:
    """Return the objects in a part of an NDJSON file."""
    return [json.loads(line) for line in body.splitlines()]


def global_id(number: int) -> str:
    """Return a participant's global id."""
    return b64encode(f"Participant:{number}".encode()).decode()
