# pyright: basic
# ruff: noqa: T201, S311, B023, E501 - it prints, its chance is no secret, and what is timed is asked at once
"""How long the index takes for each kind of question, how long to be filled, and how much memory it needs.

    .venv/bin/python tests/benchmarks/index.py [SCALE]

100,000 participants of 30,000 contacts at 200 events, in 60 categories; times SCALE. Questions come one after the
other, each kind with many values; then several keys over everything while others ask.
"""

import asyncio
import gc
import random
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.categories.record import CATEGORIES, CategoryRow
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.events.record import EVENTS, EventRow
from gateway.mirror.rows.changes import Cause, Change
from gateway.mirror.rows.index.index import Index
from gateway.mirror.rows.index.question import (
    Between,
    Every,
    LeadsTo,
    Not,
    OneOf,
    Question,
    Rows,
    Search,
    Stretch,
    Term,
    Through,
)
from gateway.participants.record import PARTICIPANTS, ParticipantRow
from gateway.resources import RECORDS

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
PARTICIPATIONS, PEOPLE, MEETINGS, KINDS = int(100_000 * SCALE), int(30_000 * SCALE), int(200 * SCALE) or 1, 60
FIRST = (
    "Jan",
    "Jana",
    "Jürgen",
    "Zoë",
    "Ute",
    "Bo",
    "Anna",
    "Änne",
    "Max",
    "Ole",
    "Sofia",
    "Emil",
    "Ida",
    "Per",
)
LAST = (
    "Janssen",
    "Müller",
    "Weiß",
    "Schmidt",
    "Lehmann",
    "Öztürk",
    "Bauer",
    "Krüger",
    "Stein",
    "Brandt",
    "Voss",
)
TOWNS = (
    "Leipzig",
    "Köln",
    "Berlin",
    "München",
    "Bremen",
    "Halle",
    "Jena",
    "Zürich",
    "Wien",
    "Graz",
    "Ulm",
    "Hof",
)
START = datetime(2024, 1, 1, tzinfo=UTC)
chance = random.Random(7)


def told(record: Any, row: Any, **links: Any) -> Change:
    """Return a row as it is told."""
    return Change(record, row.id, None, row, links, frozenset(), (), frozenset(), Cause.READ, 0.0)


def at() -> datetime:
    """Return a moment of two years."""
    return START + timedelta(seconds=chance.randrange(2 * 365 * 86_400))


def contact(number: int, notes: str = "") -> ContactRow:
    """Return a contact."""
    given: dict[str, Any] = dict.fromkeys(ContactRow.__struct_fields__)
    first, last = (
        chance.choice(FIRST),
        f"{chance.choice(LAST)}{chance.choice(('', '', 'mann', '-Vogt', 'berg'))}",
    )
    last = f"{last} {chr(97 + number % 26)}{number % 701}"
    given |= {
        "id": number, "first_name": first, "last_name": last, "customer_number": f"K-{number:06}",
        "company_name": None if number % 3 else f"{last} {chance.choice(('GmbH', 'AG', 'e.V.'))} {number % 997}",
        "email": f"{first}.{last}{number}@example.org".lower().replace(" ", ""), "phone": f"+49 341 {number:07}",
        "city": chance.choice(TOWNS), "postal_code": f"{number % 100_000:05}", "country": "DE",
        "address": f"Lange Straße {number % 300}", "notes": notes or f"ruft {chance.choice(FIRST)} zurück",
        "rating": chance.choice((None, 1, 2, 3, 4, 5)), "has_account": bool(number % 2),
        "created_at": at(), "updated_at": at(),
    }  # fmt: skip
    return ContactRow(**given)


def participant(number: int) -> ParticipantRow:
    """Return a participant."""
    of, who = chance.randrange(MEETINGS) + 1, chance.randrange(PEOPLE) + 1
    return ParticipantRow(number, of, who, chance.random() < 0.6, at(), at())


def rows() -> list[Change]:
    """Return all rows."""
    made = [
        told(
            EVENTS,
            EventRow(
                *(
                    number,
                    f"e{number}",
                    f"{chance.choice(TOWNS)}er Tagung {number % 90}",
                    bool(number % 7),
                    None,
                ),
                *("DE", None, chance.choice(TOWNS), at().date().isoformat(), at().isoformat(), None, None),
            ),
        )
        for number in range(1, MEETINGS + 1)
    ]
    blank = dict.fromkeys(CategoryRow.__struct_fields__)
    for number in range(1, KINDS + 1):
        made.append(told(CATEGORIES, CategoryRow(**{**blank, "id": number, "title": f"Gruppe {number:02}"})))
    for number in range(1, PEOPLE + 1):
        made.append(
            told(CONTACTS, contact(number), categories=(number % KINDS + 1,), events=(number % MEETINGS + 1,))
        )
    for number in range(1, PARTICIPATIONS + 1):
        category = chance.choice((None, *range(1, KINDS + 1)))
        made.append(told(PARTICIPANTS, participant(number), category=category))
    return made


def memory() -> float:
    """Return how much memory the process has, in megabytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


async def timed(name: str, ask: Callable[[], Awaitable[Any]], times: int = 60) -> None:
    """Print how long a kind of question takes."""
    taken: list[float] = []
    used: list[float] = []
    for _ in range(times):
        begun, cpu = time.perf_counter(), time.process_time()
        await ask()
        used.append((time.process_time() - cpu) * 1_000)
        taken.append((time.perf_counter() - begun) * 1_000)
    taken.sort()
    used.sort()
    figures = (statistics.median(taken), taken[int(len(taken) * 0.95)], statistics.median(used))
    print(f"{name:58} {' '.join(f'{figure:8.2f}' for figure in figures)}", flush=True)


def event() -> LeadsTo:
    """Return the condition that a row is of one event."""
    return LeadsTo("event", (chance.randrange(MEETINGS) + 1,))


def words(*lengths: int) -> tuple[str, ...]:
    """Return beginnings of names as they are typed."""
    names = [name.lower().replace("ü", "u").replace("ö", "o").replace("ß", "ss") for name in LAST]
    return tuple(chance.choice(names)[:length] for length in lengths)


async def pages(index: Index) -> None:
    """Ask for pages."""

    async def page(record: Any, where: Any, order: tuple[Term, ...], search: Any = None, **of: Any) -> Rows:
        return await index.page(Question(record, where, order, search), Stretch(**{"first": 100, **of}))

    for path in ("id", *PARTICIPANTS.orders):
        for down in (False, True):
            await timed(
                f"one event by {path} {'desc' if down else ''}",
                lambda: page(PARTICIPANTS, event(), (Term(path, down),)),
            )
    several = (Term("event.date_from", is_descending=True), Term("contact.last_name"))
    await timed(
        "one event by is_confirmed desc, then name",
        lambda: page(PARTICIPANTS, event(), (Term("is_confirmed", True), Term("contact.last_name"))),
    )
    for path in ("id", *PARTICIPANTS.orders):
        for down in (False, True):
            term = (Term(path, down),)
            await timed(
                f"everything by {path} {'desc' if down else ''}",
                lambda: page(PARTICIPANTS, Every(), term),
                20,
            )
            rows = await page(PARTICIPANTS, Every(), term, offset=PARTICIPATIONS // 2)
            await timed(
                "  the next page, from the middle",
                lambda: page(PARTICIPANTS, Every(), term, after=rows.keys[-1]),
                20,
            )
            await timed(
                "  the page before",
                lambda: page(PARTICIPANTS, Every(), term, first=None, last=100, before=rows.keys[-1]),
                20,
            )
    await timed(
        "everything by name, offset 50,000",
        lambda: page(PARTICIPANTS, Every(), (Term("contact.last_name"),), offset=PARTICIPATIONS // 2),
        20,
    )
    yes = OneOf("is_confirmed", (True,))
    await timed("the confirmed by name", lambda: page(PARTICIPANTS, yes, (Term("contact.last_name"),)), 20)
    await timed(
        "the confirmed, of a city, by name desc",
        lambda: page(
            PARTICIPANTS,
            Every((yes, Through("contact", OneOf("city", (chance.choice(TOWNS),), is_folded=True)))),
            (Term("contact.last_name", True),),
        ),
        20,
    )
    await timed(
        "of one customer number, by created_at",
        lambda: page(
            PARTICIPANTS,
            Through("contact", OneOf("customer_number", (f"K-{chance.randrange(PEOPLE):06}",))),
            (Term("created_at"),),
        ),
        20,
    )
    await timed(
        "none passes, by created_at",
        lambda: page(PARTICIPANTS, Between("updated_at", "2031-01-01", None), (Term("created_at"),)),
        10,
    )
    await timed(
        "none passes, by two keys",
        lambda: page(PARTICIPANTS, Between("updated_at", "2031-01-01", None), several),
        10,
    )
    for name, order in {
        "event's date desc, name": several,
        "confirmed, name": (Term("is_confirmed"), Term("contact.last_name")),
        "confirmed, created_at desc": (Term("is_confirmed"), Term("created_at", is_descending=True)),
        "category, name desc": (Term("category.title"), Term("contact.last_name", is_descending=True)),
        "city, name, created": (Term("contact.city"), Term("contact.last_name"), Term("created_at")),
    }.items():
        await timed(f"everything by {name}", lambda: page(PARTICIPANTS, Every(), order), 8)
        await timed(f"the confirmed by {name}", lambda: page(PARTICIPANTS, yes, order), 8)
    await timed(
        "everything by event's date desc, name, offset 50,000",
        lambda: page(PARTICIPANTS, Every(), several, offset=PARTICIPATIONS // 2),
        8,
    )
    for record in (PARTICIPANTS, CONTACTS):
        for lengths in ((1,), (2,), (3,), (4,), (5,), (8,), (3, 3), (5, 1)):

            def typed(where: Any = None) -> Any:
                search = Search(words(*lengths), sees_sensitive=True)
                both = search if where is None else Every((where, search))
                return page(record, both, (Term("rank"),), search, first=20)

            await timed(f"{record.path}, words of {lengths}, best first", typed, 20)
            if record is PARTICIPANTS:
                await timed("  of one event", lambda: typed(event()), 20)
            Search(words(*lengths))
            await timed("  how many", lambda: index.count(record, Search(words(*lengths))), 20)
    await timed(
        "contacts, a rare word",
        lambda: page(CONTACTS, (s := Search((f"k-0{chance.randrange(PEOPLE):05}"[:8],))), (Term("rank"),), s),
        20,
    )
    await timed(
        "contacts, a word that all have",
        lambda: page(CONTACTS, Search(("example",)), (Term("rank"),), Search(("example",))),
        20,
    )
    await timed(
        "participants, a word that all have",
        lambda: page(PARTICIPANTS, Search(("example",)), (Term("rank"),), Search(("example",))),
        8,
    )
    await timed(
        "participants, a word that all have, by name",
        lambda: page(PARTICIPANTS, Search(("example",)), (Term("contact.last_name"),)),
        8,
    )


async def counts(index: Index) -> None:
    """Ask for counts."""
    yes = OneOf("is_confirmed", (True,))
    for name, where in {
        "of one event": event,
        "of everything": Every,
        "of the confirmed": lambda: yes,
        "of those not confirmed and of an event": lambda: Every((Not(yes), event())),
    }.items():
        await timed(f"count {name}", lambda: index.count(PARTICIPANTS, where()), 20)
        for path in ("event", "category", "is_confirmed"):
            await timed(f"  by {path}", lambda: index.facet(PARTICIPANTS, where(), path, 10), 20)
        await timed(
            "  by quarter of an hour", lambda: index.quarters(PARTICIPANTS, where(), "created_at"), 20
        )
    for path in CONTACTS.facets.values():
        await timed(f"contacts by {path}", lambda: index.facet(CONTACTS, Every(), path, 10), 20)
        await timed(
            f"contacts of an event by {path}",
            lambda: index.facet(CONTACTS, LeadsTo("events", (3,)), path, 10),
            20,
        )


async def changes(index: Index) -> None:
    """Change rows, and ask."""

    async def change(records: list[Change]) -> None:
        for one in records:
            index.follow(one)
        await index.count(EVENTS, Every())

    await timed("a participant changed", lambda: change([told(PARTICIPANTS, participant(7), category=3)]), 20)
    await timed("a contact changed", lambda: change([told(CONTACTS, contact(7))]), 20)
    await timed(
        "100 contacts changed", lambda: change([told(CONTACTS, contact(n)) for n in range(1, 101)]), 10
    )


async def meanwhile(index: Index) -> None:
    """Ask for a page of one event, every five milliseconds, while several keys over everything are sorted."""
    taken: list[float] = []
    late: list[float] = []
    questions = (
        Question(PARTICIPANTS, Every(), (Term("is_confirmed"), Term("contact.last_name"))),
        Question(PARTICIPANTS, Every(), (Term("is_confirmed", True), Term("updated_at"))),
        Question(
            PARTICIPANTS, Search(("example",)), (Term("rank"), Term("created_at")), Search(("example",))
        ),
    )
    is_over = False

    async def sort() -> None:
        for question in questions * 4:
            begun = time.perf_counter()
            await index.page(question, Stretch(first=100))
            taken.append((time.perf_counter() - begun) * 1_000)

    async def ask() -> None:
        while not is_over:
            begun = time.perf_counter()
            await index.page(
                Question(PARTICIPANTS, event(), (Term("contact.last_name"),)), Stretch(first=100)
            )
            late.append((time.perf_counter() - begun) * 1_000)
            await asyncio.sleep(0.005)

    asking = asyncio.create_task(ask())
    await sort()
    is_over = True
    await asking
    for name, values in (("several keys, while others ask", taken), ("one event, meanwhile", late)):
        values.sort()
        print(
            f"{name:58} {statistics.median(values):8.2f} {values[int(len(values) * 0.95)]:8.2f} most {values[-1]:.1f}"
        )


async def main() -> None:
    """Measure."""
    made = rows()
    gc.collect()
    gc.freeze()
    before = memory()
    begun, cpu = time.perf_counter(), time.process_time()
    index = Index(RECORDS, made)
    print(f"taken in {(time.perf_counter() - begun) * 1_000:.0f} ms on the event loop")
    latest, gaps = time.perf_counter(), []
    filled = asyncio.ensure_future(index.count(EVENTS, Every()))
    while not filled.done():
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - latest)
        latest = time.perf_counter()
    gaps.sort()
    print(
        f"filled in {time.perf_counter() - begun:.1f} s, {time.process_time() - cpu:.1f} s of CPU, the event loop late by {gaps[-1] * 1_000:.0f} ms at the most, "
        f"{gaps[int(len(gaps) * 0.99)] * 1_000:.0f} at p99; {memory() - before:.0f} MB"
    )
    print(f"{'ms':58} {'p50':>8} {'p95':>8} {'CPU p50':>8}")
    if "counts" not in sys.argv:
        await pages(index)
    await counts(index)
    await meanwhile(index)
    await changes(index)
    await index.close()


if __name__ == "__main__":
    asyncio.run(main())
