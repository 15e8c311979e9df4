# pyright: basic
"""Lists as objects and numbers as anything: read where it is plain, else null or left out with one line in the log."""

import json

import pytest
from odd import Odd, only, unreadable

from gateway.sandbox import Sandbox

KEYED = {
    "by index": lambda rows: {str(n): row for n, row in enumerate(rows)},
    "by index, filtered": lambda rows: {str(3 * n + 2): row for n, row in enumerate(rows)},
    "by id": lambda rows: {str(row["id"]): row for row in rows},
    "by a name": lambda rows: {f"row{row['id']}": row for row in rows},
    "by a key of theirs": lambda rows: {row.get("event_key") or row.get("title"): row for row in rows},
    "by index, each in an envelope": lambda rows: {str(n): {"data": row} for n, row in enumerate(rows)},
}


@pytest.fixture
def ask(gateway):
    """Make a gateway on whose way to PlanDocket answers are changed."""

    def make(change=lambda path, row: row, shape=lambda payload: payload):
        sandbox = Sandbox()
        return gateway(sandbox, transport=Odd(sandbox, change, shape))

    return make


def lines(caplog):
    """Return the lines of the log that say what PlanDocket sent."""
    return [r.message for r in caplog.records if r.name == "gateway.upstream.wire.json_rows"]


@pytest.mark.parametrize("within", ["data", "top", "items"])
@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("keyed", KEYED.values(), ids=KEYED.keys())
async def test_rows_as_an_object(ask, caplog, keyed, count, within):
    """In an envelope or beside what is told of their paging."""

    def shape(payload):
        rows, meta = keyed(payload["data"][:count]), {"total": count}
        match within:
            case "data":
                return {"data": rows, "meta": meta}
            case "items":
                return {"items": rows, **meta}
            case _:
                return {**rows, **meta}

    data = await ask(shape=shape)("{ events { totalCount nodes { databaseId title } } }")

    assert [node["databaseId"] for node in data["events"]["nodes"]] == list(range(1, count + 1))
    assert data["events"]["totalCount"] == count
    assert lines(caplog) == []


@pytest.mark.parametrize("keyed", KEYED.values(), ids=KEYED.keys())
async def test_embedded_rows_as_an_object(ask, caplog, keyed):
    """Lists of them, in each row that has one."""

    def change(path, row):
        return row | {name: keyed(row[name]) for name in ("categories", "events") if row.get(name)}

    query = "{ contacts(first: 20) { nodes { categories { databaseId title } events { databaseId city } } } }"
    assert await ask(change)(query) == await ask()(query)
    assert lines(caplog) == []


@pytest.mark.parametrize("keyed", [KEYED["by index"], KEYED["by id"]])
async def test_one_embedded_row_as_an_object_of_one(ask, caplog, keyed):
    """And as an array."""

    def change(path, row):
        return row | {name: keyed([row[name]]) for name in ("event", "contact", "category") if row.get(name)}

    query = "{ participants(first: 9) { nodes { event { title } contact { email } category { title } } } }"
    assert await ask(change)(query) == await ask()(query)
    assert lines(caplog) == []


@pytest.mark.parametrize("keyed", [KEYED["by index"], KEYED["by id"]])
async def test_a_row_as_an_object_of_one(ask, keyed):
    """In an envelope or bare."""
    for shape in (lambda p: {"data": keyed([p["data"]])}, lambda p: keyed([p["data"]])):
        assert await ask(shape=shape)("{ event(by: {databaseId: 1}) { title } }") == {
            "event": {"title": "Spring Fair 2026"}
        }


A, B = "spring-fair-2026", "boat-show-2026"
KEYS = {
    "a list": ([A, B], [A, B]),
    "by index": ({"0": A, "1": B}, [A, B]),
    "by index, filtered": ({"4": A, "9": B}, [A, B]),
    "with a comma": (f"{A},{B}", [A, B]),
    "with a comma and blanks": (f" {A} , {B} ", [A, B]),
    "JSON": (json.dumps([A, B]), [A, B]),
    "one": (A, [A]),
    "null": (None, None),
    "no entry": ([], []),
    "no entry, as an object": ({}, []),
    "empty entries": (["", A, None], [A]),
}


@pytest.mark.parametrize(("came", "keys"), KEYS.values(), ids=KEYS.keys())
async def test_lists_of_keys(ask, caplog, came, keys):
    """They restrict a category; only null does not."""
    ask = ask(only("categories", 8, event_keys=came))
    events = (await ask("{ category(by: {databaseId: 8}) { events { eventKey } } }"))["category"]["events"]

    assert events == (None if keys is None else [{"eventKey": key} for key in keys])
    assert lines(caplog) == []


@pytest.mark.parametrize(
    "came", [{"a": A}, {A: True}, False, 0, 7.5, [[A]], [{"x": A}], "{}", '{"a": 1}', {"count": 3}]
)
async def test_a_restriction_that_cannot_be_read_is_never_none(ask, caplog, came):
    """Null would be no restriction at all: it is empty, told and logged."""
    ask = ask(only("categories", 8, event_keys=came))
    answer = await ask.answer("{ category(by: {databaseId: 8}) { title events { eventKey } } }")

    assert "errors" not in answer
    assert answer["data"] == {"category": {"title": "Jewellery", "events": []}}
    assert unreadable(answer) == [("categories", 8, "event_keys")]
    assert len(lines(caplog)) == 1


NUMBERS = [
    "",
    [],
    {},
    {"count": 3},
    2**31,
    -(2**31) - 1,
    10**30,
    "3000000000",
    1.5,
    "1e3",
    True,
    [3],
    "abc",
    1e300,
]
CELLS = {
    "contacts.rating": ("{ contact(by: {databaseId: 1}) { lastName rating } }", "lastName", "rating", 3),
    "categories.sort_order": (
        "{ category(by: {databaseId: 1}) { title sortOrder } }",
        "title",
        "sortOrder",
        0,
    ),
    "categories.level": ("{ category(by: {databaseId: 1}) { title level } }", "title", "level", None),
    "events.participant_count": (
        "{ event(by: {databaseId: 1}) { title participantCount } }",
        "title",
        "participantCount",
        None,
    ),
}


@pytest.mark.parametrize("came", NUMBERS, ids=str)
@pytest.mark.parametrize("cell", CELLS)
async def test_numbers(ask, caplog, cell, came):
    """One that is none costs its cell alone, and never blames whoever asked."""
    (path, column), (query, beside, field, default) = cell.split("."), CELLS[cell]
    answer = await ask(only(path, 1, **{column: came})).answer(query)

    assert "errors" not in answer
    [row] = answer["data"].values()
    assert row[beside]
    if came == "":
        assert (row[field], lines(caplog)) == (default, [])
    elif (column, came) == ("participant_count", {"count": 3}):
        assert (row[field], lines(caplog)) == (3, [])
    else:
        assert row[field] is None
        assert len(lines(caplog)) == 1


@pytest.mark.parametrize("came", NUMBERS, ids=str)
@pytest.mark.parametrize("column", ["event_id", "contact_id"])
async def test_numbers_that_lead_to_rows(ask, column, came):
    """One that is none leads nowhere, though its ids alone cost no request."""
    name = column.removesuffix("_id")
    ask = ask(only("participants", 1, **{column: came, name: None}))
    answer = await ask.answer(
        f"{{ participants(first: 1) {{ nodes {{ databaseId {name} {{ id databaseId }} }} }} }}"
    )

    assert answer["data"] == {"participants": {"nodes": [{"databaseId": 1, name: None}]}}
    assert "errors" not in answer


@pytest.mark.parametrize("came", ["", [], {}, {"count": 3}, 2**31, 10**30, "many", -1, True, 1.5], ids=str)
@pytest.mark.parametrize("name", ["total", "per_page", "current_page", "last_page"])
async def test_numbers_of_paging(ask, came, name):
    """What is none is not told: the rows come all the same."""
    ask = ask(shape=lambda payload: payload | {"meta": {name: came}})
    answer = await ask.answer("{ participants(first: 2) { totalCount nodes { databaseId } } }")

    assert answer == {
        "data": {"participants": {"totalCount": None, "nodes": [{"databaseId": 1}, {"databaseId": 2}]}}
    }
