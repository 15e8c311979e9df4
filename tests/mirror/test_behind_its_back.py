# pyright: basic

"""Rows that others change: an answer is as PlanDocket was at some moment within the age that it tells."""

import random
from dataclasses import replace

import pytest
from asking import Ask, Time
from mirror.mirroring import hold, mirrored, quiet, told

from gateway.sandbox import Dialect, Sandbox

PAGE = "{ contacts(first: 100) { nodes { databaseId lastName } } }"
ROW = "{ contact(by: {databaseId: %d}) { databaseId lastName } }"
CONFIRMED = "{ participants(first: 100) { nodes { databaseId isConfirmed } } }"
EVENT = "{ event(by: {databaseId: %d}) { databaseId title } }"


class History:
    """What PlanDocket had, and since when."""

    def __init__(self, sandbox: Sandbox, time: Time) -> None:
        self._tables = sandbox.tables
        self._time = time
        self._told: dict[tuple, list[tuple[float, object]]] = {}
        self.note()

    def note(self) -> None:
        """Note what is there now."""
        now: dict[tuple, object] = {("contact", row.id): row.last_name for row in self._tables.contacts}
        now |= {("event", row.id): row.title for row in self._tables.events}
        now |= {("participant", row.id): row.is_confirmed for row in self._tables.participants}
        for name, value in now.items():
            known = self._told.setdefault(name, [(0.0, value)])
            if known[-1][1] != value:
                known.append((self._time.seconds, value))

    def had(self, name: tuple, age_s: float) -> set:
        """Return what was there at some moment of so many seconds."""
        known = self._told[name]
        since = [at for at, _ in known[1:]] + [float("inf")]
        return {
            value
            for (_, value), until in zip(known, since, strict=True)
            if until >= self._time.seconds - age_s
        }


def change(rng: random.Random, sandbox: Sandbox, number: int) -> None:
    """Change a contact, an event and a participation, as somebody else would."""
    tables = sandbox.tables
    tables.contacts.put(replace(rng.choice(list(tables.contacts)), last_name=f"Else {number}"))
    tables.events.put(replace(rng.choice(list(tables.events)), title=f"Fair {number}"))
    row = rng.choice(list(tables.participants)[:100])
    tables.participants.put(replace(row, is_confirmed=not row.is_confirmed))


async def seen(ask: Ask, history: History, query: str) -> bool:
    """Hold that an answer is true within its age; return whether it is as old as that at all."""
    answer = await ask.answer(query)
    age_s = told(answer)["age"]
    for field, data in answer["data"].items():
        for row in data.get("nodes", [data]):
            [value] = [value for name, value in row.items() if name != "databaseId"]
            assert value in history.had((field.rstrip("s"), row["databaseId"]), age_s), query
    return age_s > 1


@pytest.mark.parametrize("order", ["oldest", "newest"])
async def test_what_others_change_is_seen_within_the_age_that_is_told(gateway, time: Time, order) -> None:
    """Also while much of the hour is spent, and answers grow old."""
    rng = random.Random(1)  # noqa: S311 - the same each time
    ask = mirrored(gateway, time, Sandbox(dialect=Dialect(order=order)), requests_per_hour=400)
    await hold(ask, time)
    history, were_old = History(ask.sandbox, time), 0
    for number in range(120):
        change(rng, ask.sandbox, number)
        history.note()
        for query in (PAGE, CONFIRMED, ROW % rng.randint(1, 100), EVENT % rng.randint(1, 12)):
            were_old += await seen(ask, history, query)
        await quiet(ask)
        time.seconds += rng.choice((1, 5, 20))
    assert were_old > 100
