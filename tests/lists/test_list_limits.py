# pyright: basic
"""How much one list may be asked for: beyond, a sentence says what to do instead; up to there, it is answered."""

import json

import pytest
from lists.drawn import gid
from lists.standing import Standing

LIST = (
    "query($filter: ParticipantFilter, $orderBy: [ParticipantOrder!]) "
    "{ participants(filter: $filter, orderBy: $orderBy, first: 1) { totalCount } }"
)


def nested(depth: int, name: str) -> dict:
    """Return a filter of which each lies in the one before."""
    wanted: dict = {"isConfirmed": True}
    for _ in range(depth):
        wanted = {name: wanted if name == "not" else [wanted]}
    return wanted


def ratings(depth: int) -> dict:
    """Return the same of contacts."""
    wanted: dict = {"ratings": [1]}
    for _ in range(depth):
        wanted = {"or": [wanted]}
    return wanted


REFUSED = {
    "conditions": ({"or": [{"isConfirmed": True}] * 100}, "at most 100 conditions"),
    "conditions in variables of contacts": (
        {"contact": {"and": [{"ratings": [1]}] * 101}},
        "at most 100 conditions",
    ),
    "levels": (nested(10, "not"), "A filter must be at most 10 levels deep"),
    "levels of several kinds": ({"contact": {"and": [ratings(8)]}}, "10 levels deep"),
    "ids": ({"ids": [gid("Participant", 1)] * 1_001}, "'ids' must have at most 1000 entries, not 1001"),
    "texts": ({"contact": {"cities": ["a"] * 1_001}}, "'cities' must have at most 1000 entries, not 1001"),
    "keys": (
        {"contact": {"customerNumbers": ["a"] * 1_001}},
        "'customerNumbers' must have at most 1000 entries",
    ),
    "rows that are named": (
        {"events": [{"databaseId": 1}] * 1_001},
        "'events' must have at most 1000 entries",
    ),
    "filters": ({"or": [{}] * 1_001}, "'or' must have at most 1000 entries, not 1001"),
    "letters": ({"search": "x" * 201}, "'search' must have at most 200 characters, not 201"),
    "letters of an event's": ({"event": {"search": "x" * 201}}, "'search' must have at most 200 characters"),
    "an id of another kind": ({"ids": [gid("Contact", 1)]}, "This is an id of type Contact"),
    "no id": ({"ids": ["x"]}, "This is not an id of this gateway"),
    "an id of another kind in By": ({"events": [{"id": gid("Contact", 1)}]}, "This is an id of type Contact"),
    "a blank key": ({"eventKey": " "}, "'eventKey' must not be empty"),
    "a blank key of a contact's": ({"contact": {"categoryKey": ""}}, "'categoryKey' must not be empty"),
}


@pytest.mark.parametrize(("wanted", "said"), REFUSED.values(), ids=REFUSED)
async def test_what_is_too_much_or_wrong(held: Standing, wanted: dict, said: str) -> None:
    """It is refused at its place, with what is allowed, for no request."""
    before = held.ask.sandbox.count
    answer = await held.ask.answer(f"{LIST[:-1]} events {{ totalCount }} }}", filter=wanted)
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert said in error["message"]
    assert held.ask.sandbox.count == before


ANSWERED = {
    "conditions": {"or": [{"isConfirmed": True}] * 99},
    "levels": nested(9, "not"),
    "levels in lists of one": nested(9, "and"),
    "ids": {"ids": [gid("Participant", 1)] * 1_000},
    "words": {"search": " ".join("a" for _ in range(100))},
    "words of three letters": {"search": " ".join(f"a{n:02}" for n in range(50))},
    "a name that nobody has": {"events": [{"eventKey": "nobody's"}], "contacts": [{"customerNumber": ""}]},
}


@pytest.mark.parametrize("wanted", ANSWERED.values(), ids=ANSWERED)
async def test_what_is_just_allowed(held: Standing, wanted: dict) -> None:
    """It is answered as less is."""
    answer = await held.ask(LIST, filter=wanted)
    assert answer["participants"]["totalCount"] == len(held.oracle.passing("participants", wanted))


@pytest.mark.parametrize("depth", [11, 90, 400, 5_000])
@pytest.mark.parametrize(
    ("before", "behind"), [('{"not":', "}"), ('{"and":[', "]}"), ('{"contact":{"or":[', "]}}")]
)
async def test_a_filter_that_is_much_too_deep(held: Standing, depth: int, before: str, behind: str) -> None:
    """However deep, it is refused as the caller's fault: by a filter's limits, by JSON's, or by an operation's."""
    wanted = f"{before * depth}{{}}{behind * depth}"
    body = f'{{"query": {json.dumps(LIST)}, "variables": {{"filter": {wanted}}}}}'
    response = await held.ask.http.post(
        "/graphql", content=body, headers={"Content-Type": "application/json"}
    )
    [code] = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert code in ("BAD_USER_INPUT", "BAD_REQUEST", "OPERATION_TOO_COMPLEX")


async def test_an_order_of_too_many_keys(held: Standing) -> None:
    """Five are enough; the sixth is refused, be it the same again."""
    keys = ["CREATED_AT", "UPDATED_AT", "IS_CONFIRMED", "CONTACT_CITY", "EVENT_TITLE", "CATEGORY_TITLE"]
    order = [{"field": name} for name in keys]
    await held.ask(LIST, orderBy=order[:5])
    for more in (order, order[:1] * 6):
        error = await held.ask.error(LIST, orderBy=more)
        assert error["message"] == "'orderBy' must have at most 5 keys, not 6."


COUNTS = "contacts(first: %d) { facets { cities(first: %d) { count } } %s }"


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (COUNTS % (0, 100, "a: facets { countries(first: 1) { count } }"), 101),
        (COUNTS % (100, 100, "nodes { id }"), 200),
        (COUNTS % (100, 100, "edges { node { categories { id } } }"), 700),
        (f"events(first: 10) {{ nodes {{ {COUNTS % (20, 30, '')} }} }}", 510),
        (f"events(first: 10) {{ nodes {{ {COUNTS % (20, 30, 'nodes { id }')} }} }}", 510),
        ("... { contacts(first: 90) { ...F } }", 120),
    ],
)
async def test_counts_are_rows_to_the_limit(module_gateway, query: str, rows: int) -> None:
    """Those of a page once, and those below a row for each row."""
    fragment = "fragment F on ContactConnection { facets { countries(first: 30) { count } } nodes { id } }"
    text = f"{{ {query} }} {fragment if '...F' in query else ''}"
    ask = module_gateway(max_rows=rows - 1, requests_per_hour="unlimited", max_calls=1_000)
    [error] = (await ask.answer(text))["errors"]
    assert f"comes to {rows} rows" in error["message"]
    ask = module_gateway(max_rows=rows, requests_per_hour="unlimited", max_calls=1_000)
    errors = (await ask.answer(text)).get("errors", ())
    assert {error["extensions"]["code"] for error in errors} <= {"MIRROR_INCOMPLETE"}
