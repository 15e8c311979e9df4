# pyright: basic
# ruff: noqa: T201 - it prints, and GraphQL is full of braces
"""Hours of 36,000 mixed operations each, 1 % of them writes, on 1,000 requests: what becomes of each operation.

    .venv/bin/python tests/benchmarks/hour_trace.py [--hours 2] [--seed 1] [--mirror off] [--check 100]
        [--tenant M | L] [--writes 0.001] [--requests 5000] [--spells | --quiet]

The tenant has 1,500 participations, 300 contacts, 12 events and 20 categories; as M it has 10,000, 4,000, 40 and 60.
As L it has 100,000, 30,000, 200 and 60, which no hour reads; ten events are asked for, with their participants.
With `--spells` the same operations come in six spells of two minutes each hour, with `--quiet` one comes each minute.

Time is a fake clock that goes on by a tenth of a second with each operation, and by a fifth for a request; the sandbox
counts on the same clock, and refuses whatever is over its own hour. Every so many answers are compared with what
PlanDocket's rows are at that moment: nobody else changes them, so what differs is wrong.
"""

import argparse
import asyncio
import base64
import heapq
import random
import re
import sys
import time as wall
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from asking import Time
from lists.searching import folded, has, rank

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.sandbox.filters import Reads
from gateway.settings.settings import Settings

HOUR_S = 3600.0
OPERATIONS = 36_000
BUDGET = 1_000
WRITES = 0.01
_SPELL_EVERY_S, _SPELL_PART = 600, 0.2

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


SMALL = {"participants": 1_500, "contacts": 300, "events": 12, "categories": 20}
_SEARCHED = re.compile(r'contacts\(filter: {search: "([^"]+)"}\)')
LARGE = {"participants": 10_000, "contacts": 4_000, "events": 40, "categories": 60}
HUGE = {"participants": 100_000, "contacts": 30_000, "events": 200, "categories": 60}
ASKED_FOR = 10
"""Events of the last, to which whatever is asked for belongs."""


SIZES = {"S": SMALL, "M": LARGE, "L": HUGE}

ABOUT = {
    "participants": ("participant", "participation"),
    "contacts": ("contact",),
    "events": ("event",),
    "categories": ("categor",),
}
"""The words of a query by which it is about a resource."""


def grown(sandbox: Sandbox, sizes: dict[str, int]) -> Sandbox:
    """Return the sandbox with so many rows: more of the kind that it has."""
    rng, tables = random.Random(7), sandbox.tables  # noqa: S311 - the same rows each time
    firsts = {name: list(getattr(tables, name)) for name in sizes}
    keys = {"events": "event_key", "categories": "category_key", "contacts": "customer_number"}
    for name in ("events", "categories", "contacts", "participants"):
        table = getattr(tables, name)
        while len(table) < sizes[name]:
            row_id = table.next_id()
            row = replace(firsts[name][row_id % len(firsts[name])], id=row_id)
            if name == "participants":
                event, contact = rng.randint(1, sizes["events"]), rng.randint(1, sizes["contacts"])
                row = replace(row, event_id=event, contact_id=contact)
            else:
                key = f"C-{10_000 + row_id}" if name == "contacts" else f"{name}-{row_id}"
                row = replace(row, **{keys[name]: key})
            table.put(row)
    return sandbox


class Timed(Sandbox):
    """A sandbox that remembers when it was asked, and what it answered."""

    def __init__(self, **given) -> None:
        super().__init__(**given)
        self.times: list[tuple[float, int]] = []

    def _record(self, request, raw, status) -> None:
        super()._record(request, raw, status)
        self.times.append((self.now(), status))


class Far(httpx.AsyncBaseTransport):
    """A PlanDocket that is some way off: requests and answers travel for half of the time each, by the fake clock."""

    def __init__(self, app, clock: Time, request_s: float) -> None:
        self._near = httpx.ASGITransport(app)
        self._clock = clock
        self._half_s = request_s / 2
        self._travelling: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def handle_async_request(self, request):
        """Answer later."""
        await self._travel()
        response = await self._near.handle_async_request(request)
        body = await response.aread()
        await self._travel()
        return httpx.Response(response.status_code, headers=response.headers, content=body)

    async def _travel(self) -> None:
        if self._half_s:
            self._count += 1
            arrives = asyncio.get_running_loop().create_future()
            heapq.heappush(self._travelling, (self._clock.seconds + self._half_s, self._count, arrives))
            await arrives

    async def until(self, moment: float) -> None:
        """Let the clock go on to a moment, and arrive what arrives by then."""
        while self._travelling and self._travelling[0][0] <= moment:
            await self.next()
        self._clock.seconds = max(self._clock.seconds, moment)

    async def next(self) -> None:
        """Let the clock go on until the next arrives."""
        if self._travelling:
            moment, _, arrives = heapq.heappop(self._travelling)
            self._clock.seconds = max(self._clock.seconds, moment)
            if not arrives.done():
                arrives.set_result(None)
        await _others()


async def _others() -> None:
    """Let others go on as far as they can."""
    loop: Any = asyncio.get_running_loop()
    await asyncio.sleep(0)
    while loop._ready:  # noqa: ASYNC110 - no event tells that nobody can go on
        await asyncio.sleep(0)


@dataclass
class Trace:
    """What became of the operations of some time."""

    outcomes: Counter[str] = field(default_factory=Counter)
    ages: list[int] = field(default_factory=list)
    """Of the reads, as they were told, in seconds."""
    ages_of: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The same, of those that are about one resource alone."""
    wrong: list[str] = field(default_factory=list)
    """What must not be: answers that are neither fresh, nor marked, nor refused with a time; or that are untrue."""
    compared: int = 0
    refused_again: int = 0
    """Operations that were refused, and had been answered before."""
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

    def age(self, share: float, of: str | None = None) -> int:
        """Return the age that this share of the answers does not exceed: of all, or of those about one resource."""
        ages = sorted(self.ages if of is None else self.ages_of[of])
        return ages[int(len(ages) * share)] if ages else 0


def gid(kind: str, row_id: int) -> str:
    """Return the global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


@cache
def of_the_events(sandbox: Sandbox) -> tuple[list[int], list[int]]:
    """Return the participants of the first events, and their contacts."""
    rows = [row for row in sandbox.tables.participants if row.event_id <= ASKED_FOR]
    return [row.id for row in rows], sorted({row.contact_id for row in rows})


def operation(rng: random.Random, sandbox: Sandbox, *, is_write: bool, sizes: dict[str, int] = SMALL) -> str:
    """Draw an operation; a few rows are asked for often, most of them seldom."""

    def drawn(count: int) -> int:
        return min(count, int(rng.paretovariate(0.6)))

    events = {row.id: row.event_key for row in sandbox.tables.events}
    categories = {row.id: row.category_key for row in sandbox.tables.categories}
    event, contact = drawn(sizes["events"]), drawn(sizes["contacts"])
    participant, category = drawn(sizes["participants"]), drawn(sizes["categories"])
    if sizes is HUGE:
        participants, contacts = of_the_events(sandbox)
        event = drawn(ASKED_FOR)
        participant = participants[min(participant, len(participants)) - 1]
        contact = contacts[min(contact, len(contacts)) - 1]
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


async def run(
    operations: int = OPERATIONS,
    budget: int = BUDGET,
    hours: float = 1.0,
    seed: int = 4,
    check_every: int = 0,
    request_s: float = 0.2,
    sizes: dict[str, int] = SMALL,
    writes: float | None = None,
    spells: bool = False,
    **given,
) -> list[Trace]:
    """Return what became of so many operations, one trace for each hour begun.

    They are spread evenly over the time, or with `spells` over the first two of each ten minutes.
    """
    rng, clock = random.Random(seed), Time()  # noqa: S311 - the same numbers each time
    sandbox = Timed(per_hour=budget, now=clock)
    grown(sandbox, sizes)
    far, began_at = Far(sandbox.app, clock, request_s), clock.seconds
    settings = {
        "base_url": "http://plandocket.test",
        "api_key": SANDBOX_KEY,
        "requests_per_hour": budget,
        **given,
    }
    app = create_app(Settings.model_validate(settings), far, clock.clock)
    traces, answered = [Trace() for _ in range(ceil(hours))], set[str]()
    async with _client(app) as client, _client(_true(sandbox, clock)) as true:
        for number in range(operations):
            began = wall.perf_counter()
            trace = traces[int(hours * number / operations)]
            comes_at = (number + 1) * hours * HOUR_S / operations
            if spells:
                comes_at = (
                    comes_at // _SPELL_EVERY_S * _SPELL_EVERY_S + comes_at % _SPELL_EVERY_S * _SPELL_PART
                )
            await far.until(began_at + comes_at)
            is_write = rng.random() < (WRITES if writes is None else writes)
            query = operation(rng, sandbox, is_write=is_write, sizes=sizes)
            asked = asyncio.create_task(client.post("/graphql", json={"query": query}))
            await _others()
            while not asked.done():
                await far.next()
            answer = asked.result().json()
            _count(trace, query, answer, is_write=is_write)
            if "errors" not in answer:
                answered.add(query)
            elif query in answered:
                trace.refused_again += 1
            if check_every and number % check_every == 0 and not is_write and answer.get("data"):
                await _compare(trace, query, answer, true, sandbox)
            trace.seconds += wall.perf_counter() - began
    for number, trace in enumerate(traces):
        trace.requests = [
            (at, status)
            for at, status in sandbox.times
            if number * HOUR_S <= at - began_at < (number + 1) * HOUR_S
        ]
    return traces


def _client(app) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def _true(sandbox: Sandbox, clock: Time):
    """Return a gateway that keeps nothing, in front of the same rows without a limit."""
    unlimited = Sandbox(now=clock)
    unlimited.tables = sandbox.tables
    unlimited._reads = Reads(sandbox.tables, unlimited.dialect, clock)
    settings = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, "mirror": "off", "auth": "none"}
    unlimited_settings = Settings.model_validate({**settings, "requests_per_hour": "unlimited"})
    return create_app(unlimited_settings, httpx.ASGITransport(unlimited.app), clock.clock)


def _count(trace: Trace, query: str, answer: dict, *, is_write: bool) -> None:
    outcome = outcome_of(answer, is_write=is_write)
    if outcome.startswith("wrong"):
        trace.wrong.append(f"{outcome} for {query}")
        outcome = "wrong"
    trace.outcomes[outcome] += 1
    if not is_write and "errors" not in answer and "age" in answer["extensions"]["upstream"]:
        age = answer["extensions"]["upstream"]["age"]
        trace.ages.append(age)
        about = [name for name, words in ABOUT.items() if any(word in query for word in words)]
        if len(about) == 1:
            trace.ages_of[about[0]].append(age)


async def _compare(trace: Trace, query: str, answer: dict, true: httpx.AsyncClient, sandbox: Sandbox) -> None:
    trace.compared += 1
    is_told = answer["extensions"]["upstream"]["stale"] or "errors" in answer
    if is_told:
        return
    expected = [(await true.post("/graphql", json={"query": query})).json()["data"]]
    if "LAST_NAME" in query:
        expected.append({"contacts": {"nodes": _by_last_name(sandbox)}})
    if (found := _SEARCHED.search(query)) is not None:
        expected.append({"contacts": _searched(sandbox, found[1])})
    if answer["data"] not in expected:
        trace.wrong.append(f"untrue: {query}")


def _searched(sandbox: Sandbox, word: str) -> dict:
    """Return what the gateway's own search finds of contacts: best match first, ties by id."""
    word = folded(word)
    rows = [row for row in sandbox.tables.contacts if has("contacts", row, word)]
    rows.sort(key=lambda row: (rank("contacts", row, word), row.id))
    return {"totalCount": len(rows), "nodes": [{"email": row.email} for row in rows[:25]]}


def _by_last_name(sandbox: Sandbox) -> list[dict]:
    """Return the first contacts in the gateway's own order: case counts for nothing, nulls are last, ties by id."""
    rows = sorted(
        sandbox.tables.contacts,
        key=lambda row: (row.last_name is None, (row.last_name or "").casefold(), row.id),
    )
    return [{"lastName": row.last_name, "firstName": row.first_name} for row in rows[:25]]


def told(trace: Trace, budget: int = BUDGET) -> str:
    """Return the shares, a line each."""
    total = sum(trace.outcomes.values())
    lines = ["| outcome | operations | share |", "| --- | --- | --- |"]
    for name in ("fresh kept", "asked", "stale", "refused", "written", "write refused", "wrong"):
        count = trace.outcomes[name]
        lines.append(f"| {name} | {count:,} | {100 * count / total:.2f} % |")
    lines += ["", "| age in seconds | median | p95 | most |", "| --- | --- | --- | --- |"]
    for name in (None, *ABOUT):
        shown = [str(trace.age(share, name)) for share in (0.5, 0.95, 0.99999)]
        lines.append(f"| {name + ' alone' if name else 'all'} | {' | '.join(shown)} |")
    lines += ["", f"{trace.compared:,} answers compared with the rows as they were"]
    lines.append(
        f"{len(trace.requests):,} requests, at most {trace.most_in_an_hour:,} in any hour of {budget:,}, "
    )
    lines[-1] += f"{trace.refused_again:,} refused that were answered before; "
    lines[-1] += f"{trace.refused_by_plandocket} answered with 429; {trace.seconds:.0f} s of wall time"
    return "\n".join([*lines, *trace.wrong[:5]])


def main() -> None:
    """Print the hours."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, default=2, help="the first is cold, the others are warm")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mirror", choices=("on", "off"), default="on", help="off: nothing is kept")
    parser.add_argument("--check", type=int, default=100, help="compare every so many answers; 0: none")
    parser.add_argument("--tenant", choices=SIZES, default="S")
    parser.add_argument("--writes", type=float, default=WRITES, help="the share of operations that write")
    parser.add_argument("--requests", type=int, default=BUDGET, help="what the hour allows")
    parser.add_argument("--spells", action="store_true", help="six spells of two minutes each hour")
    parser.add_argument("--quiet", action="store_true", help="one operation a minute")
    given = parser.parse_args()
    hours = asyncio.run(
        run(
            (60 if given.quiet else OPERATIONS) * given.hours,
            given.requests,
            hours=given.hours,
            sizes=SIZES[given.tenant],
            writes=given.writes,
            spells=given.spells,
            seed=given.seed,
            check_every=given.check,
            mirror=given.mirror,
        )
    )
    for number, trace in enumerate(hours):
        print(f"Hour {number + 1}\n\n{told(trace, given.requests)}\n")


if __name__ == "__main__":
    main()
