# pyright: basic
"""`orderBy`: the gateway's own order where all rows are held, else PlanDocket's; a cursor goes on in its own."""

from asking import Time
from mirror.mirroring import hold, mirrored, quiet, told

from gateway.sandbox import Dialect, Sandbox

SORTED = (
    "query($after: String) { contacts(first: 40, after: $after, orderBy: {field: LAST_NAME}) "
    "{ nodes { lastName } edges { cursor } pageInfo { endCursor hasNextPage } } }"
)


async def all_pages(ask, after=None) -> list[str]:
    """Return all last names from a cursor on."""
    names: list[str] = []
    while True:
        page = (await ask.answer(SORTED, after=after))["data"]["contacts"]
        names += [node["lastName"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return names
        after = page["pageInfo"]["endCursor"]


async def test_an_answer_tells_whose_order_it_is_in(gateway, time: Time) -> None:
    """PlanDocket's before the walk, the gateway's after it; nothing where no order is asked for."""
    ask = mirrored(gateway, time)
    assert told(await ask.answer(SORTED))["answeredBy"] == ["PLANDOCKET"]
    await hold(ask, time)
    for _ in range(2):
        assert told(await ask.answer(SORTED))["answeredBy"] == ["GATEWAY"]
    assert "answeredBy" not in told(await ask.answer("{ contacts(first: 40) { nodes { lastName } } }"))


async def test_a_cursor_goes_on_in_the_order_that_it_began_in(gateway, time: Time) -> None:
    """It came before the walk: what follows is PlanDocket's still, no row twice and none missing."""
    sandbox = Sandbox(dialect=Dialect())
    ask = mirrored(gateway, time, sandbox)
    theirs = await all_pages(gateway(sandbox))
    first = (await ask.answer(SORTED))["data"]["contacts"]
    await hold(ask, time)
    assert [node["lastName"] for node in first["nodes"]] + await all_pages(
        ask, first["pageInfo"]["endCursor"]
    ) == theirs
    assert sorted(await all_pages(ask), key=str) == sorted(theirs, key=str)


async def test_a_cursor_of_an_order_that_is_gone_is_refused(gateway, time: Time) -> None:
    """By a gateway that holds nothing yet; it says what to do."""
    ask = mirrored(gateway, time)
    await hold(ask, time)
    cursor = (await ask.answer(SORTED))["data"]["contacts"]["pageInfo"]["endCursor"]
    await quiet(ask)
    [error] = (await gateway(ask.sandbox).answer(SORTED, after=cursor))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "begin without a cursor" in error["message"]
