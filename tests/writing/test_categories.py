# pyright: basic
"""Writes of categories: what is sent, what PlanDocket holds then, what the payload tells."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from asking import in_turn
from writing.mutations import NOW, SOME_WAYS, gid, refused, sent, state, writes, written

from gateway.sandbox import Dialect
from gateway.sandbox.fields import FIELDS
from gateway.sandbox.rows import Category

MOMENT = datetime.fromtimestamp(NOW, UTC)
GIVEN = {
    "title": "Glass",
    "categoryKey": "glass",
    "parent": {"categoryKey": "crafts"},
    "content": "All about glass.",
    "events": [{"databaseId": 5}, {"eventKey": "boat-show-2026"}],
    "isVisible": False,
    "applicantVisibility": "ADMIN_ONLY",
    "accountAccessEnabled": False,
    "sortOrder": 7,
}
SENT = {
    "title": "Glass",
    "category_key": "glass",
    "parent_category_id": 1,
    "content": "All about glass.",
    "event_keys": ["design-expo-2026", "boat-show-2026"],
    "is_visible": False,
    "applicant_visibility": "admin_only",
    "account_access_enabled": False,
    "sort_order": 7,
}
ENTITY = (
    "category { id databaseId categoryKey title applicantVisibility sortOrder createdAt updatedAt"
    " parent { categoryKey title } events { eventKey } children { categoryKey } }"
)


def entity(tables, row):
    """Return what ENTITY answers for a row."""
    parent = tables.categories.get(row.parent_id) if row.parent_id else None
    ids = row.event_ids
    return {
        "id": gid("Category", row.id),
        "databaseId": row.id,
        "categoryKey": row.category_key,
        "title": row.title,
        "applicantVisibility": row.applicant_visibility.upper(),
        "sortOrder": row.sort_order,
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
        "parent": parent and {"categoryKey": parent.category_key, "title": parent.title},
        "events": None if ids is None else [{"eventKey": tables.events.get(i).event_key} for i in ids],
        "children": [{"categoryKey": c.category_key} for c in tables.children_of(row.id)],
    }


async def test_a_new_category(some_way):
    """Every documented field is sent as given, the parent as its id, events as their keys."""
    ask, tables = some_way.ask, some_way.ask.sandbox.tables
    payload = await written(ask, "createCategory", GIVEN, ENTITY)

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("POST", "categories", SENT)
    assert set(SENT) == set(FIELDS["categories"])
    row = Category(
        id=21,
        category_key="glass",
        title="Glass",
        content="All about glass.",
        parent_id=1,
        event_ids=(5, 7),
        is_visible=False,
        applicant_visibility="admin_only",
        account_access_enabled=False,
        sort_order=7,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    assert tables.categories.get(21) == row
    assert payload["category"] == entity(tables, row)


async def test_what_is_absent_is_not_sent(some_way):
    """PlanDocket makes the key and the rest; the payload tells what it made."""
    payload = await written(some_way.ask, "createCategory", {"title": "Wood"}, ENTITY)

    tables = some_way.ask.sandbox.tables
    assert sent(some_way.ask).body == {"title": "Wood"}
    assert tables.categories.get(21).category_key == "wood-2"
    assert payload["category"] == entity(tables, tables.categories.get(21))


async def test_a_new_root(some_way):
    """Without a parent it is one, however the server writes the root."""
    given = {"title": "Glass", "parent": None}
    payload = await written(some_way.ask, "createCategory", given, "category { databaseId parent { title } }")

    assert sent(some_way.ask).body == {"title": "Glass"}
    assert some_way.ask.sandbox.tables.categories.get(21).parent_id is None
    assert payload["category"] == {"databaseId": 21, "parent": None}


async def test_a_changed_category(way):
    """PATCH sends what is given, PUT every documented field; nothing else changes."""
    ask, tables = way.ask, way.ask.sandbox.tables
    row = tables.categories.get(8)
    given = {"id": gid("Category", 8), "title": "Schmuck", "content": None}
    payload = await written(ask, "updateCategory", given, ENTITY)

    assert (sent(ask).method, sent(ask).path) == (way.method, "categories/8")
    assert set(sent(ask).body) == (set(FIELDS["categories"]) if way.is_whole else {"title", "content"})
    after = replace(row, title="Schmuck", content=None, updated_at=MOMENT)
    assert tables.categories.get(8) == after
    assert payload["category"] == entity(tables, after)


async def test_a_category_moves(way):
    """The payload leads to the parent it has now, whose children are those it has now."""
    selection = "category { parent { categoryKey children { categoryKey } } }"
    given = {"id": gid("Category", 16), "parent": {"categoryKey": "food"}}
    payload = await written(way.ask, "updateCategory", given, selection)

    assert sent(way.ask).body["parent_category_id"] == 2
    assert way.ask.sandbox.tables.categories.get(16).parent_id == 2
    children = [{"categoryKey": key} for key in ("hot-food", "drinks", "delicatessen", "toys")]
    assert payload["category"] == {"parent": {"categoryKey": "food", "children": children}}


async def test_a_parent_is_cleared(way):
    """Null moves a category to the root."""
    given = {"id": gid("Category", 16), "parent": None}
    payload = await written(way.ask, "updateCategory", given, "category { parent { title } }")

    assert sent(way.ask).body["parent_category_id"] is None
    assert way.ask.sandbox.tables.categories.get(16).parent_id is None
    assert payload["category"] == {"parent": None}


async def test_a_restriction_is_lifted(way):
    """Null restricts to no event; an empty list is sent as one."""
    tables = way.ask.sandbox.tables
    await written(way.ask, "updateCategory", {"id": gid("Category", 8), "events": None})
    assert tables.categories.get(8).event_ids is None

    payload = await written(
        way.ask, "updateCategory", {"id": gid("Category", 19), "events": []}, "category { events { title } }"
    )
    assert writes(way.ask.sandbox)[-1].body["event_keys"] == []
    assert tables.categories.get(19).event_ids == ()
    assert payload["category"] == {"events": []}


async def test_a_put_loses_nothing_in_any_dialect(way):
    """The whole tenant stays as it was but for the field that was given."""
    before = state(way.ask.sandbox)
    await written(way.ask, "updateCategory", {"id": gid("Category", 16), "sortOrder": 1})

    row = replace(before["categories"][15], sort_order=1, updated_at=MOMENT)
    categories = [row if c.id == 16 else c for c in before["categories"]]
    assert state(way.ask.sandbox) == {**before, "categories": categories}


@pytest.mark.parametrize("category_id", range(1, 21))
async def test_a_put_loses_nothing(replacing, category_id):
    """So it is with roots, containers and categories of some events."""
    before = state(replacing.sandbox)
    await written(replacing, "updateCategory", {"id": gid("Category", category_id), "title": "New"})

    row = replace(before["categories"][category_id - 1], title="New", updated_at=MOMENT)
    categories = [row if c.id == category_id else c for c in before["categories"]]
    assert state(replacing.sandbox) == {**before, "categories": categories}
    assert replacing.calls == [f"GET categories/{category_id}", f"PUT categories/{category_id}"]


async def test_a_removed_category(some_way):
    """Its children move one level up, and a query tells that."""
    ask, tables = some_way.ask, some_way.ask.sandbox.tables
    payload = await written(ask, "deleteCategory", {"id": gid("Category", 6)}, "deletedId")

    assert (sent(ask).method, sent(ask).path, sent(ask).body) == ("DELETE", "categories/6", None)
    assert tables.categories.get(6) is None
    assert [tables.categories.get(i).parent_id for i in (14, 15)] == [1, 1]
    assert payload["deletedId"] == gid("Category", 6)
    data = await ask("{ category(by: {databaseId: 14}) { parent { categoryKey } } }")
    assert data == {"category": {"parent": {"categoryKey": "crafts"}}}


@pytest.mark.parametrize(
    ("by", "look_up"),
    [
        ({"categoryKey": "crafts"}, ["GET categories"]),
        ({"databaseId": 1}, []),
        ({"id": gid("Category", 1)}, []),
    ],
)
async def test_what_a_parent_costs(ask, by, look_up):
    """A parent is written by id: one that is given costs no look-up, a key does."""
    await written(ask, "createCategory", {"title": "Glass", "parent": by})

    assert sent(ask).body == {"title": "Glass", "parent_category_id": 1}
    assert ask.calls == [*look_up, "POST categories"]


UNKNOWN = [
    ({"parent": {"categoryKey": "no-such"}}, ["input", "parent"]),
    ({"parent": {"databaseId": 0}}, ["input", "parent"]),
    ({"events": [{"databaseId": 1}, {"databaseId": 999}]}, ["input", "events", "1"]),
    ({"events": [{"id": gid("Event", 999)}]}, ["input", "events", "0"]),
]


@pytest.mark.parametrize("field", ["createCategory", "updateCategory"])
@pytest.mark.parametrize(
    ("some_way", "given", "place"),
    [(way, *case) for way, case in in_turn(SOME_WAYS, UNKNOWN)],
    indirect=["some_way"],
)
async def test_an_unknown_reference(some_way, field, given, place):
    """Its own place in the input is told, and nothing is sent."""
    first = {"title": "Glass"} if field == "createCategory" else {"id": gid("Category", 8)}

    assert await refused(some_way.ask, field, {**first, **given}) == ("NOT_FOUND", place)
    assert writes(some_way.ask.sandbox) == []


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        ({"parent": {"databaseId": 999}}, "NOT_FOUND", ["parent"]),
        ({"parent": {"id": gid("Category", 8)}}, "VALIDATION_FAILED", ["parent"]),
        ({"events": [{"eventKey": "no-such"}]}, "NOT_FOUND", ["events", "0"]),
    ],
)
async def test_a_reference_that_plandocket_refuses(some_way, given, code, place):
    """What costs no look-up is PlanDocket's to refuse: a row that is not there, a parent below itself."""
    before = state(some_way.ask.sandbox)
    found = await refused(some_way.ask, "updateCategory", {"id": gid("Category", 8), **given})

    assert found == (code, ["input", *place])
    assert state(some_way.ask.sandbox) == before


async def test_what_a_create_costs(gateway):
    """One request where the answer tells the row, a read more where it tells the id, and two where it tells nothing."""
    calls = {}
    for answers in ("full", "id", "empty"):
        ask = gateway(Dialect(writes=answers))
        await written(ask, "createCategory", {"title": "The first"})  # tells whether ids come
        await written(ask, "createCategory", {"title": "Glass"}, "category { title }")
        calls[answers] = ask.calls

    assert calls == {
        "full": ["POST categories"],
        "id": ["POST categories", "GET categories/22"],
        "empty": ["GET categories", "POST categories", "GET categories"],
    }
