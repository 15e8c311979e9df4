# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Paging loses nothing: while rows come, change and go, each that keeps its place is shown once."""

import asyncio
import base64
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from asking import Ask, Time
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Dialect, Sandbox
from gateway.sandbox.tables import Table
from gateway.settings.settings import Settings

PAGING = {
    "totals": Dialect(),
    "plain": Dialect(paging="plain", envelope=False),
    "links": Dialect(paging="links", include="ignored"),
    "whole": Dialect(paging="none"),
    "own size": Dialect(max_per_page=4),
}
CITIES = ("Bern", "Graz", "Linz", None)
LISTS = {
    "participants": ("participants", "", lambda row: True, lambda row: ()),
    "unconfirmed": (
        "participants",
        "filter: {isConfirmed: false}",
        lambda row: not row.is_confirmed,
        lambda row: (),
    ),
    "contacts by city": (
        "contacts",
        "orderBy: {field: CITY}",
        lambda row: True,
        lambda row: (row.city,),
    ),
    "contacts by city, from the last": (
        "contacts",
        "orderBy: {field: CITY, direction: DESC}",
        lambda row: True,
        lambda row: (row.city,),
    ),
    "contacts found, by e-mail address": (
        "contacts",
        'filter: {search: "linz"}, orderBy: {field: EMAIL}',
        lambda row: row.city == "Linz",
        lambda row: (row.email,),
    ),
}
CHANGE = st.tuples(
    st.sampled_from(["delete", "change", "change", "create", "read"]),
    st.integers(0, 40),
    st.sampled_from(["here", "there"]),
)
QUIET = settings(
    deadline=None,
    database=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def gid(kind, row_id):
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def tenant(dialect):
    """Return a sandbox of 40 participants, of which every third is confirmed, and of 30 contacts in three cities."""
    sandbox = Sandbox(dialect)
    tables = sandbox.tables
    tables.participants = Table(
        replace(row, is_confirmed=row.id % 3 == 0) for row in tables.participants if row.id <= 40
    )
    tables.contacts = Table(replace(row, city=CITIES[row.id % 4]) for row in tables.contacts if row.id <= 30)
    return sandbox


@asynccontextmanager
async def before(sandbox, **given):
    """Make a gateway in front of a sandbox."""
    fixed = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "requests_per_hour": "unlimited"}
    transport = httpx.ASGITransport(sandbox.app)
    chosen = Settings.model_validate(fixed | {"max_calls": 200} | given)
    app = create_app(chosen, transport, Time().clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield Ask(sandbox, client)


async def change(ask, root, kind, number, where):
    """Delete, change or create a row, through the gateway or by somebody else; or let somebody read pages."""
    table = getattr(ask.sandbox.tables, root)
    rows = list(table)
    if kind == "read":
        await ask("{ %s(first: %d) { nodes { id } } }" % (root, number % 30 + 1))
    elif not rows:
        return
    elif kind == "create":
        last = rows[-1]
        table.put(replace(last, id=table.next_id(), **changed(root, last, number)))
    elif where == "there":
        row = rows[number % len(rows)]
        if kind == "delete":
            table.drop(row.id)
        else:
            table.put(replace(row, **changed(root, row, number)))
    else:
        row = rows[number % len(rows)]
        await write(ask, root, kind, row, changed(root, row, number))


def changed(root, row, number):
    """Return other values for the columns that lists go by."""
    if root == "participants":
        return {"is_confirmed": not row.is_confirmed}
    return {"city": CITIES[number % 4], "email": f"{number}@example.org"}


async def write(ask, root, kind, row, values):
    """Write through the gateway."""
    of = "Participant" if root == "participants" else "Contact"
    if kind == "delete":
        fields = ""
    elif of == "Participant":
        fields = ", isConfirmed: %s" % str(values["is_confirmed"]).lower()
    else:
        fields = ', city: "%s", email: "%s"' % (values["city"] or "Bern", values["email"])
    verb = "delete" if kind == "delete" else "update"
    await ask.answer(
        'mutation { %s%s(input: {id: "%s"%s}) { userErrors { code } } }' % (verb, of, gid(of, row.id), fields)
    )


async def walk(ask, name, way, size, rounds):
    """Page through a list with changes in between; return the ids shown, and those that must be."""
    root, arguments, matches, key = LISTS[name]
    backwards = way == "backwards"
    count, bound, more = (
        ("last", "before", "hasPreviousPage") if backwards else ("first", "after", "hasNextPage")
    )
    query = "query($c: String) { %s(%s %s: %d, %s: $c) { nodes { databaseId } pageInfo { %s startCursor endCursor } } }"
    query %= (root, arguments, count, size, bound, more)

    def now():
        return {(row.id, *key(row)) for row in getattr(ask.sandbox.tables, root) if matches(row)}

    shown, cursor, kept = [], None, now()
    for turn in range(150):
        page = (await ask(query, c=cursor))[root]
        ids = [node["databaseId"] for node in page["nodes"]]
        shown += reversed(ids) if backwards else ids
        info = page["pageInfo"]
        if not info[more]:
            break
        cursor = info["startCursor" if backwards else "endCursor"] or cursor
        for kind, number, where in rounds[turn] if turn < len(rounds) else ():
            await change(ask, root, kind, number, where)
            kept &= now()
    else:
        pytest.fail("the list does not end")
    return shown, [row_id for row_id, *_ in kept]


async def assert_lossless(dialect, mirror, page_size, name, way, size, rounds):
    """Hold that each row that matched and kept its place throughout is shown once."""
    async with before(tenant(dialect), mirror=mirror, page_size=page_size) as ask:
        shown, kept = await walk(ask, name, way, size, rounds)
    assert {row_id: shown.count(row_id) for row_id in kept} == dict.fromkeys(kept, 1)


GONE = ("delete", 0, "here")
MOVED = [
    [],
    [GONE, ("change", 4, "here")],
    [GONE] * 3,
    [],
    [("change", 0, "here")],
    [("create", 3, "here")] * 2,
]
"""After these a page that is read again begins with other rows than the kept one, whose neighbour is kept too."""


@QUIET
@example("totals", "oldest", "on", 5, "contacts by city", "forwards", 2, MOVED)
@given(
    st.sampled_from(sorted(PAGING)),
    st.sampled_from(["oldest", "newest"]),
    st.sampled_from(["on", "off"]),
    st.sampled_from([3, 5, 10]),
    st.sampled_from(sorted(LISTS)),
    st.sampled_from(["forwards", "backwards"]),
    st.integers(1, 7),
    st.lists(st.lists(CHANGE, max_size=4), max_size=8),
)
def test_each_row_that_keeps_its_place_is_shown_once(
    paging, order, mirror, page_size, name, way, size, rounds
):
    """In any paging dialect, whoever writes, whatever is kept."""
    dialect = replace(PAGING[paging], order=order)
    asyncio.run(assert_lossless(dialect, mirror, page_size, name, way, size, rounds))
