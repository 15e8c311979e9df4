"""Search: which rows have words in their texts, and how well. By an index of three letters in a row, in SQLite.

The texts of a row are lines: names come first, and those that only some callers may see are in a column of their own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gateway.mirror.rows.index import texts
from gateway.mirror.rows.tables import Table, Told, link_table
from gateway.upstream.record import Record

Bind = Callable[[Any], str]
"""Takes a value for a statement, and returns what stands for it there."""

_WITHIN = 3
"""How a word is found: 0 is the whole text, 1 its beginning, 2 a word's beginning, and this is anywhere."""
_MARKS = tuple(2 * chr(code) for code in range(0xFDD0, 0xFDF0))
"""Begin the lines of each column where they are indexed: Unicode has them for such, and in no text.

Two, so that three letters in a row are the beginning of a line, be it of one letter.
"""


def word_tables(record: Record[Any]) -> list[Table]:
    """Return the tables that a record's rows are searched in; none where it has no texts."""
    if not record.texts:
        return []
    names, others, private = _parts(record)
    all_, most_open = (*names, *others, *private), len(names) + len(others)
    found, read = f"{record.path}_found", f"{record.path}_read"
    created = f"CREATE VIRTUAL TABLE {found} USING fts5(open, private, tokenize='trigram case_sensitive 1')"

    def lines(row: Any, columns: Iterable[str]) -> list[str]:
        return [f"{texts.searchable(getattr(row, column))}\n" for column in columns]

    def told(row: Any, _: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        marked = [f"{mark}{line}" for mark, line in zip(_MARKS, lines(row, all_), strict=False)]
        yield row.id, "".join(marked[:most_open]), "".join(marked[most_open:])

    def told_spaced(row: Any, _: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        spaced = [texts.spaced(line) for line in lines(row, all_)]
        yield row.id, "".join(("\n", *spaced[:most_open])), "".join(spaced[most_open:])

    return [
        Table(
            found, (created,), f"INSERT INTO {found}(rowid, open, private) VALUES (?, ?, ?)", told, "rowid"
        ),
        Table(
            read,
            (f"CREATE TABLE {read} (id INTEGER PRIMARY KEY, open, private)",),
            f"INSERT INTO {read} VALUES (?, ?, ?)",
            told_spaced,
        ),
        link_table(f"{record.path}_starts", _starts(names)),
    ]


def _parts(record: Record[Any]) -> tuple[list[str], list[str], list[str]]:
    open_ = [name for name in record.texts if name not in record.sensitive]
    names = [name for name in open_ if name in record.names]
    private = [name for name in record.texts if name in record.sensitive]
    return names, [name for name in open_ if name not in record.names], private


def _starts(names: Iterable[str]) -> Told:
    return lambda row, _: {
        start for name in names for start in texts.starts(texts.searchable(getattr(row, name)))
    }


def matches(record: Record[Any], words: Iterable[str], bind: Bind, *, sees_sensitive: bool) -> Iterator[str]:
    """Yield statements that tell ids: a row has all words in its texts where each of them tells the row's."""
    line = [texts.searchable(word) for word in words]
    long = [word for word in line if len(word) > texts.LONGEST_SHORT]
    yield from (_with_start(record, texts.spaced(word), bind) for word in line if word not in long)
    if long:
        asked = " AND ".join('"{}"'.format(word.replace('"', '""')) for word in long)
        match = bind(f"({asked})" if sees_sensitive else f"open : ({asked})")
        found = f"{record.path}_found"
        yield f"SELECT rowid FROM {found} WHERE {found} MATCH {match}"


def best_matches(record: Record[Any], word: str, *, sees_sensitive: bool) -> list[tuple[int, str]]:
    """Return ranks, and what to search for to find rows of each; they may be of a better one, too. See `rank`.

    Those of rows that have the word as a whole text, or at its beginning; none where `rank` reads a word otherwise.
    """
    if texts.spaced(word) != word:
        return []
    names, others, private = _parts(record)
    columns = ["open" for _ in (*names, *others)] + ["private" for _ in private if sees_sensitive]
    if len(word) <= texts.LONGEST_SHORT:
        columns = columns[: len(names)]
    return [
        (way * len(record.texts) + line, f'{column} : "{mark}{sought}"')
        for way, sought in enumerate((f"{word}\n", word))
        for line, (column, mark) in enumerate(zip(columns, _MARKS, strict=False))
    ]


def _with_start(record: Record[Any], word: str, bind: Bind) -> str:
    start, end = bind(word), bind(f"{word}\U0010ffff")
    return f"SELECT id FROM {record.path}_starts WHERE other >= {start} AND other < {end}"


def rank(record: Record[Any], words: Iterable[str], bind: Bind, row_id: str, *, sees_sensitive: bool) -> str:
    """Return what tells how well a row has words in its texts: 0 is best; a number of the row alone."""
    lines = "(open || private)" if sees_sensitive else "open"
    ranks = " + ".join(_rank(record, texts.spaced(texts.searchable(word)), lines, bind) for word in words)
    return f"(SELECT {ranks or '0'} FROM {record.path}_read WHERE id = {row_id})"


def _rank(record: Record[Any], word: str, lines: str, bind: Bind) -> str:
    """Return how a word is found first, then in which text: there is a line feed before each, and behind the last."""
    most, is_short = len(record.texts), len(word) <= texts.LONGEST_SHORT
    cases: list[str] = []
    for way, sought in enumerate(
        (f"\n{word}\n", f"\n{word}", f" {word}", word)[: _WITHIN if is_short else None]
    ):
        at = f"instr({lines}, {bind(sought)})"
        before = f"substr({lines}, 1, {at})"
        line = f"(length({before}) - length(replace({before}, char(10), '')) - 1)"
        condition = f"{at} AND {line} < {len(_parts(record)[0])}" if is_short else at
        cases.append(f"WHEN {condition} THEN {way * most} + {line}")
    return f"(CASE {' '.join(cases)} ELSE {(_WITHIN + 1) * most} END)"
