"""A narrower list out of a wider one: exact, where the filter compares a column. Pure."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from gateway.upstream.call import Call
from gateway.upstream.record import Record, Row, RowT
from gateway.upstream.wire.flaws import Flaws

Filters = tuple[tuple[str, str], ...]


def wider(call: Call[RowT]) -> Iterator[tuple[Call[RowT], Filters]]:
    """Yield the lists that hold this one, the narrowest first, each with the filters that it lacks."""
    exact = [pair for pair in call.filters if pair[0] in call.record.exact]
    for count in range(1, len(exact) + 1):
        for dropped in combinations(exact, count):
            yield call.lacking(*dropped), dropped


def lacking(narrow: Call[Any], wide: Call[Any]) -> Filters:
    """Return the filters that `narrow` has and `wide` has not."""
    return tuple(pair for pair in narrow.filters if pair not in wide.filters)


def can_filter(record: Record[Any], filters: Filters, flaws: Flaws) -> bool:
    """Return whether no row was left out, and each cell that the filters compare is as PlanDocket has it."""
    columns = {"id", *(record.exact[name].column for name, _ in filters)}
    return not any(
        path == record.path and any(flaw.column in columns for flaw in found)
        for (path, _), found in flaws.items()
    )


def matcher(
    record: Record[Any], filters: Filters, id_of: Callable[[Record[Any], str], int | None]
) -> Callable[[Row], bool] | None:
    """Return whether a row passes filters; None where a key's row is not known, so that nobody can tell.

    `id_of` tells the id of another resource's row by its natural key.
    """
    wanted: dict[str, object] = {}
    for name, value in filters:
        same = record.exact[name]
        found = value == "1" if same.of is None else id_of(same.of, value)
        if found is None:
            return None
        wanted[same.column] = found
    return lambda row: all(getattr(row, column) == value for column, value in wanted.items())
