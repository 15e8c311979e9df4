"""A gateway that mirrors its tenant, and what makes it do so."""

# pyright: basic
import asyncio
from typing import Any

from asking import Ask, Gateway, Time, endpoint_of
from keeping.wires import HELD

from gateway.sandbox import Dialect, Sandbox

LISTS = (
    '{ participants(filter: {eventKey: "%s"}, first: 100) { totalCount nodes { id isConfirmed } } }',
    "{ participants(first: 100) { nodes { contact { email } event { title } category { title } } } }",
    "{ contacts(first: 100) { nodes { email events { title } categories { title } } } }",
    "{ events(first: 50) { totalCount nodes { title participantCount } } }",
    "{ categories { title } }",
)

SINGLE = (
    "{ participant(by: {databaseId: %d}) { id } }",
    "{ contact(by: {databaseId: %d}) { email categories { title } } }",
    "{ event(by: {databaseId: %d}) { openingHours } }",
    "{ category(by: {databaseId: %d}) { content } }",
)


def mirrored(gateway: Gateway, time: Time, sandbox: Sandbox | Dialect | None = None, **given: Any) -> Ask:
    """Return a gateway that mirrors what is asked for often."""
    settings = {"mirror": "on", "tell_cost": "on", "fresh_events": 60, "fresh_categories": 60}
    return gateway(sandbox, time=time, **{**settings, **given})


async def quiet(ask: Ask) -> None:
    """Return once nothing runs beside the operations any more, or only what waits for a time to come."""
    beside = endpoint_of(ask)._mirror.upstream.tasks
    still, seen = 0, -1
    while beside._running and still < 300:
        still = still + 1 if seen == ask.sandbox.count else 0
        seen = ask.sandbox.count
        # Long answers are read on a thread, which gets its turn only where this one waits for another.
        await (asyncio.to_thread(int) if still % 3 == 2 else asyncio.sleep(0))


async def _ask_all(ask: Ask, time: Time, second: int) -> None:
    """Ask for all kinds of rows, of others every second; that takes two."""
    keys = [event.event_key for event in ask.sandbox.tables.events]
    for query in LISTS:
        await ask.answer(query % keys[second % len(keys)] if "%s" in query else query)
    for query in SINGLE:
        await ask.answer(query % (second % 12 + 1 if "contact" not in query else second * 3 + 1))
    time.seconds += 2
    await quiet(ask)


async def warm(ask: Ask, time: Time, seconds: int) -> None:
    """Ask for all kinds of rows every two seconds, for so many."""
    for second in range(0, seconds, 2):
        await _ask_all(ask, time, second)


async def hold(ask: Ask, time: Time, *, categories: bool = False) -> None:
    """Do the same until all but categories, which are few, are held whole; or those as well."""
    wanted = {"participants", "contacts", "events"} | ({"categories"} if categories else set())
    for second in range(0, 180, 2):
        await _ask_all(ask, time, second)
        mirror = (await ask("{ upstream { mirror { resource complete } } }"))["upstream"]["mirror"]
        if wanted <= {one["resource"] for one in mirror if one["complete"]}:
            return
    raise AssertionError(mirror)


async def walked(ask: Ask) -> None:
    """Let all be read at once, where it does not matter that it was asked for often: a tenth of the operations."""
    await endpoint_of(ask)._mirror.warm(HELD)
    await quiet(ask)


def told(answer) -> dict:
    """Return what an answer tells of its cost."""
    return answer["extensions"]["upstream"]
