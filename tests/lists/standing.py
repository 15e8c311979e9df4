# pyright: basic
"""A gateway that holds all rows of a tenant, beside the oracle of the same rows."""

from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from asking import Ask, Time
from lists.oracle import Oracle
from lists.searching import folded
from lists.tenants import tenant
from mirror.mirroring import mirrored, quiet

from gateway.sandbox import Dialect

HOLD = "{ %s(filter: {ids: []}) { nodes { id } } }"
WHOLE = "{ participants(filter: {ids: []}) { facets { categories { count } events { count } } } }"
UPCOMING = "{ events(first: 100, filter: {upcoming: true}) { nodes { databaseId } } }"
PAGE = (
    "totalCount nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
)
KINDS = {"participants": "Participant", "contacts": "Contact", "events": "Event"}
LISTED = {
    kind: (
        f"query($filter: {of}Filter, $orderBy: [{of}Order!], $first: Int, $after: String, $last: Int, "
        f"$before: String, $offset: Int) {{ {kind}(filter: $filter, orderBy: $orderBy, first: $first, after: $after, "
        f"last: $last, before: $before, offset: $offset) {{ {PAGE} }} }}"
    )
    for kind, of in KINDS.items()
}


@dataclass
class Standing:
    """Both of them."""

    ask: Ask
    time: Time
    oracle: Oracle
    descends: bool = False

    async def page(self, kind: str, **given) -> dict:
        """Return a page of a list, and the rows' integers as `ids`; it cost PlanDocket no request."""
        before = self.ask.sandbox.count
        answer = await self.ask.answer(LISTED[kind], **given)
        assert "errors" not in answer, (answer, given)
        assert self.ask.sandbox.count == before, self.ask.calls
        page = answer["data"][kind]
        return {**page, "ids": ids_of(page)}

    def expected(self, kind: str, wanted: dict, order: list[dict]) -> list[int]:
        """Return the ids of a whole list, as plain Python has it."""
        rows = self.oracle.passing(kind, wanted)
        return [
            row.id
            for row in self.oracle.ordered(kind, rows, order, search_of(wanted), descends=self.descends)
        ]

    async def walked(self) -> None:
        """Let all rows be read again: half an hour goes by, in which everything is asked for."""
        for _ in range(30):
            self.time.seconds += 60
            for query in (WHOLE, UPCOMING, *(HOLD % kind for kind in ("contacts", "events"))):
                await self.ask(query)
            await quiet(self.ask)


async def standing(gateway, seed: int = 1, order: Any = "oldest", *, holds: bool = True, **given) -> Standing:
    """Return a gateway that holds a tenant's rows, or not yet."""
    time, sandbox = Time(), tenant(seed, Dialect(order=order))
    sandbox.now = time
    settings = {"requests_per_hour": 100_000, "fresh_events": 3_000, **given}
    ask = mirrored(gateway, time, sandbox, **settings)
    if not holds:
        return Standing(ask, time, Oracle(sandbox.tables), order == "newest")
    for query in (WHOLE, *(HOLD % kind for kind in ("contacts", "events"))):
        await ask(query)
    upcoming = frozenset(node["databaseId"] for node in (await ask(UPCOMING))["events"]["nodes"])
    await quiet(ask)
    return Standing(ask, time, Oracle(sandbox.tables, upcoming), order == "newest")


def ids_of(page: dict) -> list[int]:
    """Return a page's rows by their integers."""
    return [int(b64decode(one["id"]).decode().partition(":")[2]) for one in page["nodes"]]


def search_of(wanted: dict) -> str | None:
    """Return the search that ranks: the first that all rows must meet."""
    text = wanted.get("search")
    if text is not None and folded(text).split():
        return text
    found = (search_of(one) for one in wanted.get("and") or ())
    return next((one for one in found if one is not None), None)


def without(wanted: dict, *names: str) -> dict:
    """Return a filter less some of its top-level conditions."""
    return {name: value for name, value in wanted.items() if name not in names}
