"""Orders as SQL: what rows are ordered by, and which rows lie behind one key or before another."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.mirror.rows.index import texts
from gateway.mirror.rows.index.conditions import Bound, Layouts, rank_of, ranked_through
from gateway.mirror.rows.index.layout import Layout
from gateway.mirror.rows.index.question import RANK, Key, Question, Term, WrongKeyError


class Part(msgspec.Struct, frozen=True):
    """One thing that rows are ordered by."""

    sql: str
    """Never NULL: see `texts.NULL`."""
    is_descending: bool = False
    nulls_first: bool = False
    index: str | None = None
    """The clause that reads an index which begins with it; None where there is none."""
    ties: tuple[str, ...] = ()
    """What that index goes on with."""

    @property
    def comparisons(self) -> list[tuple[str, bool, bool]]:
        """What is compared, one after the other: in SQL, whether it descends, and whether it is only about null."""
        plain = (self.sql, self.is_descending, False)
        if self.is_descending == self.nulls_first:
            return [plain]
        return [(f"({self.sql} = x'')", self.nulls_first, True), plain]


Parts = Sequence[Part]


def parts_of(layouts: Layouts, question: Question, bind: Bound) -> list[Part]:
    """Return what a question's rows are ordered by: its terms, then ties."""
    layout = layouts[question.record.path]
    terms = [_part(layouts, question, term, bind) for term in question.order]
    ties = dict.fromkeys(include for term in question.order if (include := _include(layout, term)))
    return [*terms, *(Part(layout.to(include)) for include in ties), Part("id", index="NOT INDEXED")]


def _part(layouts: Layouts, question: Question, term: Term, bind: Bound) -> Part:
    layout = layouts[question.record.path]
    if term.path == RANK:
        return Part(rank_of(layouts, layout, question.search, bind), term.is_descending, term.nulls_first)
    include = _include(layout, term)
    ties = (*([layout.to(include)] if include else ()), "id")
    return Part(layout.key(term.path), term.is_descending, term.nulls_first, layout.read_by(term.path), ties)


def _include(layout: Layout, term: Term) -> str | None:
    if term.path == RANK:
        return ranked_through(layout)
    return term.path.partition(".")[0] if "." in term.path else None


def order_by(parts: Parts, *, backwards: bool, is_sorted: bool = False) -> str:
    """Return what ORDER BY names; `is_sorted` keeps SQLite from reading an index that has this order."""
    plus = "+" if is_sorted else ""
    found = (one for part in parts for one in part.comparisons)
    return ", ".join(
        f"{plus}{sql} {'DESC' if descends != backwards else 'ASC'}" for sql, descends, _ in found
    )


def behind(
    parts: Parts,
    key: Sequence[Any] | None,
    bind: Bound,
    *,
    backwards: bool = False,
    or_at: bool = False,
    is_sorted: bool = False,
) -> str:
    """Return the condition that rows lie behind a key, or before it; `or_at` takes in the key's own row.

    Raises:
        WrongKeyError: the key is of another order.
    """
    if key is None:
        return "1"
    if len(key) != len(parts):
        raise WrongKeyError
    plus = "+" if is_sorted else ""
    condition = "1" if or_at else "0"
    for part, value in reversed(list(zip(parts, key, strict=True))):
        bound = texts.NULL if value is None else value
        for sql, descends, is_null in reversed(part.comparisons):
            name = bind(bound == texts.NULL if is_null else bound)
            sign = "<" if descends != backwards else ">"
            condition = f"{plus}{sql} {sign}= {name} AND ({plus}{sql} {sign} {name} OR {condition})"
    return f"({condition})"


def key_of(values: Sequence[Any]) -> Key:
    """Return a row's key, as it was selected."""
    return tuple(None if value == texts.NULL else value for value in values)
