# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Categories: each documented read gives the same in every dialect."""

import base64
from dataclasses import replace

import pytest

from gateway.sandbox import DIALECTS

SCALARS = (
    "id databaseId categoryKey title content isVisible accountAccessEnabled sortOrder level createdAt"
    " updatedAt applicantVisibility"
)


def gid(row_id):
    """Return the global id."""
    return base64.b64encode(f"Category:{row_id}".encode()).decode()


def scalars(tables, row):
    """Return every scalar of a category as the gateway answers it."""
    return {
        "id": gid(row.id),
        "databaseId": row.id,
        "categoryKey": row.category_key,
        "title": row.title,
        "content": row.content,
        "isVisible": row.is_visible,
        "accountAccessEnabled": row.account_access_enabled,
        "sortOrder": row.sort_order,
        "level": len(tables.line_of(row.id)),
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
        "applicantVisibility": row.applicant_visibility.upper(),
    }


async def test_every_scalar_of_the_list(gateway, dialect):
    """The list is whole, and its rows say what PlanDocket knows."""
    ask = gateway(dialect)
    data = await ask("{ categories { %s } }" % SCALARS)

    tables = ask.sandbox.tables
    assert data["categories"] == [scalars(tables, row) for row in tables.categories]
    assert ask.calls == ["GET categories"]


async def test_every_scalar_of_one(gateway, dialect):
    """A single row says the same as the list."""
    ask = gateway(dialect)
    data = await ask("{ category(by: {databaseId: 16}) { %s } }" % SCALARS)

    assert data["category"] == scalars(ask.sandbox.tables, ask.sandbox.tables.categories.get(16))
    assert ask.calls == ["GET categories/16"]


async def test_a_dialect_of_dates_loses_the_time_of_day(gateway):
    """Where PlanDocket tells only the day, the instant is that day's beginning in UTC."""
    ask = gateway(DIALECTS["capped"])
    data = await ask("{ category(by: {databaseId: 16}) { createdAt } }")

    day = ask.sandbox.tables.categories.get(16).created_at.date()
    assert data == {"category": {"createdAt": f"{day}T00:00:00+00:00"}}


@pytest.mark.parametrize("by", ['{id: "%s"}' % gid(19), "{databaseId: 19}", '{categoryKey: "wine"}'])
async def test_one(gateway, dialect, by):
    """A category is found by each of its names."""
    data = await gateway(dialect)("{ category(by: %s) { databaseId title } }" % by)

    assert data == {"category": {"databaseId": 19, "title": "Wine"}}


async def test_a_key_is_looked_for_in_the_list(ask):
    """Categories have no search, so the list is read."""
    await ask('{ category(by: {categoryKey: "wine"}) { title } }')

    assert ask.calls == ["GET categories"]


async def test_parents(gateway, dialect):
    """Every category leads to the one above it; null at the root, however the server writes that."""
    ask = gateway(dialect)
    data = await ask("{ categories { parent { databaseId title } } }")

    categories = ask.sandbox.tables.categories
    parents = [categories.get(row.parent_id) if row.parent_id else None for row in categories]
    assert [node["parent"] for node in data["categories"]] == [
        row and {"databaseId": row.id, "title": row.title} for row in parents
    ]
    assert ask.calls == ["GET categories"]


async def test_parent_of_one(gateway, dialect):
    """From a leaf up to its root."""
    data = await gateway(dialect)(
        '{ category(by: {categoryKey: "grill"}) { parent { title parent { title parent { title } } } } }'
    )

    up = {"title": "Hot food", "parent": {"title": "Food and drink", "parent": None}}
    assert data == {"category": {"parent": up}}


async def test_children(gateway, dialect):
    """Every category leads to those right below it, of which a leaf has none."""
    ask = gateway(dialect)
    data = await ask("{ categories { databaseId children { databaseId } } }")

    assert data["categories"] == [
        {
            "databaseId": row.id,
            "children": [{"databaseId": child.id} for child in ask.sandbox.tables.children_of(row.id)],
        }
        for row in ask.sandbox.tables.categories
    ]
    assert ask.calls == ["GET categories"]


async def test_the_tree_of_one(gateway, dialect):
    """From a root down to its leaves."""
    data = await gateway(dialect)(
        '{ category(by: {categoryKey: "food"}) { children { title children { title children { title } } } } }'
    )

    def leaf(title):
        return {"title": title, "children": []}

    assert data["category"]["children"] == [
        {"title": "Hot food", "children": [leaf("Vegetarian kitchen"), leaf("Grill")]},
        {"title": "Drinks", "children": [leaf("Wine"), leaf("Coffee")]},
        {"title": "Delicatessen", "children": []},
    ]


async def test_there_and_back(gateway, dialect):
    """A category is among the children of its parent."""
    data = await gateway(dialect)(
        "{ category(by: {databaseId: 20}) { parent { children { databaseId parent { databaseId } } } } }"
    )

    up = {"databaseId": 10}
    assert data["category"]["parent"]["children"] == [
        {"databaseId": 19, "parent": up},
        {"databaseId": 20, "parent": up},
    ]


async def test_events(gateway, dialect):
    """The events a category is restricted to: null where it is not, empty where to none at all."""
    ask = gateway(dialect)
    data = await ask("{ categories { events { databaseId eventKey } } }")

    events = ask.sandbox.tables.events
    assert [node["events"] for node in data["categories"]] == [
        None
        if row.event_ids is None
        else [{"databaseId": i, "eventKey": events.get(i).event_key} for i in row.event_ids]
        for row in ask.sandbox.tables.categories
    ]


async def test_events_of_one(gateway, dialect):
    """The events of a single category, of which one that is gone is left out."""
    ask = gateway(dialect)
    ask.sandbox.tables.events.drop(4)
    data = await ask('{ category(by: {categoryKey: "wine"}) { events { eventKey } } }')

    assert data == {"category": {"events": [{"eventKey": "wine-fair-2027"}]}}


async def test_contacts(gateway, dialect):
    """The contacts assigned to a category."""
    ask = gateway(dialect)
    data = await ask(
        '{ category(by: {categoryKey: "grill"}) { contacts(first: 100) { nodes { databaseId email } } } }'
    )

    assert data["category"]["contacts"]["nodes"] == [
        {"databaseId": row.id, "email": row.email}
        for row in ask.sandbox.tables.contacts
        if 18 in row.category_ids
    ]


async def test_contacts_without_a_key(gateway, dialect):
    """PlanDocket filters contacts by key: a category without one answers null, and asks nothing."""
    ask = gateway(dialect)
    table = ask.sandbox.tables.categories
    table.put(replace(table.get(18), category_key=None))
    data = await ask("{ category(by: {databaseId: 18}) { categoryKey contacts { nodes { id } } } }")

    assert data == {"category": {"categoryKey": None, "contacts": None}}
    assert ask.calls == ["GET categories/18"]


async def test_several_categories_by_id_cost_one_list(ask):
    """The list of categories is short: several ids are looked up in it."""
    data = await ask(
        "{ a: category(by: {databaseId: 1}) { title } b: category(by: {databaseId: 4}) { title } }"
    )

    assert data == {"a": {"title": "Crafts"}, "b": {"title": "Press"}}
    assert ask.calls == ["GET categories"]


async def test_a_category_the_list_does_not_show_is_asked_for(ask):
    """A list may be cut short: null is answered only where PlanDocket says so of the very id."""
    data = await ask(
        "{ a: category(by: {databaseId: 1}) { title } b: category(by: {databaseId: 999}) { title } }"
    )

    assert data == {"a": {"title": "Crafts"}, "b": None}
    assert ask.calls == ["GET categories", "GET categories/999"]
