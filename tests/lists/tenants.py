# pyright: basic
"""Tenants whose rows are odd in every way that filters, orders and searches may stumble over."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.sandbox import Dialect, Sandbox
from gateway.sandbox.rows import Category, Contact, Event, Participant

TEXTS = (
    *(
        None,
        None,
        "",
        " ",
        "Müller",
        "MULLER",
        "Mu\u0308ller",
        "mueller",
        "Weiß",
        "WEISS",
        "Sørensen",
        "a",
        "Ä",
    ),
    *(
        "Zoë B",
        "zoe b.",
        "O'Neil-Ünal",
        "Ab-Ac 12",
        "%_",
        'say "hi"',
        "NEAR(x)",
        "ﬃ",
        "ab",
        "Ärzte\nam Bau",
        "日本",
    ),
)
CITIES = (None, "", "Leipzig", "LEIPZIG", "München", "Munchen", "Mu\u0308nchen", "Köln-Süd")
COUNTRIES = (None, "", "DE", "de", "AT", "Österreich", "osterreich")
START = datetime(2026, 3, 28, 22, 50, tzinfo=UTC)  # a night before the clocks go on


def moment(rng: random.Random) -> datetime:
    """Return one of few moments, so that there are ties; some lie around midnight."""
    return START + timedelta(minutes=rng.choice((0, 0, 5, 9, 10, 25, 70, 130, 60 * 24, 60 * 24 * 40 + 7)))


def contact(rng: random.Random, row_id: int, category_ids: tuple[int, ...] = ()) -> Contact:
    """Return a contact of texts that are alike, empty, or none."""
    texts: dict[str, Any] = {
        name: rng.choice(TEXTS)
        for name in ("company_name", "first_name", "last_name", "email", "phone", "address", "state", "notes")
    }
    return Contact(
        id=row_id,
        customer_number=rng.choice((None, f"K-{row_id}", f"k-{row_id}ü", f"K-{row_id}u\u0308")),
        city=rng.choice(CITIES),
        country=rng.choice(COUNTRIES),
        tax_id=rng.choice((None, "DE 12 müller", "")),
        rating=rng.randint(1, 5),
        has_account=rng.random() < 0.4,
        category_ids=category_ids,
        created_at=moment(rng),
        updated_at=moment(rng),
        **texts,
    )


def event(rng: random.Random, row_id: int) -> Event:
    """Return an event that begins on a day, at a moment, or nobody knows when."""
    days = (None, date(2026, 3, 28), date(2026, 3, 29), date(2026, 11, 30))
    return Event(
        id=row_id,
        event_key=f"fair-{row_id}ü" if row_id % 3 else f"FAIR-{row_id}",
        title=rng.choice(TEXTS) or "Fair",
        description=rng.choice(TEXTS),
        country=rng.choice(COUNTRIES[1:]),
        state=rng.choice(TEXTS),
        city=rng.choice(CITIES),
        date_from=rng.choice((*days, moment(rng), START.replace(hour=0, minute=0))),
        date_to=rng.choice((*days, moment(rng))),
        is_visible=rng.random() < 0.5,
    )


def category(rng: random.Random, row_id: int) -> Category:
    """Return a category without parents."""
    return Category(
        id=row_id,
        category_key=f"kind-{row_id}",
        title=rng.choice(TEXTS) or "Kind",
        created_at=START,
        updated_at=START,
    )


def participant(
    rng: random.Random, row_id: int, events: list, contacts: list, categories: list
) -> Participant:
    """Return a participation; a few lead nowhere."""
    return Participant(
        id=row_id,
        event_id=rng.choice((*events, 0, 99)),
        contact_id=rng.choice((*contacts, 0, 99)),
        category_id=rng.choice((*categories, None)),
        is_confirmed=rng.random() < 0.5,
        created_at=moment(rng),
        updated_at=moment(rng),
    )


def tenant(seed: int, dialect: Dialect, participants: int = 150) -> Sandbox:
    """Return a sandbox of such rows, the same for each seed."""
    rng = random.Random(seed)  # noqa: S311 - the same each time
    sandbox = Sandbox(dialect=dialect)
    tables = sandbox.tables
    for table in (tables.participants, tables.contacts, tables.events, tables.categories):
        for row in list(table):
            table.drop(row.id)
    categories, events, contacts = range(1, 8), range(1, 9), range(1, 41)
    for row_id in categories:
        tables.categories.put(category(rng, row_id))
    for row_id in events:
        tables.events.put(event(rng, row_id))
    for row_id in contacts:
        tables.contacts.put(contact(rng, row_id, tuple(sorted(rng.sample(categories, rng.randrange(3))))))
    for row_id in sorted(rng.sample(range(1, 400), participants)):
        tables.participants.put(participant(rng, row_id, list(events), list(contacts), list(categories)))
    return sandbox
