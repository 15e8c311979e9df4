"""Keys made from a title, for rows that come without one."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count


def make_key(title: str, taken: Collection[str]) -> str:
    """Return the title in lower-case ASCII with hyphens, numbered from 2 where it is taken.

    Source: /en/api/events.html, /en/api/categories.html ("generated when left out"; how is not said).
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "untitled"
    if stem not in taken:
        return stem
    return next(key for n in count(2) if (key := f"{stem}-{n}") not in taken)
