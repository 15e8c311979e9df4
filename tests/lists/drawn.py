# pyright: basic
"""Any filters and orders, as callers send them: JSON of the schema's inputs."""

from base64 import b64encode

from hypothesis import strategies as st
from lists.tenants import CITIES, COUNTRIES

WORDS = (
    *(
        "müller",
        "MUL",
        "ller",
        "wei",
        "ss",
        "ß",
        "a",
        "Ä",
        "ac",
        "zo",
        "o'n",
        '"hi"',
        "near(",
        "%",
        "_",
        "k-1",
        "12",
    ),
    *("ffi", "日", "日本", "leip", "mun", "süd", "de", "fair", "b.", " ", "or", "NOT", "*", "'", "ab-ac"),
)
MOMENTS = (
    None,
    "2026-03-28",
    "2026-03-29T00:00:00+01:00",
    "2026-03-28T22:50:00Z",
    "2026-03-29T01:00:00.5Z",
    "2027-01-01",
)


def gid(kind: str, row_id: int) -> str:
    """Return a global id."""
    return b64encode(f"{kind}:{row_id}".encode()).decode()


def optional(**fields):
    """Return objects that have some of these fields, or null there."""
    return st.fixed_dictionaries({}, optional=fields)


def few(values):
    """Return short lists, empty ones too."""
    return st.lists(values, max_size=3)


def by(kind: str, key: str, keys, largest: int):
    """Return inputs that name a row, which may not be there."""
    ids = st.integers(1, largest) | st.just(99)
    return st.one_of(
        ids.map(lambda row_id: {"id": gid(kind, row_id)}),
        st.one_of(ids, st.sampled_from((0, -1))).map(lambda row_id: {"databaseId": row_id}),
        keys.map(lambda value: {key: value}),
    )


def ids(kind: str, largest: int):
    """Return global ids of a kind."""
    return few(st.integers(1, largest).map(lambda row_id: gid(kind, row_id)))


EVENT_KEYS = st.integers(1, 9).map(lambda n: f"fair-{n}ü" if n % 3 else f"FAIR-{n}")
NUMBERS = st.builds(
    "{}-{}{}".format, st.sampled_from("Kk"), st.integers(1, 41), st.sampled_from(("", "ü", "u\u0308"))
)
CATEGORY_KEYS = st.integers(1, 8).map("kind-{}".format)
EVENT_BY = by("Event", "eventKey", EVENT_KEYS, 9)
CONTACT_BY = by("Contact", "customerNumber", NUMBERS, 41)
CATEGORY_BY = by("Category", "categoryKey", CATEGORY_KEYS, 8)
SPANS = st.fixed_dictionaries({}, optional=dict.fromkeys(("from", "before"), st.sampled_from(MOMENTS)))
DAYS = SPANS.map(lambda span: {name: text and text[:10] for name, text in span.items()})
SEARCH = st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join)
FLAG = st.none() | st.booleans()
CITY, COUNTRY = (
    few(st.sampled_from([one for one in some if one is not None])) for some in (CITIES, COUNTRIES)
)


def joined(fields: dict):
    """Return filters of some fields, nested by and, or and not."""
    some = st.one_of([optional(**{name: found}) for name, found in fields.items()])
    plain = st.lists(some, max_size=3).map(
        lambda all_: {name: value for one in all_ for name, value in one.items()}
    )
    return st.recursive(
        plain,
        lambda inner: st.builds(
            lambda own, more: {**own, **more},
            some,
            optional(**{"and": few(inner), "or": few(inner), "not": inner}),
        ),
        max_leaves=5,
    )


CONTACT = joined(
    {
        "eventKey": EVENT_KEYS,
        "categoryKey": CATEGORY_KEYS,
        "search": SEARCH,
        "ids": ids("Contact", 41),
        "customerNumbers": few(NUMBERS),
        "events": few(EVENT_BY),
        "categories": few(CATEGORY_BY),
        "cities": CITY,
        "countries": COUNTRY,
        "ratings": few(st.integers(0, 6)),
        "hasCustomerNumber": FLAG,
        "hasAccount": FLAG,
        "createdAt": SPANS,
        "updatedAt": SPANS,
    }
)
EVENT = joined(
    {
        "search": SEARCH,
        "upcoming": FLAG,
        "ids": ids("Event", 9),
        "eventKeys": few(EVENT_KEYS),
        "cities": CITY,
        "countries": COUNTRY,
        "isVisible": FLAG,
        "from": DAYS,
        "to": DAYS,
    }
)
PARTICIPANT = joined(
    {
        "eventKey": EVENT_KEYS,
        "customerNumber": NUMBERS,
        "isConfirmed": FLAG,
        "ids": ids("Participant", 400),
        "events": few(EVENT_BY),
        "contacts": few(CONTACT_BY),
        "categories": few(CATEGORY_BY),
        "createdAt": SPANS,
        "updatedAt": SPANS,
        "search": SEARCH,
        "contact": CONTACT,
        "event": EVENT,
    }
)
FILTERS = {"participants": PARTICIPANT, "contacts": CONTACT, "events": EVENT}

FIELDS = {
    "participants": (
        *(
            "DEFAULT",
            "ID",
            "CREATED_AT",
            "UPDATED_AT",
            "IS_CONFIRMED",
            "CONTACT_LAST_NAME",
            "CONTACT_COMPANY_NAME",
        ),
        *("CONTACT_CUSTOMER_NUMBER", "CONTACT_CITY", "EVENT_TITLE", "EVENT_DATE_FROM", "CATEGORY_TITLE"),
    ),
    "contacts": (
        *("DEFAULT", "ID", "COMPANY_NAME", "LAST_NAME", "FIRST_NAME", "EMAIL", "CUSTOMER_NUMBER", "CITY"),
        *("CREATED_AT", "UPDATED_AT", "COUNTRY"),
    ),
    "events": ("DEFAULT", "ID", "TITLE", "EVENT_KEY", "DATE_FROM", "DATE_TO", "CITY", "COUNTRY"),
}


def orders(kind: str):
    """Return orders of several keys."""
    key = st.fixed_dictionaries(
        {"field": st.sampled_from(FIELDS[kind])},
        optional={"direction": st.sampled_from(("ASC", "DESC")), "nulls": st.sampled_from(("FIRST", "LAST"))},
    )
    return st.lists(key, max_size=3)
