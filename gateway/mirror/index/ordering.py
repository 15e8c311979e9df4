"""Orders as SQL: what rows are ordered by, and which rows lie behind one key or before another."""

from typing import Any

import msgspec

from gateway.mirror.index import texts
from gateway.mirror.index.conditions import Bound, Layouts, rank_of, ranked_through
from gateway.mirror.index.question import RANK, Key, Question, Term


class Part(msgspec.Struct, frozen=True):
    """One thing that rows are ordered by."""

    sql: str
    """Never NULL: see `texts.NULL`."""
    is_descending: bool = False
    nulls_first: bool = False

    @property
    def comparisons(self) -> list[tuple[str, bool, bool]]:
        """What is compared, one after the other: in SQL, whether it descends, and whether it is only about null."""
        plain = (self.sql, self.is_descending, False)
        if self.is_descending == self.nulls_first:
            return [plain]
        return [(f"({self.sql} = x'')", self.nulls_first, True), plain]


class Ordering:
    """The order that a question asks for: its terms, then ties."""

    def __init__(self, layouts: Layouts, question: Question, bind: Bound) -> None:
        self._layout = layouts[question.record.path]
        self._bind = bind
        self._question = question
        self.terms = [self._part(term) for term in question.order]
        ties = dict.fromkeys(include for term in question.order if (include := self._include(term)))
        self.parts = [*self.terms, *(Part(self._layout.to(include)) for include in ties), Part("id")]

    def _part(self, term: Term) -> Part:
        if term.path == RANK:
            sql = rank_of(self._layout, self._question.search, self._bind)
        else:
            sql = self._layout.key(term.path)
        return Part(sql, term.is_descending, term.nulls_first)

    def _include(self, term: Term) -> str | None:
        if term.path == RANK:
            return ranked_through(self._layout)
        return term.path.partition(".")[0] if "." in term.path else None

    @property
    def selected(self) -> str:
        """What makes a row's key: see `key_of`."""
        return ", ".join(part.sql for part in self.parts)

    def order_by(self, *, backwards: bool) -> str:
        """Return what ORDER BY names."""
        found = (one for part in self.parts for one in part.comparisons)
        return ", ".join(f"{sql} {'DESC' if descends != backwards else 'ASC'}" for sql, descends, _ in found)

    def behind(self, key: Key, *, backwards: bool = False, or_at: bool = False) -> str:
        """Return the condition that rows lie behind a key, or before it; `or_at` takes in the key's own row."""
        condition = "1" if or_at else "0"
        for part, value in reversed(list(zip(self.parts, key, strict=True))):
            bound = texts.NULL if value is None else value
            for sql, descends, is_null in reversed(part.comparisons):
                name = self._bind(bound == texts.NULL if is_null else bound)
                sign = "<" if descends != backwards else ">"
                condition = f"{sql} {sign}= {name} AND ({sql} {sign} {name} OR {condition})"
        return f"({condition})"


def key_of(values: tuple[Any, ...]) -> Key:
    """Return a row's key, as it was selected."""
    return tuple(None if value == texts.NULL else value for value in values)
