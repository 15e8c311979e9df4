# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""What clients send wrongly: refused with a code and what is allowed, before any request is made of it."""

import base64

import pytest

ROOTS = ["participants", "events", "contacts"]
BELOW = [
    ("event", "participants"),
    ("event", "contacts"),
    ("contact", "participations"),
    ("category", "contacts"),
]
LONG = "x" * 201

COUNTS = [("first: -1", "-1"), ("first: 101", "101")]
LAST_COUNTS = [("last: -1", "-1"), ("last: 101", "101")]


def cursor(text):
    """Return the text as cursors are written."""
    return base64.b64encode(text.encode()).decode()


FOREIGN = {
    "garbage": "garbage",
    "not ASCII": "ÿ",
    "an unknown connection": cursor("users:1"),
    "a field of the same name": cursor("Category.contacts.x:1"),
    "negative": cursor("participants:-1"),
    "no position": cursor("participants:"),
    "huge": cursor("participants:99999999999"),
    "a global id": cursor("Event:1"),
    "a leading zero": cursor("contacts:01"),
}


def assert_refused(answer, path, said):
    """Hold an answer's only error to its place, its code and what its message says."""
    [error] = answer["errors"]
    assert error["path"] == path
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert said in error["message"]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("arguments", "count"), COUNTS + LAST_COUNTS)
async def test_counts_at_the_root(ask, root, arguments, count):
    """`first` and `last` go from 0 to 100; the rest of the answer stays."""
    answer = await ask.answer("{ bad: %s(%s) { nodes { id } } __typename }" % (root, arguments))

    assert_refused(answer, ["bad"], f"'{arguments.split(':')[0]}' must be from 0 to 100, not {count}")
    assert answer["data"] == {"bad": None, "__typename": "Query"}
    assert ask.calls == []


@pytest.mark.parametrize(("parent", "field"), BELOW)
@pytest.mark.parametrize(("arguments", "count"), COUNTS + LAST_COUNTS)
async def test_counts_below_an_entity(ask, parent, field, arguments, count):
    """They go from 0 to 100 there too; the entity itself still answers."""
    answer = await ask.answer(
        "{ %s(by: {databaseId: 1}) { databaseId bad: %s(%s) { nodes { id } } } }" % (parent, field, arguments)
    )

    assert_refused(answer, [parent, "bad"], f"'{arguments.split(':')[0]}' must be from 0 to 100, not {count}")
    assert answer["data"] == {parent: {"databaseId": 1, "bad": None}}
    assert len(ask.calls) == 1


@pytest.mark.parametrize("root", ROOTS)
async def test_first_with_last(ask, root):
    """A page is counted from one end."""
    answer = await ask.answer("{ %s(first: 1, last: 1) { nodes { id } } }" % root)

    assert_refused(answer, [root], "'first' or 'last', not both")
    assert ask.calls == []


@pytest.mark.parametrize("foreign", FOREIGN.values(), ids=FOREIGN.keys())
async def test_foreign_cursors_at_the_root(ask, foreign):
    """A cursor is taken only as the same field returned it; the rest of the answer stays."""
    lists = " ".join(
        "%s_%s: %s(%s: $c) { nodes { id } }" % (root, argument, root, argument)
        for root in ROOTS
        for argument in ("after", "before")
    )
    answer = await ask.answer("query($c: String) { %s __typename }" % lists, c=foreign)

    assert len(answer["errors"]) == 6
    for error in answer["errors"]:
        root = error["path"][0].partition("_")[0]
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert f"not a cursor of '{root}': send one that the same field returned" in error["message"]
    assert answer["data"]["__typename"] == "Query"
    assert ask.calls == []


@pytest.mark.parametrize(
    ("root", "other"), [(root, other) for root in ROOTS for other in ROOTS if root != other]
)
async def test_cursors_of_another_list(ask, root, other):
    """A cursor of one list is none of another."""
    answer = await ask.answer(
        "query($c: String) { %s(after: $c) { nodes { id } } }" % root, c=cursor(f"{other}:1")
    )

    assert_refused(answer, [root], f"not a cursor of '{root}'")
    assert ask.calls == []


@pytest.mark.parametrize(("parent", "field"), BELOW)
@pytest.mark.parametrize("of", ["garbage", "root"])
async def test_foreign_cursors_below_an_entity(ask, parent, field, of):
    """The root list's cursors are none of a list below an entity."""
    root = "participants" if field == "participations" else field
    answer = await ask.answer(
        "query($c: String) { %s(by: {databaseId: 1}) { databaseId %s(after: $c) { nodes { id } } } }"
        % (parent, field),
        c="garbage" if of == "garbage" else cursor(f"{root}:1"),
    )

    assert_refused(answer, [parent, field], f"not a cursor of '{parent.capitalize()}.{field}'")
    assert answer["data"] == {parent: {"databaseId": 1, field: None}}
    assert len(ask.calls) == 1


FILTERS = [
    ("participants", "eventKey"),
    ("participants", "customerNumber"),
    ("events", "search"),
    ("contacts", "search"),
    ("contacts", "categoryKey"),
    ("contacts", "eventKey"),
]
KEYS = [("event", "eventKey"), ("contact", "customerNumber"), ("category", "categoryKey")]


@pytest.mark.parametrize(("root", "key"), FILTERS)
async def test_long_texts_in_filters(ask, root, key):
    """Keys and search texts have at most 200 characters; the rest of the answer stays."""
    answer = await ask.answer(
        "query($t: String) { %s(filter: {%s: $t}) { nodes { id } } categories { id } }" % (root, key), t=LONG
    )

    assert_refused(answer, [root], f"'{key}' must have at most 200 characters, not 201")
    assert len(answer["data"]["categories"]) == 20
    assert ask.calls == ["GET categories"]


@pytest.mark.parametrize(("root", "key"), FILTERS)
async def test_texts_just_short_enough(ask, root, key):
    """Two hundred characters are sent as they are, whatever they are."""
    text = "ß&=?# /%00" * 20
    data = await ask(
        "query($t: String) { %s(filter: {%s: $t}) { nodes { id } totalCount } }" % (root, key), t=text
    )

    assert data == {root: {"nodes": [], "totalCount": 0}}
    assert len(ask.calls) == 1
    assert ask.calls[0].endswith(f"={text}")


@pytest.mark.parametrize(("root", "key"), [(root, key) for root, key in FILTERS if key != "search"])
async def test_empty_keys_in_filters(ask, root, key):
    """A client whose key is unset must not read the whole tenant by it."""
    answer = await ask.answer("query($k: String) { %s(filter: {%s: $k}) { totalCount } }" % (root, key), k="")

    assert_refused(answer, [root], f"'{key}' must not be empty")
    assert ask.calls == []


@pytest.mark.parametrize("root", ["events", "contacts"])
async def test_a_blank_search_is_none(ask, root):
    """A search box that is still empty shows the whole list."""
    await ask('query { %s(filter: {search: "  "}) { totalCount } }' % root)

    assert ask.calls == [f"GET {root}"]


@pytest.mark.parametrize(("field", "key"), KEYS)
async def test_long_keys(ask, field, key):
    """A key to look up has at most 200 characters."""
    answer = await ask.answer("query($t: String!) { %s(by: {%s: $t}) { id } }" % (field, key), t=LONG)

    assert_refused(answer, [field], f"'{key}' must have at most 200 characters, not 201")
    assert ask.calls == []


BYS = {
    "participant": "databaseId: 1",
    "event": 'eventKey: "x"',
    "contact": 'customerNumber: "x"',
    "category": 'categoryKey: "x"',
}


@pytest.mark.parametrize("field", BYS)
@pytest.mark.parametrize("given", ["", "two", "databaseId: null"])
async def test_not_one_key_in_a_literal(ask, field, given):
    """A look-up takes exactly one name, not null: validation says so."""
    by = f'id: "x", {BYS[field]}' if given == "two" else given
    error = await ask.error("{ %s(by: {%s}) { id } }" % (field, by))

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert f"{field.capitalize()}By" in error["message"]
    assert ask.calls == []


@pytest.mark.parametrize("field", BYS)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "exactly one key"),
        ({"id": "x", "databaseId": 1}, "exactly one key"),
        ({"databaseId": None}, "must be non-null"),
    ],
)
async def test_not_one_key_in_a_variable(ask, field, given, said):
    """In a variable it is bad input."""
    answer = await ask.answer(
        "query($by: %sBy!) { %s(by: $by) { id } }" % (field.capitalize(), field), by=given
    )

    [error] = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert said in error["message"].lower()
    assert "data" not in answer
    assert ask.calls == []


@pytest.mark.parametrize(("field", "key"), KEYS)
@pytest.mark.parametrize("value", ["none", "", " ", "a&b=c", "ÿ", "../1", "0", "%"])
async def test_unknown_keys(ask, field, key, value):
    """What has no row is null, whatever it looks like."""
    assert await ask("query($k: String!) { %s(by: {%s: $k}) { id } }" % (field, key), k=value) == {
        field: None
    }


@pytest.mark.parametrize(("field", "key"), KEYS)
async def test_unknown_keys_in_any_dialect(gateway, dialect, field, key):
    """What has no row is null in every dialect."""
    ask = gateway(dialect)

    assert await ask('{ %s(by: {%s: "none"}) { id } }' % (field, key)) == {field: None}


@pytest.mark.parametrize("field", BYS)
async def test_unknown_ids(gateway, dialect, field):
    """An integer without a row is null after one request."""
    ask = gateway(dialect)

    assert await ask("{ %s(by: {databaseId: 99999}) { id } }" % field) == {field: None}
    assert len(ask.calls) == 1


@pytest.mark.parametrize("field", BYS)
@pytest.mark.parametrize("value", [0, -1, -2147483648])
async def test_impossible_ids(ask, field, value):
    """An integer that no row can have is null for no request."""
    assert await ask("{ %s(by: {databaseId: %d}) { id } }" % (field, value)) == {field: None}
    assert ask.calls == []


@pytest.mark.parametrize("field", BYS)
async def test_integers_beyond_int(ask, field):
    """An integer that GraphQL does not have is refused, for no request."""
    error = await ask.error("{ %s(by: {databaseId: 2147483648}) { id } }" % field)

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert ask.calls == []


@pytest.mark.parametrize(
    "query",
    [
        "{ events(orderBy: {field: STATE}) { nodes { id } } }",
        "{ events(orderBy: {direction: DESC}) { nodes { id } } }",
        "{ contacts(orderBy: {field: NOTES}) { nodes { id } } }",
        "{ contacts(orderBy: {field: CITY, direction: UP}) { nodes { id } } }",
        '{ participants(filter: {isConfirmed: "1"}) { nodes { id } } }',
        '{ participants(filter: {notes: "x"}) { nodes { id } } }',
        "{ events(filter: {search: 1}) { nodes { id } } }",
    ],
)
async def test_what_the_schema_does_not_have(ask, query):
    """What nothing can be ordered or filtered by is no part of the schema."""
    error = await ask.error(query)

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert ask.calls == []
