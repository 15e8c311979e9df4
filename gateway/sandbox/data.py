"""A believable tenant, the same at every start; all its moments lie before 2026-11-23.

Twelve events around that day, 300 contacts, a tree of 20 categories and 1,500 participations.
"""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from gateway.sandbox.rows import Category, Contact, Event, Participant, Visibility
from gateway.sandbox.tables import Tables

START = datetime(2025, 1, 7, 8, 15, tzinfo=UTC)
CONTACTS = 300
WITHOUT_EVENT = 20  # contacts that take part in nothing
PARTICIPANTS_OF_EVENT = (128, 96, 141, 110, 165, 103, 134, 118, 150, 92, 137, 126)  # 1,500 in all

# key, title, country, state, city, first day, days, visible; the key's year is the event's.
FAIRS: tuple[tuple[str, str, str, str | None, str, date, int, bool], ...] = (
    ("spring-fair-2026", "Spring Fair", "DE", "Sachsen", "Leipzig", date(2026, 3, 20), 3, True),
    ("craft-market-2026", "Craft Market on the Elbe", "DE", "Sachsen", "Dresden", date(2026, 5, 1), 2, True),
    ("garden-days-2026", "Garden Days", "AT", "Wien", "Wien", date(2026, 5, 29), 3, True),
    ("food-lyon-2026", "Salon du Goût", "FR", "Auvergne-Rhône-Alpes", "Lyon", date(2026, 6, 11), 4, True),
    ("design-expo-2026", "Design Expo", "IT", "Lombardia", "Milano", date(2026, 9, 17), 4, True),
    ("harvest-market-2026", "Harvest Market", "DE", "Bayern", "Nürnberg", date(2026, 10, 3), 2, False),
    ("boat-show-2026", "Boat Show", "NL", None, "Rotterdam", date(2026, 11, 21), 4, True),
    ("christmas-market-2026", "Christmas Market", "DE", "Sachsen", "Leipzig", date(2026, 11, 27), 26, True),
    ("wine-fair-2027", "Wine Fair", "ES", "La Rioja", "Logroño", date(2027, 2, 12), 3, True),
    ("book-fair-2027", "Book Fair", "BE", None, "Gent", date(2027, 3, 18), 4, True),
    ("makers-day-2027", "Makers' Day", "DK", None, "Aarhus", date(2027, 4, 24), 1, False),
    ("spring-fair-2027", "Spring Fair", "DE", "Sachsen", "Leipzig", date(2027, 3, 19), 3, False),
)

# key, title, parent (None: root), visibility, keys of the events it is restricted to
TREE: tuple[tuple[str, str, str | None, Visibility, tuple[str, ...] | None], ...] = (
    ("crafts", "Crafts", None, "container", None),
    ("food", "Food and drink", None, "container", None),
    ("services", "Services", None, "container", None),
    ("press", "Press", None, "admin_only", None),
    ("wood", "Wood", "crafts", "selectable", None),
    ("textiles", "Textiles", "crafts", "container", None),
    ("ceramics", "Ceramics", "crafts", "selectable", None),
    ("jewellery", "Jewellery", "crafts", "selectable", ("design-expo-2026", "christmas-market-2026")),
    ("hot-food", "Hot food", "food", "container", None),
    ("drinks", "Drinks", "food", "container", None),
    ("delicatessen", "Delicatessen", "food", "selectable", ("food-lyon-2026",)),
    ("stand-building", "Stand building", "services", "admin_only", None),
    ("sponsoring", "Sponsoring", "services", "selectable", ()),
    ("weaving", "Weaving", "textiles", "selectable", None),
    ("knitwear", "Knitwear", "textiles", "selectable", None),
    ("toys", "Wooden toys", "wood", "selectable", ("christmas-market-2026",)),
    ("vegetarian", "Vegetarian kitchen", "hot-food", "selectable", None),
    ("grill", "Grill", "hot-food", "selectable", None),
    ("wine", "Wine", "drinks", "selectable", ("wine-fair-2027", "food-lyon-2026")),
    ("coffee", "Coffee", "drinks", "selectable", None),
)

FIRST_NAMES = (
    *("Ada", "Bruno", "Carla", "Daan", "Elena", "Emil", "Femke", "Greta", "Hugo", "Ines"),
    *("Jonas", "Lea", "Louis", "Marta", "Nina", "Noor", "Oskar", "Rosa", "Theo", "Zoë"),
)
LAST_NAMES = (
    *("Albrecht", "Bianchi", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Huber", "Janssen", "Keller"),
    *("Marino", "Moreau", "Neumann", "Ortega", "Peeters", "Romano", "Schulz", "Sørensen", "Weiß", "Winkler"),
)
TRADES = (
    "Keramik",
    "Atelier",
    "Holzwerk",
    "Feinkost",
    "Textil",
    "Studio",
    "Imkerei",
    "Rösterei",
    "Manufaktur",
)
FORMS = ("GmbH", "e.K.", "OHG", "SARL", "B.V.", "KG")
PLACES = (
    *(
        ("DE", "Sachsen", "Leipzig", "04109"),
        ("DE", "Bayern", "München", "80331"),
        ("DE", None, "Berlin", "10115"),
    ),
    *(("AT", "Wien", "Wien", "1010"), ("FR", None, "Lyon", "69002"), ("NL", None, "Utrecht", "3511")),
    *(("IT", "Lombardia", "Milano", "20121"), ("BE", None, "Gent", "9000"), ("DK", None, "Aarhus", "8000")),
)
STREETS = (
    "Hauptstraße",
    "Marktplatz",
    "Bahnhofstraße",
    "Rue de la Paix",
    "Kerkstraat",
    "Via Roma",
    "Gartenweg",
)
NOTES = ("Prefers a corner stand.", "Pays on time.", "Needs 400 V.", "Asks for a quiet neighbour.")


def seed() -> Tables:
    """Return fresh tables with the same rows every time; rows are frozen, so tables may share them."""
    return Tables(*_rows())


@cache
def _rows() -> tuple[tuple[Participant, ...], tuple[Event, ...], tuple[Contact, ...], tuple[Category, ...]]:
    rng = random.Random(20261123)  # noqa: S311 (the same numbers each time are what we want)
    events = tuple(_event(n) for n in range(1, len(FAIRS) + 1))
    categories = _categories(events)
    pickable = [category.id for category in categories if category.applicant_visibility == "selectable"]
    contacts = tuple(_contact(rng, n, pickable) for n in range(1, CONTACTS + 1))
    return _participants(rng, events, contacts), events, contacts, categories


def _event(number: int) -> Event:
    key, title, country, state, city, first, days, visible = FAIRS[number - 1]
    timed = number % 3 == 0  # every third event knows the hours of its dates
    last = first + timedelta(days=days - 1)
    return Event(
        id=number,
        event_key=key,
        title=f"{title} {first.year}",
        description=None if number % 5 == 0 else f"{title} in {city}, {days} days.",
        country=country,
        state=state,
        city=city,
        date_from=_at(first, 9) if timed else first,
        date_to=None if days == 1 else _at(last, 18) if timed else last,
        application_deadline=None if number % 4 == 0 else first - timedelta(days=90),
        is_visible=visible,
        image=None if number % 4 == 1 else {"url": f"https://example.org/images/{key}.jpg", "alt": title},
        opening_hours=tuple(_hours(first + timedelta(days=n)) for n in range(min(days, 4))),
    )


def _hours(day: date) -> dict[str, str]:
    return {"date": day.isoformat(), "from": "09:00", "to": "16:00" if day.weekday() == 6 else "18:00"}


def _at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def _categories(events: tuple[Event, ...]) -> tuple[Category, ...]:
    event_ids = {event.event_key: event.id for event in events}
    ids = {key: number for number, (key, *_) in enumerate(TREE, start=1)}
    return tuple(
        Category(
            id=ids[key],
            category_key=key,
            title=title,
            content=f"All about {title.lower()}." if ids[key] % 2 else None,
            parent_id=None if parent is None else ids[parent],
            event_ids=None if only is None else tuple(sorted(event_ids[event] for event in only)),
            is_visible=visibility != "admin_only",
            applicant_visibility=visibility,
            account_access_enabled=visibility == "selectable",
            sort_order=ids[key] * 10,
            created_at=START + timedelta(hours=7 * ids[key]),
            updated_at=START + timedelta(days=60, hours=31 * ids[key]),
        )
        for key, title, parent, visibility, only in TREE
    )


def _contact(rng: random.Random, number: int, pickable: list[int]) -> Contact:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    country, state, city, postal_code = rng.choice(PLACES)
    company = None if rng.random() < 0.15 else f"{rng.choice(TRADES)} {last} {rng.choice(FORMS)}"
    created_at = START - timedelta(hours=20 * (CONTACTS - number), seconds=rng.randrange(3600))
    contact = Contact(
        id=number,
        customer_number=None if number % 10 == 0 else f"C-{10_000 + number}",
        company_name=company,
        first_name=first,
        last_name=last,
        address=f"{rng.choice(STREETS)} {rng.randint(1, 140)}",
        postal_code=postal_code,
        city=city,
        country=country,
        state=state,
        phone=f"+49 341 {5_550_000 + number}",
        email=f"contact{number}@example.{'org' if number % 2 else 'com'}",
        rating=rng.randint(1, 5),
        category_ids=tuple(sorted(rng.sample(pickable, rng.randint(0, 3)))),
        created_at=created_at,
        updated_at=created_at + timedelta(minutes=rng.randrange(60_000)),
    )
    return replace(contact, **_extras(rng, number))


def _extras(rng: random.Random, number: int) -> dict[str, str | bool | None]:
    """Return the columns that are often empty."""
    has_account = rng.random() < 0.3
    return {
        "fax": f"+49 341 {5_560_000 + number}" if rng.random() < 0.1 else None,
        "mobile": f"+49 151 {5_570_000 + number}" if rng.random() < 0.5 else None,
        "website": f"https://www.example.org/{number}" if rng.random() < 0.4 else None,
        "notes": rng.choice(NOTES) if rng.random() < 0.25 else None,
        "tax_id": f"DE{100_000_000 + number}" if rng.random() < 0.6 else None,
        "has_account": has_account,
        "account_access_enabled": has_account or rng.random() < 0.2,
    }


def _participants(
    rng: random.Random, events: tuple[Event, ...], contacts: tuple[Contact, ...]
) -> tuple[Participant, ...]:
    pool = rng.sample(contacts, CONTACTS - WITHOUT_EVENT)
    pairs = [
        (event, contact)
        for event, size in zip(events, PARTICIPANTS_OF_EVENT, strict=True)
        for contact in rng.sample(pool, size)
    ]
    rng.shuffle(pairs)
    return tuple(_participant(rng, n, event, contact) for n, (event, contact) in enumerate(pairs, start=1))


def _participant(rng: random.Random, number: int, event: Event, contact: Contact) -> Participant:
    created_at = START + timedelta(minutes=600 * number, seconds=rng.randrange(600))
    return Participant(
        id=number,
        event_id=event.id,
        contact_id=contact.id,
        is_confirmed=rng.random() < 0.6,
        category_id=rng.choice(contact.category_ids) if contact.category_ids else None,
        created_at=created_at,
        updated_at=created_at + timedelta(minutes=rng.randrange(60_000)),
    )
