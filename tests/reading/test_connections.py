# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Connections: Relay's paging, whatever PlanDocket's turns out to be."""

import base64
import re

import pytest
from asking import READING_DIALECTS, in_turn

from gateway.sandbox import DIALECTS, Dialect

SERVERS = {
    **{name: (DIALECTS[name], {}) for name in ("schema", "sample", "plain", "links", "strict")},
    "smaller pages": (Dialect(max_per_page=40), {}),
    "smaller pages, odd": (Dialect(max_per_page=23), {}),
    "smaller pages by links": (Dialect(paging="links", max_per_page=40), {}),
    "nothing told": (Dialect(paging="plain", max_per_page=100), {}),
    "nothing told, no envelope": (Dialect(paging="plain", envelope=False), {}),
    "nothing told, set by the operator": (Dialect(paging="plain", max_per_page=40), {"page_size": 40}),
    "larger pages": (Dialect(max_per_page=1000), {"page_size": 1000}),
    "other names": (
        Dialect(page_param="p", per_page_param="n"),
        {"page_param": "p", "per_page_param": "n"},
    ),
    "totals without an envelope": (Dialect(envelope=False), {}),
    "whole, no envelope": (Dialect(paging="none", envelope=False), {}),
    "capped beyond the list": (Dialect(paging="capped", cap=2000), {}),
}

PAGE = "nodes { databaseId } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def server(request, gateway):
    """Make a gateway in front of each way of paging."""
    dialect, settings = request.param
    return gateway(dialect, **settings)


def cursor(position, name="participants"):
    """Return the cursor of a position, as the release before wrote them."""
    return base64.b64encode(f"{name}:{position}".encode()).decode()


def ids(page):
    """Return the ids of a page's nodes."""
    return [node["databaseId"] for node in page["nodes"]]


async def page(ask, arguments, name="contacts"):
    """Return one page of a root list."""
    return (await ask("{ %s(%s) { %s } }" % (name, arguments, PAGE)))[name]


WALK = (
    "query($first: Int, $after: String, $last: Int, $before: String)"
    " { contacts(first: $first, after: $after, last: $last, before: $before) { %s } }" % PAGE
)


async def test_forwards(server):
    """`first` and `after` give every row once, in order."""
    found, after, more = [], None, True
    while more and len(found) <= 300:
        got = (await server(WALK, first=60, after=after))["contacts"]
        assert got["pageInfo"]["hasPreviousPage"] is bool(found)
        found += ids(got)
        after, more = got["pageInfo"]["endCursor"], got["pageInfo"]["hasNextPage"]

    assert found == list(range(1, 301))


async def test_backwards(server):
    """`last` and `before` give every row once, from the end."""
    found, before, more = [], None, True
    while more and len(found) <= 300:
        got = (await server(WALK, last=70, before=before))["contacts"]
        assert got["pageInfo"]["hasNextPage"] is bool(found)
        found = ids(got) + found
        before, more = got["pageInfo"]["startCursor"], got["pageInfo"]["hasPreviousPage"]

    assert found == list(range(1, 301))


async def test_in_between(server):
    """`after` and `before` bound what `first` and `last` count in."""
    bounds = f'after: "{cursor(49, "contacts")}", before: "{cursor(60, "contacts")}"'
    counts = ["first: 4", "last: 4", "first: 100", "last: 100"]
    lists = ["p%d: contacts(%s, %s) { nodes { databaseId } }" % (n, c, bounds) for n, c in enumerate(counts)]
    data = await server("{ %s }" % " ".join(lists))

    whole = list(range(51, 61))
    assert [ids(found) for found in data.values()] == [whole[:4], whole[-4:], whole, whole]


async def test_a_page_beyond_the_end(server):
    """After the last row there is nothing, and nothing more."""
    got = await page(server, f'first: 5, after: "{cursor(299, "contacts")}"')

    assert got["nodes"] == []
    info = got["pageInfo"]
    assert (info["hasNextPage"], info["startCursor"], info["endCursor"]) == (False, None, None)


async def test_far_beyond_the_end(server):
    """A position no list has is empty, not an error."""
    got = await page(server, f'first: 5, after: "{cursor(100_000, "contacts")}"')

    assert got["nodes"] == []
    assert got["pageInfo"]["hasNextPage"] is False


async def test_the_last_page(server):
    """The last page is as short as it is; who reads it learns how long the list is, or nothing."""
    got = await page(server, f'first: 100, after: "{cursor(250, "contacts")}"')

    assert ids(got) == list(range(252, 301))
    assert got["totalCount"] in (300, None)


@pytest.mark.parametrize("edge", ["first", "last"])
async def test_none_of_them(ask, edge):
    """With 0 a page has no rows, and its total costs one request."""
    got = await page(ask, f"{edge}: 0", "participants")

    assert got["nodes"] == []
    assert got["totalCount"] == 1500
    more = edge == "first"
    assert (got["pageInfo"]["hasNextPage"], got["pageInfo"]["hasPreviousPage"]) == (more, not more)
    assert ask.calls == ["GET participants"]


async def test_none_of_them_in_each_dialect(server):
    """Rows follow that were not asked for, whatever is told of them."""
    got = await page(server, "first: 0")

    assert (got["nodes"], got["totalCount"] in (300, None)) == ([], True)
    assert got["pageInfo"]["hasNextPage"] is True
    assert got["pageInfo"]["hasPreviousPage"] is False


async def test_none_of_an_empty_list(gateway, dialect):
    """Nothing follows there."""
    got = await page(gateway(dialect), 'first: 0, filter: {eventKey: "none"}', "participants")

    assert got["totalCount"] == 0
    assert (got["pageInfo"]["hasNextPage"], got["pageInfo"]["hasPreviousPage"]) == (False, False)


async def test_a_kept_total_costs_nothing(gateway, time):
    """Once the first page is kept, its total is too."""
    ask = gateway(mirror="on", time=time)
    await page(ask, "first: 3", "participants")

    assert (await page(ask, "first: 0", "participants"))["totalCount"] == 1500
    assert ask.calls == []


BOUNDED = [
    ("last: 4, before: $first", [], True, False),
    ("first: 4, before: $first", [], True, False),
    ("first: 4, after: $last", [], False, True),
    ("last: 4, after: $last", [], False, True),
    ("first: 0, after: $tenth", [], True, True),
    ("last: 0, before: $tenth", [], True, True),
    ("first: 2, after: $tenth", [11, 12], True, True),
    ("last: 2, before: $tenth", [8, 9], True, True),
    ("first: 2, before: $tenth", [1, 2], True, False),
    ("last: 2, after: $tenth", [299, 300], False, True),
    ("first: 5, after: $tenth, before: $twelfth", [11], True, True),
    ("last: 5, after: $tenth, before: $eleventh", [], True, True),
    ("first: 5, after: $twelfth, before: $tenth", [], True, True),
]


@pytest.mark.parametrize(
    ("arguments", "rows", "following", "preceding", "dialect"),
    [*in_turn(BOUNDED, READING_DIALECTS), *in_turn(BOUNDED, READING_DIALECTS[2:] + READING_DIALECTS[:2])],
    indirect=["dialect"],
)
async def test_what_lies_on_either_side(gateway, dialect, arguments, rows, following, preceding):
    """Page information tells of both sides, that of the cursor and that of an empty page too."""
    ask = gateway(dialect)
    named = {"first": 0, "tenth": 9, "eleventh": 10, "twelfth": 11}
    edges = (await ask("{ contacts(first: 12) { edges { cursor } } }"))["contacts"]["edges"]
    cursors = {name: edges[index]["cursor"] for name, index in named.items()}
    end = (await ask("{ contacts(last: 1) { pageInfo { endCursor } } }"))["contacts"]["pageInfo"]
    cursors["last"] = end["endCursor"]
    used = re.findall(r"\$(\w+)", arguments)
    declared = ", ".join(f"${name}: String" for name in used)
    got = await ask(
        "query(%s) { contacts(%s) { %s } }" % (declared, arguments, PAGE),
        **{name: cursors[name] for name in used},
    )

    assert ids(got["contacts"]) == rows
    info = got["contacts"]["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (following, preceding)


@pytest.mark.parametrize("first", [1, 2, 3, 10, 24, 25, 26, 50, 99, 100])
async def test_first_is_kept(ask, first):
    """A `first` from 1 to 100 brings exactly so many rows."""
    assert ids(await page(ask, f"first: {first}", "participants")) == list(range(1, first + 1))
    assert ask.calls == ["GET participants"]


@pytest.mark.parametrize("last", [1, 2, 99, 100])
async def test_last_is_kept(ask, last):
    """A `last` from 1 to 100 brings exactly so many rows."""
    assert ids(await page(ask, f"last: {last}", "participants")) == list(range(1501 - last, 1501))


@pytest.mark.parametrize("arguments", ["first: null", "filter: null", "last: null, after: null"])
async def test_25_unless_told(ask, arguments):
    """Without `first` a page has 25 rows."""
    assert ids(await page(ask, arguments, "participants")) == list(range(1, 26))


async def test_page_info(ask):
    """The cursors are those of the first and the last edge."""
    data = await ask(
        '{ participants(first: 3, after: "%s") { edges { cursor node { databaseId } } %s } }'
        % (cursor(9), PAGE)
    )

    got = data["participants"]
    cursors = [edge["cursor"] for edge in got["edges"]]
    assert len(set(cursors)) == 3
    assert got["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": True,
        "startCursor": cursors[0],
        "endCursor": cursors[2],
    }
    assert got["totalCount"] == 1500


@pytest.mark.parametrize("list_name", ["participants", "events", "contacts"])
async def test_edges_and_nodes_agree(gateway, dialect, list_name):
    """A connection's edges hold its nodes, in their order."""
    data = await gateway(dialect)(
        "{ %s(first: 10) { edges { node { id databaseId } } nodes { id databaseId } } }" % list_name
    )

    assert [edge["node"] for edge in data[list_name]["edges"]] == data[list_name]["nodes"]


async def test_a_page_within_one_page_upstream(ask):
    """Rows of one page upstream cost one request."""
    got = await page(ask, f'first: 10, after: "{cursor(199)}"', "participants")

    assert ids(got) == list(range(201, 211))
    assert ask.calls == ["GET participants?page=3"]


async def test_a_page_across_two_pages_upstream(ask):
    """Rows of two pages upstream cost two requests."""
    got = await page(ask, f'first: 10, after: "{cursor(94)}"', "participants")

    assert ids(got) == list(range(96, 106))
    assert ask.calls == ["GET participants", "GET participants?page=2"]


async def test_the_end_of_totals(ask):
    """Where totals are told, the last rows cost the first page and the last."""
    assert ids(await page(ask, "last: 5", "participants")) == [1496, 1497, 1498, 1499, 1500]
    assert ask.calls == ["GET participants", "GET participants?page=15"]


@pytest.mark.parametrize(
    ("name", "total"),
    [("schema", 1500), ("strict", 1500), ("sample", 1500), ("plain", None), ("links", None)],
)
async def test_total_of_a_long_list(gateway, name, total):
    """The total is what PlanDocket tells or shows, else null."""
    ask = gateway(DIALECTS[name])

    assert (await page(ask, "first: 10", "participants"))["totalCount"] == total
    assert ask.calls == ["GET participants"]


async def test_total_of_a_short_list(gateway, dialect):
    """A short page shows where the list ends, so its total is known in every dialect."""
    got = await page(gateway(dialect), "first: 5", "events")

    assert (got["totalCount"], got["pageInfo"]["hasNextPage"]) == (12, True)


async def test_an_empty_list(gateway, dialect):
    """A list without rows is an empty page."""
    got = await page(gateway(dialect), 'filter: {eventKey: "none"}', "participants")

    assert got == {
        "nodes": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "totalCount": 0,
    }


async def test_a_full_page_without_totals(gateway):
    """Where nothing is told, a full page means that more follows, and no request is spent to know."""
    ask = gateway(Dialect(paging="plain"))
    got = await page(ask, "first: 100", "participants")

    assert got["pageInfo"]["hasNextPage"] is True
    assert got["totalCount"] is None
    assert ask.calls == ["GET participants"]


async def test_a_server_that_ignores_page(gateway):
    """A capped list repeats its first page: the second is empty, and that is the end."""
    ask = gateway(Dialect(paging="capped", cap=100))
    first = await page(ask, "first: 100", "participants")
    second = await page(ask, f'first: 100, after: "{first["pageInfo"]["endCursor"]}"', "participants")

    assert ids(first) == list(range(1, 101))
    assert second["nodes"] == []
    assert second["pageInfo"]["hasNextPage"] is False


async def test_a_server_once_known_to_ignore_page(gateway):
    """Once noticed, the first page too is known to be all there is."""
    ask = gateway(Dialect(paging="capped", cap=100))
    await page(ask, f'first: 100, after: "{cursor(99)}"', "participants")
    got = await page(ask, "first: 100", "participants")

    assert len(got["nodes"]) == 100
    assert got["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize("cap", [30, 100, 250])
async def test_capped_lists_end(gateway, cap):
    """However many rows a server gives for `page`, walking its list ends there."""
    ask = gateway(Dialect(paging="capped", cap=cap))
    found, after = [], ""
    for _ in range(50):
        got = await page(ask, f"first: 20{after}", "participants")
        found += ids(got)
        after = f', after: "{got["pageInfo"]["endCursor"]}"'
        if not got["pageInfo"]["hasNextPage"]:
            break

    assert found == list(range(1, cap + 1))
    assert got["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize("cap", [30, 100, 250])
async def test_capped_lists_backwards(gateway, cap):
    """The end of a capped list is the end of what can be read."""
    got = await page(gateway(Dialect(paging="capped", cap=cap)), "last: 5", "participants")

    assert ids(got) == list(range(cap - 4, cap + 1))


async def test_a_capped_walk_ends(gateway):
    """Walks over whole lists end too: a contact without a number, its participations among the rows given."""
    ask = gateway(DIALECTS["capped"])
    data = await ask("{ contact(by: {databaseId: 30}) { participations { nodes { databaseId } } } }")

    assert ids(data["contact"]["participations"]) == [
        row.id for row in list(ask.sandbox.tables.participants)[:100] if row.contact_id == 30
    ]
    assert len(ask.calls) <= 4


async def test_page_size_is_learnt(gateway):
    """A server's own page size is found out once; from then on each page costs one request."""
    ask = gateway(Dialect(max_per_page=40))
    await page(ask, "first: 10", "participants")
    got = await page(ask, f'first: 10, after: "{cursor(79)}"', "participants")

    assert ids(got) == list(range(81, 91))
    assert ask.calls == ["GET participants?page=3"]


def of_event(tables, row_id):
    """Return the ids of an event's contacts."""
    there = {row.contact_id for row in tables.participants if row.event_id == row_id}
    return [row.id for row in tables.contacts if row.id in there]


@pytest.mark.parametrize(
    ("parent", "field", "of_parent"),
    [
        ("event", "participants", lambda t: [p.id for p in t.participants if p.event_id == 7]),
        ("event", "contacts", lambda t: of_event(t, 7)),
        ("contact", "participations", lambda t: [p.id for p in t.participants if p.contact_id == 7]),
        ("category", "contacts", lambda t: [c.id for c in t.contacts if 7 in c.category_ids]),
    ],
    ids=["event.participants", "event.contacts", "contact.participations", "category.contacts"],
)
async def test_below_an_entity(gateway, dialect, parent, field, of_parent):
    """Lists below an entity are paged like those at the root."""
    ask = gateway(dialect)
    arguments = "first: $first, after: $after"
    query = "query($first: Int, $after: String) { %s(by: {databaseId: 7}) { %s(%s) { %s } } }"
    query %= (parent, field, arguments, PAGE)
    expected = of_parent(ask.sandbox.tables)
    found, after, more = [], None, True
    while more:
        got = (await ask(query, first=max(1, len(expected) // 2), after=after))[parent][field]
        found += ids(got)
        after, more = got["pageInfo"]["endCursor"], got["pageInfo"]["hasNextPage"]

    assert found == expected
