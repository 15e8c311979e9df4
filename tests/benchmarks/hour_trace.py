# pyright: basic
# ruff: noqa: T201 - it prints, and GraphQL is full of braces
"""One hour of 36,000 mixed operations, 1 % of them writes, on 1,000 requests: what becomes of each.

    .venv/bin/python tests/benchmarks/hour_trace.py

Time is a fake clock that goes on by a tenth of a second with each operation; the sandbox counts on
the same clock, and refuses whatever is over its own hour.
"""

import asyncio
import base64
import random
import sys
import time as wall
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from asking import Time

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings.settings import Settings

HOUR_S = 3600.0
OPERATIONS = 36_000
BUDGET = 1_000
WRITES = 0.01

READS = (
    (
        8,
        "{ participants(first: 100) { nodes { isConfirmed contact { email } event { title } category { title } } } }",
    ),
    (6, "{ participants(first: 25) { totalCount nodes { id isConfirmed event { id } } } }"),
    (
        6,
        '{ participants(filter: {eventKey: "%(event_key)s"}, first: 50) { totalCount nodes { isConfirmed } } }',
    ),
    (
        3,
        '{ participants(filter: {eventKey: "%(event_key)s", isConfirmed: true}) { nodes { contact { email } } } }',
    ),
    (3, '{ participants(filter: {customerNumber: "%(number)s"}) { nodes { isConfirmed event { title } } } }'),
    (2, "{ participants(last: 20) { nodes { id } pageInfo { hasPreviousPage } } }"),
    (
        6,
        "{ participant(by: {databaseId: %(participant)d}) { isConfirmed contact { email } event { title } } }",
    ),
    (8, "{ events(first: 12) { nodes { title city participantCount } } }"),
    (
        6,
        '{ event(by: {eventKey: "%(event_key)s"}) { title participants(first: 20) { nodes { contact { email } } } } }',
    ),
    (6, "{ event(by: {databaseId: %(event)d}) { title openingHours participantCount } }"),
    (3, "{ events(filter: {isVisible: true}) { nodes { title } } }"),
    (2, "{ events(filter: {upcoming: true}, orderBy: {field: DATE_FROM}) { nodes { title dateFrom } } }"),
    (1, "{ events(first: 12) { nodes { title participants(first: 5) { nodes { contact { email } } } } } }"),
    (4, "{ contacts(first: 100) { nodes { email events { title } categories { title } } } }"),
    (4, "{ contacts(first: 25, orderBy: {field: LAST_NAME}) { nodes { lastName firstName } } }"),
    (4, '{ contacts(filter: {search: "%(search)s"}) { totalCount nodes { email } } }'),
    (3, '{ contacts(filter: {categoryKey: "%(category_key)s"}) { nodes { email } } }'),
    (8, "{ contact(by: {databaseId: %(contact)d}) { email companyName categories { title } } }"),
    (
        4,
        '{ contact(by: {customerNumber: "%(number)s"}) { email participations { nodes { event { title } } } } }',
    ),
    (6, "{ categories { title level parent { title } } }"),
    (
        3,
        '{ category(by: {categoryKey: "%(category_key)s"}) { title events { title } contacts { totalCount } } }',
    ),
    (
        3,
        '{ nodes(ids: ["%(contact_id)s", "%(event_id)s", "%(participant_id)s"]) { id ... on Contact { email } } }',
    ),
)
UPDATES = (
    (10, 'updateParticipant(input: {id: "%(participant_id)s", isConfirmed: %(flag)s})'),
    (5, 'updateContact(input: {id: "%(contact_id)s", phone: "+49 %(random)d"})'),
    (2, 'updateEvent(input: {id: "%(event_id)s", description: "%(random)d"})'),
    (1, 'updateCategory(input: {id: "%(category_id)s", content: "%(random)d"})'),
    (2, 'createContact(input: {email: "%(random)d@example.org"})'),
    (1, 'createEvent(input: {title: "Fair %(random)d", isVisible: false})'),
    (2, "createParticipant(input: {event: {databaseId: %(event)d}, contact: {databaseId: %(contact)d}})"),
    (1, 'deleteParticipant(input: {id: "%(participant_id)s"})'),
)


class Timed(Sandbox):
    """A sandbox that remembers when it was asked, and what it answered."""

    def __init__(self, **given) -> None:
        super().__init__(**given)
        self.times: list[tuple[float, int]] = []

    def _record(self, request, raw, status) -> None:
        super()._record(request, raw, status)
        self.times.append((self.now(), status))


@dataclass
class Trace:
    """What became of the operations of one hour."""

    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """What must not be: answers that are neither fresh, nor marked, nor refused with a time."""
    requests: list[tuple[float, int]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def most_in_an_hour(self) -> int:
        """The requests in the fullest sliding hour."""
        most, start = 0, 0
        for end, (at, _) in enumerate(self.requests):
            while self.requests[start][0] <= at - HOUR_S:
                start += 1
            most = max(most, end - start + 1)
        return most

    @property
    def refused_by_plandocket(self) -> int:
        """The requests that the sandbox answered with 429."""
        return sum(status == 429 for _, status in self.requests)


def gid(kind: str, row_id: int) -> str:
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


def operation(rng: random.Random, sandbox: Sandbox, *, is_write: bool) -> str:
    """Draw an operation; a few rows are asked for often, most of them seldom."""

    def drawn(count: int) -> int:
        return min(count, int(rng.paretovariate(0.6)))

    events = {row.id: row.event_key for row in sandbox.tables.events}
    categories = {row.id: row.category_key for row in sandbox.tables.categories}
    event, contact, participant, category = drawn(12), drawn(300), drawn(1500), drawn(20)
    values = {
        "event": event,
        "event_key": events[event],
        "contact": contact,
        "number": f"C-{10_000 + contact + (contact % 10 == 0)}",
        "participant": participant,
        "category_key": categories[category],
        "search": rng.choice(("keramik", "leipzig", "studio", "example.org", "@", "holz", "wien")),
        "flag": rng.choice(("true", "false")),
        "random": rng.randrange(10**9),
        "event_id": gid("Event", event),
        "contact_id": gid("Contact", contact),
        "participant_id": gid("Participant", participant),
        "category_id": gid("Category", category),
    }
    templates = UPDATES if is_write else READS
    [template] = rng.choices([text for _, text in templates], [weight for weight, _ in templates])
    return "mutation { %s { userErrors { code } } }" % (template % values) if is_write else template % values


def outcome_of(answer: dict, *, is_write: bool) -> str:
    """Return what became of an operation; what it must not be begins with "wrong"."""
    errors = answer.get("errors", [])
    told = answer["extensions"]["upstream"]
    if errors:
        fine = all(
            error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED" and error["extensions"]["retryAfter"] >= 1
            for error in errors
        )
        if not fine:
            return f"wrong: {errors[0]['extensions']['code']}"
        return "write refused" if is_write else "refused"
    if is_write:
        return "written"
    if told["stale"]:
        return "stale"
    return "asked" if told["calls"] else "fresh kept"


async def run(operations: int = OPERATIONS, budget: int = BUDGET, hours: float = 1.0, seed: int = 4) -> Trace:
    """Return what became of so many operations, spread evenly over the time."""
    rng, clock, trace = random.Random(seed), Time(), Trace()  # noqa: S311 - the same numbers each time
    sandbox = Timed(per_hour=budget, now=clock)
    settings = Settings.model_validate(
        {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "requests_per_hour": budget}
    )
    app = create_app(settings, httpx.ASGITransport(sandbox.app), clock.clock)
    began = wall.perf_counter()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for _ in range(operations):
            clock.seconds += hours * HOUR_S / operations
            is_write = rng.random() < WRITES
            query = operation(rng, sandbox, is_write=is_write)
            answer = (await client.post("/graphql", json={"query": query})).json()
            outcome = outcome_of(answer, is_write=is_write)
            if outcome.startswith("wrong"):
                trace.wrong.append(f"{outcome} for {query}")
                outcome = "wrong"
            trace.outcomes[outcome] += 1
    trace.requests = sandbox.times
    trace.seconds = wall.perf_counter() - began
    return trace


def told(trace: Trace, budget: int = BUDGET) -> str:
    """Return the shares, a line each."""
    total = sum(trace.outcomes.values())
    lines = ["| outcome | operations | share |", "| --- | --- | --- |"]
    for name in ("fresh kept", "asked", "stale", "refused", "written", "write refused", "wrong"):
        count = trace.outcomes[name]
        lines.append(f"| {name} | {count:,} | {100 * count / total:.1f} % |")
    lines.append("")
    lines.append(
        f"{len(trace.requests):,} requests, at most {trace.most_in_an_hour:,} in any hour of {budget:,}, "
    )
    lines[-1] += f"{trace.refused_by_plandocket} answered with 429; {trace.seconds:.0f} s of wall time"
    return "\n".join([*lines, *trace.wrong[:5]])


if __name__ == "__main__":
    print(told(asyncio.run(run())))
