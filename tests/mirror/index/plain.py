# pyright: basic
"""The same questions answered by plain Python over all rows, written without a look at how the index does it."""

import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cmp_to_key
from typing import Any

from gateway.mirror.rows.index.question import (
    Between,
    Condition,
    Every,
    IsSet,
    Key,
    LeadsTo,
    Not,
    OneOf,
    Question,
    Rows,
    Search,
    Some,
    Stretch,
    Term,
    Through,
)
from gateway.upstream.record import Many, One, Record

HOWS = 4
"""A word is a whole text, its beginning, the beginning of a word in it, or anywhere."""


def seen(value: Any) -> Any:
    """Return a text as the index holds it: of one normal form, without half a character, and without zeros."""
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", value.encode(errors="replace").decode().replace("\0", " "))


def fold(text: str) -> str:
    """Return a text without case and marks."""
    apart = unicodedata.normalize("NFKD", seen(text).casefold())
    return "".join(letter for letter in apart if unicodedata.combining(letter) == 0).casefold()


def blank(text: str) -> str:
    """Return a text where all but letters and digits is blank."""
    return "".join(letter if letter.isalnum() else " " for letter in text)


def instant(moment: datetime | str) -> datetime:
    """Return a moment in UTC, of a date its midnight."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


class Plain:
    """All rows of some resources, and what their includes tell."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, Any]] = {}
        self.links: dict[tuple[str, int], dict[str, Any]] = {}

    def led(self, record: Record[Any], row_id: int, include: str) -> int | None:
        """Return the id that an include of one row leads to, be the row there or not."""
        embed = record.includes[include]
        assert isinstance(embed, One)
        if embed.key is None:
            found = self.links[record.path, row_id].get(include)
        else:
            found = getattr(self.rows[record.path][row_id], embed.key)
        return found if found is not None and found > 0 else None

    def passes(self, record: Record[Any], row_id: int, condition: Condition) -> bool:
        """Return whether a row passes."""
        row = self.rows[record.path][row_id]
        match condition:
            case Every(inner):
                return all(self.passes(record, row_id, one) for one in inner)
            case Some(inner):
                return any(self.passes(record, row_id, one) for one in inner)
            case Not(inner):
                return not self.passes(record, row_id, inner)
            case OneOf(column, values, is_folded):
                value = getattr(row, column)
                if is_folded:
                    return value is not None and fold(value) in {
                        fold(str(one)) for one in values if one is not None
                    }
                return value is not None and seen(value) in map(seen, values)
            case Between(column, start, before):
                moment = getattr(row, column)
                if start is None and before is None:
                    return True
                if moment is None:
                    return False
                at = instant(moment)
                return (start is None or at >= instant(start)) and (before is None or at < instant(before))
            case IsSet(column):
                return getattr(row, column) not in (None, "")
            case LeadsTo(include, ids):
                if isinstance(record.includes[include], Many):
                    return any(
                        one in ids for one in self.links[record.path, row_id].get(include, ()) if one > 0
                    )
                return self.led(record, row_id, include) in ids
            case Through(include, passing):
                other, led = self.other(record, include), self.led(record, row_id, include)
                return led in self.rows[other.path] and self.passes(other, led, passing)
            case Search(words, sees_sensitive):
                return all(self.has(record, row_id, word, sees_sensitive) for word in words)

    def other(self, record: Record[Any], include: str) -> Record[Any]:
        """Return the resource that an include leads to."""
        embed = record.includes[include]
        assert isinstance(embed, One | Many)
        return embed.record

    def texts(self, record: Record[Any], row_id: int, names: Any, sees_sensitive: bool) -> list[str]:
        """Return the folded texts of some columns that may be seen."""
        row = self.rows[record.path][row_id]
        seen = [name for name in names if sees_sensitive or name not in record.sensitive]
        return [fold(getattr(row, name) or "") for name in seen]

    def has(self, record: Record[Any], row_id: int, word: str, sees_sensitive: bool) -> bool:
        """Return whether a word is in a row's own texts, or in those that it is searched with."""
        for include in record.searched:
            other, led = self.other(record, include), self.led(record, row_id, include)
            if led in self.rows[other.path] and self.has(other, led, word, sees_sensitive):
                return True
        if len(word) > 2:
            return any(word in text for text in self.texts(record, row_id, record.texts, sees_sensitive))
        for text in self.texts(record, row_id, record.names, sees_sensitive):
            for at, letter in enumerate(text):
                is_start = letter.isalnum() and not (at and text[at - 1].isalnum())
                if is_start and blank(text[at : at + 2]).startswith(blank(word)):
                    return True
        return False

    def rank(self, record: Record[Any], row_id: int | None, search: Search | None) -> int | None:
        """Return how well a row has words; None where there is none that could have them."""
        if search is None or row_id is None:
            return 0 if search is None else None
        if not record.texts:
            if not record.searched:
                return 0
            other, led = self.other(record, record.searched[0]), self.led(record, row_id, record.searched[0])
            return self.rank(other, led if led in self.rows[other.path] else None, search)
        names = [name for name in record.texts if name in record.names]
        others = [name for name in record.texts if name not in record.names]
        all_ = self.texts(record, row_id, (*names, *others), search.sees_sensitive)
        return sum(
            self.rank_of(word, all_ if len(word) > 2 else all_[: len(names)], len(record.texts))
            for word in search.words
        )

    def rank_of(self, word: str, texts: list[str], most: int) -> int:
        """Return how a word is found first, then where."""
        sought = blank(word)
        hows: list[Callable[[str], bool]] = [
            lambda text: text == sought,
            lambda text: text.startswith(sought),
            lambda text: f" {sought}" in text,
            lambda text: sought in text,
        ]
        for how, is_so in enumerate(hows if len(word) > 2 else hows[:3]):
            for place, text in enumerate(texts):
                if is_so(blank(text)):
                    return how * most + place
        return HOWS * most

    def value(self, record: Record[Any], row_id: int, path: str, search: Search | None) -> Any:
        """Return what a term orders a row by."""
        if path == "id":
            return row_id
        if path == "rank":
            return self.rank(record, row_id, search)
        if "." in path:
            include, _, column = path.partition(".")
            other, led = self.other(record, include), self.led(record, row_id, include)
            return self.value(other, led, column, None) if led in self.rows[other.path] else None
        value = getattr(self.rows[record.path][row_id], path)
        if isinstance(value, datetime) or (value is not None and path.startswith("date_")):
            return instant(value).isoformat()
        return fold(value)[:64] if isinstance(value, str) else value

    def key(self, question: Question, row_id: int) -> Key:
        """Return what a row is ordered by."""
        record = question.record
        led: dict[str, int | None] = {}
        for term in question.order:
            include = term.path.partition(".")[0] if "." in term.path else None
            if term.path == "rank" and not record.texts and record.searched:
                include = record.searched[0]
            if include is not None:
                led[include] = self.led(record, row_id, include)
        values = [self.value(record, row_id, term.path, question.search) for term in question.order]
        return (*values, *led.values(), row_id)

    def page(self, question: Question, stretch: Stretch) -> Rows:
        """Return a stretch of all rows that pass, sorted."""
        ids = [
            one
            for one in self.rows[question.record.path]
            if self.passes(question.record, one, question.where)
        ]
        keys = sorted((self.key(question, one) for one in ids), key=cmp_to_key(comparison(question.order)))
        compare = comparison(question.order)
        low = 0 if stretch.after is None else sum(compare(key, stretch.after) <= 0 for key in keys)
        high = len(keys) if stretch.before is None else sum(compare(key, stretch.before) < 0 for key in keys)
        high = max(low, high)
        if stretch.first is None and stretch.last is not None:
            start, end = max(low, high - stretch.last), high
        else:
            start = min(low + stretch.offset, high)
            end = high if stretch.first is None else min(start + stretch.first, high)
        found = tuple(keys[start:end])
        return Rows(tuple(int(str(key[-1])) for key in found), found, start > 0, end < len(keys))

    def facet(self, record: Record[Any], where: Condition, path: str, most: int) -> tuple[Any, ...]:
        """Return the most frequent values, or ids."""
        counts: Counter[Any] = Counter()
        for row_id in self.rows[record.path]:
            if not self.passes(record, row_id, where):
                continue
            embed = record.includes.get(path)
            if isinstance(embed, Many):
                held = self.rows[embed.record.path].keys()
                counts.update(
                    {one for one in self.links[record.path, row_id].get(path, ()) if one in held} or {None}
                )
            elif isinstance(embed, One):
                led = self.led(record, row_id, path)
                counts[led if led in self.rows[embed.record.path] else None] += 1
            else:
                counts[seen(getattr(self.rows[record.path][row_id], path))] += 1
        order = sorted(
            counts.items(), key=lambda one: (-one[1], one[0] is None, one[0] or 0 if one[0] != "" else "")
        )
        return tuple(order[:most])

    def quarters(self, record: Record[Any], where: Condition, column: str) -> tuple[Any, ...]:
        """Return counts by quarter of an hour."""
        rows = self.rows[record.path]
        moments = [getattr(rows[one], column) for one in rows if self.passes(record, one, where)]
        return tuple(
            sorted(Counter(int(one.timestamp() // 900) for one in moments if one is not None).items())
        )


def comparison(order: tuple[Term, ...]) -> Callable[[Key, Key], int]:
    """Return what compares two keys as an order does."""

    def compare(one: Key, other: Key) -> int:
        terms = (*order, *(Term("id") for _ in range(len(one) - len(order))))
        for term, left, right in zip(terms, one, other, strict=True):
            if left == right:
                continue
            if left is None or right is None:
                return -1 if (left is None) == term.nulls_first else 1
            return -1 if (left < right) != term.is_descending else 1  # type: ignore[operator]
        return 0

    return compare
