# pyright: basic
"""Random rows and random questions about them: nulls, ties, umlauts, empty texts, keys that lead nowhere."""

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from hypothesis import strategies as st
from mirror.index.plain import Plain, fold

from gateway.mirror.rows.changes import Cause, Change, columns_that_differ
from gateway.mirror.rows.index.question import (
    Between,
    Condition,
    Every,
    IsSet,
    LeadsTo,
    Not,
    OneOf,
    Question,
    Search,
    Some,
    Term,
    Through,
)
from gateway.resources import RECORDS
from gateway.upstream.record import (
    Flag,
    Many,
    One,
    Passing,
    Present,
    Record,
    Related,
    Span,
    Values,
)

BY_PATH = {record.path: record for record in RECORDS}
SIZES = {"participants": 14, "contacts": 8, "events": 4, "categories": 3}
TEXTS = (
    *(
        None,
        None,
        "",
        " ",
        "Müller",
        "MULLER",
        "Mu\u0308ller",
        "Mueller",
        "Weiß",
        "Weiss",
        "weiss 2",
        "Ärzte e.V.",
    ),
    *(
        "Jan-Ole",
        "Jan Ole",
        "K-1004",
        "k-1005",
        "1004",
        'o\'Hara "x"',
        "Leipzig",
        "Köln",
        "koln",
        "a\nb",
        "a\0b",
        "%_*",
    ),
    *(
        "jan.ole@example.org",
        "Straße 5",
        "straße",
        "\ud800x",
        "ﬁne",
        "x" * 64 + "a",
        "x" * 64 + "b",
        "İzmir",
        "日本語",
    ),
)
DAYS = ("2026-05-01", "2026-05-01T00:00:00+00:00", "2026-05-01T01:30:00+02:00", "2026-05-02", "2025-12-31")
WORDS = sorted(
    {
        fold(text)[start : start + length].split()[0]
        for text in TEXTS
        if text and text.isprintable()
        for start in range(min(len(text), 8))
        for length in (1, 2, 3, 4, 7)
        if fold(text)[start : start + length].split()
    }
)


def moment(chance: Random) -> datetime | None:
    """Return one of few instants, some of them a microsecond apart; or none."""
    zone = timezone(timedelta(hours=chance.choice((0, 2))))
    at = datetime(2026, 3, 1, tzinfo=zone) + timedelta(minutes=20 * chance.randrange(6))
    return chance.choice((None, at, at + timedelta(microseconds=1)))


def row(record: Record[Any], row_id: int, chance: Random) -> Any:
    """Return a random row of a resource."""
    given: dict[str, Any] = {name: chance.choice(TEXTS) for name in record.row.__struct_fields__}
    for name in given:
        if name in ("created_at", "updated_at"):
            given[name] = moment(chance)
        elif name.startswith("date_"):
            given[name] = chance.choice((None, *DAYS))
        elif name.startswith(("is_", "has_")):
            given[name] = chance.choice((True, False, None) if name.startswith("has_") else (True, False))
        elif name.endswith("_id") and name != "tax_id":
            given[name] = chance.choice((None, 0, -1, *range(1, 7)))
        elif name == "rating":
            given[name] = chance.choice((None, 1, 2, 5))
    given |= {name: given[name] or "" for name in ("title", "event_key") if name in given}
    return record.row(**{**given, "id": row_id})


def links(record: Record[Any], chance: Random) -> dict[str, Any]:
    """Return what the includes of a row tell that no column does."""
    told: dict[str, Any] = {}
    for name, embed in record.includes.items():
        if isinstance(embed, Many):
            told[name] = tuple(chance.sample(range(1, 6), chance.randrange(4)))
        elif isinstance(embed, One) and embed.key is None:
            told[name] = chance.choice((None, *range(1, 5)))
    return {name: value for name, value in told.items() if chance.random() < 0.9}


def change(plain: Plain, record: Record[Any], row_id: int, after: Any, told: dict[str, Any]) -> Change:
    """Put a row into a world, or take it out, and return what is told of that."""
    rows = plain.rows.setdefault(record.path, {})
    before, old = rows.pop(row_id, None), plain.links.pop((record.path, row_id), {})
    if after is not None:
        rows[row_id], plain.links[record.path, row_id] = after, told
    differs = {name for name in told.keys() | old.keys() if told.get(name) != old.get(name)}
    differs |= columns_that_differ(before, after)
    return Change(record, row_id, before, after, told, frozenset(differs), (), frozenset(), Cause.READ, 0.0)


def random_change(plain: Plain, chance: Random) -> Change:
    """Return a random change of a world: a row made, changed in some columns, or deleted."""
    record = chance.choice(RECORDS)
    row_id = chance.randrange(1, SIZES[record.path] + 1)
    if chance.random() < 0.3:
        return change(plain, record, row_id, None, {})
    before, after = plain.rows[record.path].get(row_id), row(record, row_id, chance)
    told = links(record, chance)
    if before is not None and chance.random() < 0.7:
        name = chance.choice(record.row.__struct_fields__[1:])
        given = {column: getattr(before, column) for column in record.row.__struct_fields__}
        after = record.row(**{**given, name: getattr(after, name)})
        told = plain.links[record.path, row_id]
    return change(plain, record, row_id, after, told)


def world(chance: Random) -> tuple[Plain, list[Change]]:
    """Return random rows, and what is told of them: in any order, now and then no rows of a resource."""
    plain, told = Plain(), list[Change]()
    for record in RECORDS:
        plain.rows[record.path] = {}
        for row_id in range(1, SIZES[record.path] + 1):
            if chance.random() < 0.85:
                told.append(change(plain, record, row_id, row(record, row_id, chance), links(record, chance)))
    chance.shuffle(told)
    return plain, told


texts = st.sampled_from([text for text in TEXTS if text is not None])
searches = st.builds(
    Search, st.lists(st.sampled_from(WORDS), min_size=0, max_size=3).map(tuple), sees_sensitive=st.booleans()
)
moments = st.none() | st.sampled_from(
    (*DAYS, "2026-03-01T00:20:00+00:00", "2026-02-28T23:00:00.000001+00:00")
)
ids = st.lists(st.integers(-1, 6), max_size=3).map(tuple)


def leaves(record: Record[Any]) -> list[st.SearchStrategy[Condition]]:
    """Return all kinds of conditions that a record says can be asked for."""
    found: list[st.SearchStrategy[Condition]] = [searches, st.builds(OneOf, st.just("id"), ids)]
    for one in record.filters.values():
        if one.column and not one.of:
            found.append(
                st.builds(OneOf, st.just(one.column), st.lists(st.booleans(), max_size=2).map(tuple))
            )
    for one in record.criteria.values():
        match one:
            case Values(column=column, is_folded=is_folded):
                of = st.integers(1, 5) if column == "rating" else texts
                values = st.lists(st.none() | of, max_size=3).map(tuple)
                found.append(st.builds(OneOf, st.just(column), values, is_folded=st.just(is_folded)))
            case Span(column=column):
                found.append(st.builds(Between, st.just(column), moments, moments))
            case Present(column=column):
                found.append(st.builds(IsSet, st.just(column)))
            case Flag(column=column):
                found.append(
                    st.builds(OneOf, st.just(column), st.lists(st.booleans(), max_size=2).map(tuple))
                )
            case Related(include=include):
                found.append(st.builds(LeadsTo, st.just(include), ids))
            case Passing(include=include):
                embed = record.includes[include]
                assert isinstance(embed, One)
                found.append(st.builds(Through, st.just(include), conditions(embed.record, 3)))
            case _:
                raise AssertionError(one)
    return found


def conditions(record: Record[Any], most: int = 6) -> st.SearchStrategy[Condition]:
    """Return conditions of a resource's rows, at any nesting."""

    def nested(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        some = st.lists(inner, max_size=3).map(tuple)
        return st.builds(Every, some) | st.builds(Some, some) | st.builds(Not, inner)

    return st.just(Every()) | st.recursive(st.one_of(leaves(record)), nested, max_leaves=most)


def orders(record: Record[Any]) -> st.SearchStrategy[tuple[Term, ...]]:
    """Return orders by up to three keys."""
    paths = st.sampled_from(("id", "rank", *record.sorts, *record.orders))
    return st.lists(st.builds(Term, paths, st.booleans(), st.booleans()), max_size=3).map(tuple)


_OF = {
    record.path: st.builds(
        Question, st.just(record), conditions(record), orders(record), st.none() | searches
    )
    for record in RECORDS
}
questions = st.sampled_from(("participants", "participants", "contacts", "events", "categories")).flatmap(
    _OF.__getitem__
)
