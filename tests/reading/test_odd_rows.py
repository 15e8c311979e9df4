# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""One odd row or cell loses itself, never its page; and every answer says what it could not show."""

import json
from datetime import UTC, datetime
from itertools import product

import httpx
import pytest
from asking import Time, in_turn
from odd import Odd, only, unreadable

from gateway.sandbox import DIALECTS, Dialect, Sandbox

PAGE = (
    "{ participants(first: 100) { nodes { databaseId isConfirmed contact { lastName } event { title } } } }"
)
HUGE = 2**31
KEPT_FOR_S = 30


@pytest.fixture
def ask(gateway):
    """Make a gateway on whose way to PlanDocket answers are changed."""

    def make(change=lambda path, row: row, shape=lambda payload: payload, dialect=None, **settings):
        sandbox = Sandbox(dialect or Dialect())
        return gateway(sandbox, transport=Odd(sandbox, change, shape), **settings)

    return make


def without_id(row):
    """Return a row that lost its id."""
    return {name: value for name, value in row.items() if name != "id"}


ODD = {
    "a null boolean": (only("participants", 9, is_confirmed=None), "is_confirmed", 100),
    "a missing boolean": (only("participants", 9, is_confirmed=...), "is_confirmed", 100),
    "no boolean": (only("participants", 9, is_confirmed="perhaps"), "is_confirmed", 100),
    "a foreign key that is none": (only("participants", 9, event_id="x"), "event_id", 100),
    "a foreign key beyond 2^31": (only("participants", 9, contact_id=HUGE), "contact_id", 100),
    "an embedded row without id": (only("participants", 9, contact={"last_name": "x"}), "contact", 100),
    "an embedded row that is none": (only("participants", 9, contact=7), "contact", 100),
    "an embedded id beyond 2^31": (only("participants", 9, contact={"id": HUGE}), "contact", 100),
    "a date that does not exist": (only("participants", 9, created_at="2026-02-30"), "created_at", 100),
    "an id beyond 2^31": (only("participants", 9, id=HUGE), "id", 99),
    "no id": (only("participants", 9, id=...), "id", 99),
    "an id that is none": (only("participants", 9, id="x"), "id", 99),
    "an id of 0": (only("participants", 9, id=0), "id", 99),
}


@pytest.mark.parametrize(("change", "column", "count"), ODD.values(), ids=ODD.keys())
async def test_an_odd_row_or_cell_costs_itself_alone(ask, change, column, count):
    """The page answers, without errors, and names what it could not show."""
    answer = await ask(change).answer(PAGE)

    assert "errors" not in answer
    rows = answer["data"]["participants"]["nodes"]
    assert len(rows) == count
    assert [row["databaseId"] for row in rows if row["databaseId"] != 9] == [*range(1, 9), *range(10, 101)]
    row_id = {"an id beyond 2^31": HUGE, "an id of 0": 0}
    known = next(
        (row_id[name] for name, (one, _, _) in ODD.items() if one is change and name in row_id), None
    )
    assert unreadable(answer) == [("participants", known if column == "id" else 9, column)]
    assert answer["extensions"]["upstream"]["unreadableCount"] == 1


async def test_what_is_no_row_costs_itself_alone(ask):
    """Also where it is not even an object."""
    answer = await ask(lambda path, row: None if row["id"] == 9 else row).answer(PAGE)

    assert len(answer["data"]["participants"]["nodes"]) == 99
    assert unreadable(answer) == [("participants", None, "id")]


async def test_a_list_whose_every_row_is_odd_is_empty(ask):
    """They look like rows, and each is named or counted."""
    answer = await ask(lambda path, row: row | {"id": row["id"] + HUGE}).answer("{ categories { id } }")

    assert answer["data"] == {"categories": []}
    assert answer["extensions"]["upstream"]["unreadableCount"] == 20


@pytest.mark.parametrize("given", [None, ...])
async def test_stand_ins(ask, given):
    """False for what may be hidden or unconfirmed, told; what PlanDocket documents, not told."""

    def change(path, row):
        odd = {"events": ["is_visible", "country"], "contacts": ["rating"], "categories": ["is_visible"]}
        return only(path, 1, **dict.fromkeys(odd.get(path, []), given))(path, row)

    answer = await ask(change).answer(
        """{ event(by: {databaseId: 1}) { isVisible country } contact(by: {databaseId: 1}) { rating }
             category(by: {databaseId: 1}) { isVisible } }"""
    )

    assert answer["data"] == {
        "event": {"isVisible": False, "country": "DE"},
        "contact": {"rating": 3},
        "category": {"isVisible": True},
    }
    assert unreadable(answer) == [("events", 1, "is_visible")]


async def test_a_foreign_key_of_null_leads_nowhere(ask):
    """That is all there is to it."""
    ask = ask(only("participants", 1, event_id=None, event=None, contact_id=0, contact=None))
    answer = await ask.answer("{ participants(first: 1) { nodes { event { id title } contact { id } } } }")

    assert answer == {"data": {"participants": {"nodes": [{"event": None, "contact": None}]}}}


async def test_a_row_whose_embedded_copy_is_odd_is_read_by_its_key(ask):
    """The foreign key leads to it all the same."""
    answer = await ask(only("participants", 1, contact={"first_name": "x"})).answer(
        "{ participants(first: 2) { nodes { contact { lastName } } } }"
    )

    assert all(row["contact"]["lastName"] for row in answer["data"]["participants"]["nodes"])
    assert unreadable(answer) == [("participants", 1, "contact")]


async def test_no_more_than_twenty_are_named(ask):
    """How many there are is told besides."""
    answer = await ask(lambda path, row: row | {"is_confirmed": None}).answer(PAGE)

    assert unreadable(answer) == [("participants", row_id, "is_confirmed") for row_id in range(1, 21)]
    assert answer["extensions"]["upstream"]["unreadableCount"] == 100


async def test_what_is_kept_tells_it_too(ask):
    """When read, when answered from kept rows, as a kept result, by id, and along another list."""
    changes = [
        only("participants", 2, id=HUGE),
        only("participants", 3, is_confirmed=None),
        only("participants", 4, category={"title": "x"}),
    ]

    def change(path, row):
        for one in changes:
            row = one(path, row) if row["id"] < HUGE else row
        return row

    ask = ask(change, mirror="on", time=Time())
    query = "{ participants(first: 5) { nodes { isConfirmed category { id } } } }"
    told = [
        ("participants", 3, "is_confirmed"),
        ("participants", 4, "category"),
        ("participants", HUGE, "id"),
    ]
    for calls in (1, 0, 0, 0):
        assert unreadable(await ask.answer(query)) == told
        assert len(ask.calls) == calls
    for _ in range(3):
        one = await ask.answer("{ participant(by: {databaseId: 3}) { isConfirmed } }")
        assert (one["data"]["participant"]["isConfirmed"], unreadable(one)) == (False, told[:1])
        assert ask.calls == []


async def test_a_row_that_is_whole_again_is_told_no_more(ask):
    """What was wrong goes with the row that had it."""
    odd = [None]
    time = Time()
    ask = ask(lambda path, row: row | ({"is_confirmed": None} if odd else {}), mirror="on", time=time)
    assert len(unreadable(await ask.answer(PAGE))) == 20
    odd.clear()
    time.seconds += KEPT_FOR_S + 1

    assert unreadable(await ask.answer(PAGE)) == []


async def test_the_log_names_it_and_nothing_of_what_came(ask, caplog):
    """A line for each column of an answer, with the first ids."""
    await ask(lambda path, row: row | {"created_at": "canary"}).answer(PAGE)

    assert [
        record.message for record in caplog.records if record.name == "gateway.upstream.wire.json_rows"
    ] == ["PlanDocket sent an unreadable participants.created_at in 100 of its rows (ids: 1, 2, 3, 4, 5, …)"]


async def walk(ask, size, backwards=False):
    """Return the ids of all pages, one after another, as a client follows the cursors."""
    ids, cursor = [], None
    while True:
        part = "last: $n, before: $cursor" if backwards else "first: $n, after: $cursor"
        page = (
            await ask(
                "query ($n: Int, $cursor: String) { participants(%s) { nodes { databaseId }"
                " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }" % part,
                n=size,
                cursor=cursor,
            )
        )["participants"]
        found = [node["databaseId"] for node in page["nodes"]]
        ids = [*found, *ids] if backwards else [*ids, *found]
        info = page["pageInfo"]
        if not info["hasPreviousPage" if backwards else "hasNextPage"]:
            return ids
        cursor = info["startCursor" if backwards else "endCursor"]
        assert cursor is not None


def small(dialect, rows):
    """Return a sandbox of so many participants."""
    sandbox = Sandbox(dialect)
    for row in list(sandbox.tables.participants):
        if row.id > rows:
            sandbox.tables.participants.drop(row.id)
    return sandbox


LOST = [{1}, {10}, {23}, {3, 4, 5}, {11, 12, 13, 14, 15, 16, 17, 18, 19, 20}]


@pytest.mark.parametrize(
    ("lost", "size", "dialect"),
    in_turn(product(LOST, [1, 3, 10]), ["schema", "plain", "links", "sample"]),
)
async def test_paging_past_rows_that_cannot_be_read(gateway, dialect, lost, size):
    """Each row that can be is shown once: PlanDocket's pages are full, its positions hold, whatever is left out."""
    sandbox = small(DIALECTS[dialect], 23)

    def spoil(payload):
        rows = payload
        while isinstance(rows, dict):
            rows = rows["data"] if "data" in rows else rows["items"]
        for row in rows:
            name = "id" if "id" in row else "participant_id"
            row[name] += HUGE if row[name] in lost else 0
        return payload

    transport = Spoiled(sandbox, spoil)
    ask = gateway(sandbox, transport=transport, page_size=10, mirror="on", max_calls=100)

    assert await walk(ask, size) == [row_id for row_id in range(1, 24) if row_id not in lost]


class Spoiled(httpx.AsyncBaseTransport):
    """Changes the JSON of lists, whatever the dialect."""

    def __init__(self, sandbox, spoil):
        self._rest = httpx.ASGITransport(sandbox.app)
        self._spoil = spoil

    async def handle_async_request(self, request):
        """Pass it on, and spoil what comes back."""
        response = await self._rest.handle_async_request(request)
        await response.aread()
        return httpx.Response(response.status_code, json=self._spoil(response.json()))


@pytest.mark.parametrize("size", [1, 4, 10])
async def test_paging_backwards_past_rows_that_cannot_be_read(ask, size):
    """The last page is the last, though fewer rows can be read than there are."""
    ask = ask(
        lambda path, row: row | ({"id": HUGE + row["id"]} if row["id"] in {4, 5, 12} else {}), page_size=10
    )
    for row in list(ask.sandbox.tables.participants):
        if row.id > 23:
            ask.sandbox.tables.participants.drop(row.id)

    assert await walk(ask, size, backwards=True) == [n for n in range(1, 24) if n not in {4, 5, 12}]


async def test_rows_given_twice_are_answered_once(ask):
    """Though the page is as long as PlanDocket counts it."""
    ask = ask(
        shape=lambda payload: (
            payload | {"data": [*payload["data"][:5], payload["data"][0], *payload["data"][6:]]}
        ),
        page_size=10,
    )
    assert (await walk(ask, 10))[:9] == [1, 2, 3, 4, 5, 7, 8, 9, 10]


async def test_a_row_of_two_pages_is_answered_once(ask):
    """The list grew between the two, so that a row moved on."""

    def shape(payload):
        if payload["meta"]["current_page"] == 2:
            payload["data"] = [payload["data"][0] | {"id": 10}, *payload["data"][:-1]]
        return payload

    page = await ask(shape=shape, page_size=10)("{ participants(first: 20) { nodes { databaseId } } }")
    assert [node["databaseId"] for node in page["participants"]["nodes"]] == list(range(1, 20))


@pytest.mark.parametrize("total", [-1, 0, 3])
async def test_totals_that_the_rows_contradict_end_no_list(ask, total):
    """Nothing is told then, so the rows tell."""
    ask = ask(shape=lambda payload: {"data": payload["data"], "meta": {"total": total}}, page_size=100)
    ids = await walk(ask, 100)

    assert ids == [row.id for row in ask.sandbox.tables.participants]
    assert (await ask("{ participants(first: 1) { totalCount } }"))["participants"]["totalCount"] is None


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf\n"])
async def test_a_byte_order_mark(ask, mark):
    """Of PHP's files that were saved with one."""
    ask = ask(shape=lambda payload: mark + json.dumps(payload).encode())
    assert len((await ask(PAGE))["participants"]["nodes"]) == 100


async def test_204_for_an_empty_list(ask):
    """There is nothing to tell, so nothing is told."""
    answer = await ask(shape=lambda payload: payload if payload["data"] else b"").answer(
        '{ participants(filter: {eventKey: "nowhere"}) { totalCount nodes { id contact { id email } } } }'
    )
    assert answer == {"data": {"participants": {"totalCount": 0, "nodes": []}}}


async def test_a_filter_is_not_made_of_what_could_not_be_read(ask):
    """Where a kept list has a row whose confirmation is unknown, PlanDocket is asked for the confirmed ones."""
    ask = ask(only("participants", 1, is_confirmed=None), mirror="on", page_size=1000)
    await ask("{ participants(first: 1) { nodes { id } } }")
    await ask("{ participants(filter: {isConfirmed: false}, first: 1) { nodes { id } } }")
    assert ask.calls == ["GET participants?confirmed=0"]


async def test_an_event_without_a_key_lists_nobody(ask):
    """No filter can name it, and one without a name is all of them."""
    ask = ask(only("events", 1, event_key=None))
    answer = await ask.answer(
        "{ event(by: {databaseId: 1}) { eventKey participants { totalCount } contacts { totalCount } } }"
    )

    assert answer["data"] == {"event": {"eventKey": "", "participants": None, "contacts": None}}
    assert ask.calls == ["GET events/1"]
    assert unreadable(answer) == [("events", 1, "event_key")]


async def test_a_plan_or_module_that_is_missing(gateway):
    """402 says what to do, to reads and to writes alike."""
    sandbox = Sandbox()

    class Unpaid(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            return httpx.Response(402, json={"error": "canary"})

    ask = gateway(sandbox, transport=Unpaid())
    for query in (
        "{ events { totalCount } }",
        "{ participants { nodes { contact { email } } } }",
        'mutation { createEvent(input: {title: "x"}) { event { id } } }',
    ):
        error = await ask.error(query)
        assert error["extensions"]["code"] == "UPSTREAM_FORBIDDEN"
        assert "plan or module" in error["message"]


async def test_an_include_that_the_plan_lacks_is_done_without(gateway):
    """The list itself may be read all the same."""
    sandbox = Sandbox()
    rest = httpx.ASGITransport(sandbox.app)

    class WithoutCategories(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            if "category" in str(request.url):
                return httpx.Response(402, json={"error": "No."})
            return await rest.handle_async_request(request)

    answer = await gateway(sandbox, transport=WithoutCategories()).answer(
        "{ participants(first: 1) { nodes { databaseId category { id } } } }"
    )
    assert answer["data"] == {"participants": {"nodes": [{"databaseId": 1, "category": None}]}}
    assert "errors" not in answer


def written_oddly(value):
    """Return a row, or what is in it, as a PHP of another kind writes it."""
    match value:
        case bool():
            return "Y" if value else ""
        case int():
            return float(value)
        case str() if len(value) == 25 and value[10] == "T":
            return int(datetime.fromisoformat(value).timestamp() * 1000)
        case list():
            return {str(2 * place): written_oddly(one) for place, one in enumerate(value)}
        case {"id": _}:
            return {"data": {name: written_oddly(one) for name, one in value.items()}}
        case _:
            return value


SAME = [
    "{ participants(first: 100) { totalCount nodes { id isConfirmed createdAt contact { email rating createdAt } } } }",
    "{ participants(first: 20) { nodes { event { title isVisible dateFrom } category { id title isVisible } } } }",
    "{ contacts(first: 30) { nodes { hasAccount events { eventKey participantCount } categories { title } } } }",
    "{ categories { title sortOrder level events { eventKey } parent { id } children { id } } }",
    "{ events { pageInfo { hasNextPage endCursor } nodes { participantCount contacts(first: 2) { totalCount } } } }",
    "{ participant(by: {databaseId: 7}) { isConfirmed contact { participations { totalCount } } } }",
]


@pytest.mark.parametrize("query", SAME)
async def test_what_is_written_oddly_reads_the_same(ask, query):
    """Whole floats, letters for booleans, milliseconds, lists by index and wrapped rows at once: no more requests."""

    def shape(payload):
        payload["data"] = written_oddly(payload["data"])
        return b"\xef\xbb\xbf" + json.dumps(payload).encode()

    plain, odd = ask(), ask(shape=shape)
    assert instants(await odd.answer(query)) == instants(await plain.answer(query))
    assert odd.calls == plain.calls


def instants(answer):
    """Return an answer with its instants in one zone: milliseconds have none."""
    if isinstance(answer, dict):
        return {name: instants(one) for name, one in answer.items()}
    if isinstance(answer, list):
        return [instants(one) for one in answer]
    is_instant = isinstance(answer, str) and len(answer) == 25 and answer[10] == "T"
    return datetime.fromisoformat(answer).astimezone(UTC) if is_instant else answer
