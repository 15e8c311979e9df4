# pyright: basic
"""An export has the rows of the list that GraphQL pages through, in that order, with the same values."""

from export.downloading import download, lines, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lists.drawn import FILTERS, orders
from lists.standing import KINDS, Standing

MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
FIELDS = {
    "participants": (
        "databaseId",
        "isConfirmed",
        "createdAt",
        "contact.city",
        "contact.id",
        "event.title",
        "category.title",
    ),
    "contacts": ("id", "databaseId", "city", "notes", "rating", "categories.title", "events.eventKey"),
    "events": ("databaseId", "title", "dateFrom", "isVisible", "participantCount", "openingHours"),
}
ASKED = st.one_of(
    [
        st.tuples(
            st.just(kind),
            FILTERS[kind],
            orders(kind),
            st.lists(st.sampled_from(FIELDS[kind]), min_size=1, unique=True),
        )
        for kind in KINDS
    ]
)


def nested(fields) -> str:
    """Return a selection of columns."""
    return " ".join(
        f"{name} {{ {other} }}" if other else name for name, _, other in (f.partition(".") for f in fields)
    )


async def walked(held: Standing, kind: str, wanted: dict, order: list, fields) -> list[dict]:
    """Return a list's rows, as a client that pages through it gets them: an order is what makes it the same one."""
    of, nodes, after = KINDS[kind], [], None
    query = (
        f"query($filter: {of}Filter, $orderBy: [{of}Order!], $after: String) {{ page: {kind}(filter: $filter, orderBy: "
        "$orderBy, first: 40, after: $after) { nodes { "
        f"{nested(fields)} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )
    while True:
        page = (await held.ask(query, filter=wanted, orderBy=order, after=after))["page"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


@MANY
@given(asked=ASKED)
async def test_any_export(held: Standing, asked) -> None:
    """For no request to PlanDocket; CSV has a line for each, NDJSON the objects themselves."""
    kind, wanted, order, fields = asked
    expected = await walked(held, kind, wanted, order, fields)
    given_ = {"filter": wanted, "orderBy": order, "fields": ",".join(fields)}
    answer = await download(held.ask, f"{kind}.ndjson", **given_)
    assert lines(answer) == expected
    assert held.ask.calls == []
    assert answer.headers["x-total-count"] == str(len(expected))
    head, *rows = table(await download(held.ask, f"{kind}.csv", **given_))
    assert head == fields
    assert len(rows) == len(expected)
