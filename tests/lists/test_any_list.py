# pyright: basic
"""Any filter, in any order, page by page: as plain Python has it of the same rows, for no request."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lists.drawn import FILTERS, orders
from lists.oracle import INCLUDES
from lists.standing import KINDS, Standing, standing

MANY = settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module", params=[(1, "oldest"), (2, "newest"), (3, "oldest")], ids=str)
async def held(module_gateway, request) -> Standing:
    """Return several tenants in turn; one lists its newest rows first."""
    return await standing(module_gateway, *request.param)


ASKED = st.one_of([st.tuples(st.just(kind), FILTERS[kind], orders(kind)) for kind in KINDS])


@MANY
@given(asked=ASKED, size=st.integers(1, 9), share=st.floats(0, 1))
@example(asked=("events", {"upcoming": True}, [{"field": "EVENT_KEY"}]), size=3, share=0.5)
async def test_any_list(held: Standing, asked, size: int, share: float) -> None:
    """A page by an offset, and how many there are; then those behind it, and before it, by cursors."""
    kind, wanted, order = asked
    expected = held.expected(kind, wanted, order)
    at = round(len(expected) * share)
    of = {"filter": wanted, "orderBy": order}
    page = await held.page(kind, **of, first=size, offset=at)
    assert page["ids"] == expected[at : at + size]
    assert page["totalCount"] == len(expected)
    assert page["pageInfo"]["hasNextPage"] is (at + size < len(expected))
    assert page["pageInfo"]["hasPreviousPage"] is (at > 0 and bool(expected))
    if not page["ids"]:
        return
    end = at + len(page["ids"])
    following = await held.page(kind, **of, first=size, after=page["pageInfo"]["endCursor"])
    assert following["ids"] == expected[end : end + size]
    assert following["pageInfo"]["hasNextPage"] is (end + size < len(expected))
    assert following["pageInfo"]["hasPreviousPage"] is True
    before = await held.page(kind, **of, last=size, before=page["pageInfo"]["startCursor"])
    assert before["ids"] == expected[max(0, at - size) : at]
    assert before["pageInfo"]["hasPreviousPage"] is (at - size > 0)
    assert before["pageInfo"]["hasNextPage"] is True


LED = (
    "query($after: String) { participants(first: 40, after: $after, orderBy: [{field: CONTACT_CITY}, {field: ID}]) { "
    "nodes { databaseId contact { databaseId hasAccount } event { databaseId isVisible } "
    "category { databaseId isVisible } } pageInfo { endCursor hasNextPage } } }"
)


async def test_what_rows_lead_to_comes_along(held: Standing) -> None:
    """For no request either, and null where they lead nowhere."""
    nodes, after, before = [], None, held.ask.sandbox.count
    while not nodes or after is not None:
        page = (await held.ask(LED, after=after))["participants"]
        nodes += page["nodes"]
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    assert held.ask.sandbox.count == before, held.ask.sandbox.calls[before:]
    assert len(nodes) == len(held.oracle.tables.participants)
    for node in nodes:
        row = held.oracle.tables.participants.get(node["databaseId"])
        for name in INCLUDES:
            other = held.oracle.other(row, name)
            assert (node[name] and node[name]["databaseId"]) == (other and other.id)
