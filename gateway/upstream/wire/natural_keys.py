"""Natural keys as they are compared: one text may be written in several of Unicode's normal forms.

A macOS file name or a form field gives "ü" as "u" with a mark, PlanDocket's database mostly as one letter.
"""

from unicodedata import normalize


def comparable(key: str) -> str:
    """Return what all spellings of a key have in common; what is sent stays as it was given."""
    return key if key.isascii() else normalize("NFC", key)


def usable(key: str | None) -> str | None:
    """Return a key as it is; None for one of blanks alone: it names nothing, and as a filter lets all through."""
    return key if key and key.strip() else None
