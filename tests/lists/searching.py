# pyright: basic
"""Searches in plain Python: whether a row has a word, and how well."""

import re
import unicodedata
from functools import lru_cache

NAMES = {
    "contacts": ("last_name", "first_name", "company_name", "customer_number"),
    "events": ("title", "event_key"),
}
OTHERS = {
    "contacts": (
        *("email", "city", "phone", "mobile", "fax", "postal_code", "address", "state", "country", "website"),
    ),
    "events": ("city", "state", "country", "description"),
}
PRIVATE = {"contacts": ("tax_id", "notes"), "events": ()}

TEXTS = {kind: (*NAMES[kind], *OTHERS[kind], *PRIVATE[kind]) for kind in NAMES}


@lru_cache(100_000)
def folded(text: str) -> str:
    """Return a text without case and accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def lines(row, columns) -> list[str]:
    """Return texts as they are searched."""
    return [folded(getattr(row, column) or "").replace("\n", " ") for column in columns]


def blank(text: str) -> str:
    """Return a text with blanks for all but letters and digits."""
    return re.sub(r"[\W_]", " ", text)


def has(kind: str, row, word: str) -> bool:
    """Return whether a word is anywhere in a row; one of two letters must begin a word of a name or a number."""
    if len(word) > 2:
        return any(word in line for line in lines(row, TEXTS[kind]))
    sought = blank(word)
    begins = re.compile(rf"(?<![^ ]){re.escape(sought)}")
    return sought[0] != " " and any(begins.search(blank(line)) for line in lines(row, NAMES[kind]))


def rank(kind: str, row, word: str) -> int:
    """Return how well a word is found: as the whole, at the beginning, as a word's, within; then by the column."""
    sought, is_short = blank(word), len(word) <= 2
    found = [blank(line) for line in lines(row, NAMES[kind] if is_short else TEXTS[kind])]
    ways = [str.__eq__, str.startswith, lambda line, word: f" {word}" in line, str.__contains__]
    for way, holds in enumerate(ways[: 3 if is_short else None]):
        for number, line in enumerate(found):
            if holds(line, sought):
                return way * len(TEXTS[kind]) + number
    return len(ways) * len(TEXTS[kind])
