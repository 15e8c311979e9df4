"""PlanDocket as `gateway plan` takes it to be, where nobody can know."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args, get_type_hints
from urllib.parse import parse_qs

import httpx
import msgspec

from gateway.resources import RESOURCES
from gateway.upstream.record import Many, One, Record, Row
from gateway.upstream.way.reasons import reason
from gateway.upstream.wire.columns import is_moment

Json = dict[str, Any]

RECORDS: Mapping[str, Record[Any]] = {resource.record.path: resource.record for resource in RESOURCES}
_MANY = 1_000_000  # rows of a collection whose size is not given: any `first` is met
MOST_LINKED = 25  # rows that an include of many embeds, at the most
_APART = 37  # no divisor of a usual size, so that lists which overlap begin with different rows
_NO_FILTERS = {"page", "per_page", "include", "sort", "order"}


class Step(msgspec.Struct, frozen=True):
    """A request that would be made, and why."""

    request: str
    reason: str


class World(msgspec.Struct, frozen=True):
    """What nobody can know before PlanDocket is asked."""

    most: int = _MANY
    """Rows of a list whose length is unknown: what a search finds, what is confirmed, what an include embeds."""
    keys_come: Literal["first", "last"] = "last"
    """Where in its collection a row is that is asked for by its key."""
    with_key: int = 1
    """Of so many contacts, one has a customer number, which may be null; 0: none has."""

    def has_key(self, record: Record[Any], row_id: int) -> bool:
        """Return whether a row has its natural key, where there are rows that have none."""
        may_lack_it = any(
            name == record.key and type(None) in kinds for name, kinds, _ in _columns(record.row)
        )
        return not may_lack_it or (self.with_key > 0 and row_id % self.with_key == 0)


WORLDS = (World(), World(with_key=2), World(with_key=0), World(most=1, keys_come="first"))
"""Full pages come first: what depends on the world is told as the most that it may be."""


class MadeUp(httpx.AsyncBaseTransport):
    """Stands in for PlanDocket: rows made of their ids alone, totals told, includes honoured.

    A row that is asked for by its id or key is there: `keys` are all that may be asked for. `sizes` are rows of
    collections by their path; what nobody can know is as the world has it. An include of many embeds `linked` rows.
    """

    def __init__(
        self, sizes: Mapping[str, int], keys: Sequence[str], world: World, linked: int = MOST_LINKED
    ) -> None:
        self.steps: list[Step] = []
        self._keys = keys
        self._sizes = sizes
        self._world = world
        self._linked_most = linked

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as PlanDocket would, and note the step."""
        path = request.url.path.removeprefix("/api/v1/")
        query = {name: values[-1] for name, values in parse_qs(request.url.query.decode()).items()}
        self.steps.append(Step(_line(request.method, path, query), reason()))
        name, _, row_id = path.partition("/")
        if request.method == "DELETE":
            return httpx.Response(204)
        names = [found for found in query.get("include", "").split(",") if found]
        if row_id or request.method != "GET":
            return httpx.Response(200, json={"data": self._row(RECORDS[name], int(row_id or 1), names)})
        return httpx.Response(200, json=self._list(RECORDS[name], query, names))

    def _list(self, record: Record[Any], query: Mapping[str, str], names: list[str]) -> Json:
        fixed, total = dict(self._fixed(record, query)), self._total(record, query)
        page, size = int(query.get("page", "1")), int(query.get("per_page", "100"))
        before, of_all = self._before(query, total), max(1, self._size(record))
        ids = [(before + place) % of_all + 1 for place in range((page - 1) * size, min(total, page * size))]
        rows = [{**self._row(record, row_id, names), **fixed} for row_id in ids]
        if rows and page == 1 and "search" in query and record.key is not None:
            found = _number(query["search"])
            others = [row for row in rows if row["id"] != found][: len(rows) - 1]
            rows = [{**self._row(record, found, names), **fixed, record.key: query["search"]}, *others]
        meta = {"current_page": page, "per_page": size, "last_page": -(-total // size), "total": total}
        return {"data": rows, "meta": meta}

    def _total(self, record: Record[Any], query: Mapping[str, str]) -> int:
        """Return how many rows a list has: of a key whose collection's size is given as many as any other has."""
        total, is_known = self._size(record), True
        for name in query.keys() - _NO_FILTERS:
            same = record.exact.get(name)
            of = same.of.path if same is not None and same.of is not None else ""
            if of in self._sizes and record.path in self._sizes:
                total = -(-total // max(1, self._sizes[of]))
            else:
                is_known = False
        return total if is_known else min(total, self._world.most)

    def _before(self, query: Mapping[str, str], total: int) -> int:
        """Return where in its collection a list's rows begin: each key's has others, as far as there are so many."""
        keys = [value for name, value in query.items() if name.endswith(("_key", "_number"))]
        return sum((_number(key) - 1) * min(total, _APART) for key in keys)

    def _fixed(self, record: Record[Any], query: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        """Yield the columns that a list's filters fix."""
        for name, value in query.items():
            same = record.exact.get(name)
            if same is not None:
                yield same.column, (_number(value) if same.of else value == "1")

    def _row(self, record: Record[Any], row_id: int, names: list[str] | tuple[str, ...] = ()) -> Json:
        row: Json = {
            name: _value(name, kinds, row_id) if kinds else value
            for name, kinds, value in _columns(record.row)
        }
        if record.key is not None:
            row[record.key] = self._key(record, row_id) or row[record.key]
            if not self._world.has_key(record, row_id):
                row[record.key] = None
        row["id"] = row_id
        for embed in record.includes.values():
            if isinstance(embed, One) and embed.key is not None:
                row[embed.key] = self._linked(embed.record, row_id)
        for name in names:
            row[name] = self._embedded(record, name, row, row_id)
        return row

    def _key(self, record: Record[Any], row_id: int) -> str | None:
        """Return the key by which a row may be asked for; None where it has another."""
        before = 0 if self._world.keys_come == "first" else max(0, self._size(record) - len(self._keys))
        place = row_id - 1 - before
        return self._keys[place] if 0 <= place < len(self._keys) else None

    def _embedded(self, record: Record[Any], name: str, row: Json, row_id: int) -> Any:
        match record.includes[name]:
            case One(other, key):
                return self._row(other, row[key] if key else self._linked(other, row_id))
            case Many(other):
                count = min(self._size(other), self._world.most, self._linked_most)
                return [self._row(other, self._linked(other, row_id + more)) for more in range(count)]
            case _:
                return 1

    def _linked(self, record: Record[Any], row_id: int) -> int:
        """Return the id of the row that another leads to: each to its own, as far as there are so many."""
        return (row_id - 1) % max(1, self._size(record)) + 1

    def _size(self, record: Record[Any]) -> int:
        if record.path in self._sizes:
            return self._sizes[record.path]
        return min(record.expected_rows or _MANY, self._world.most)


@cache
def _columns(row: type[Row]) -> tuple[tuple[str, tuple[Any, ...], str | None], ...]:
    """Return a row's columns: name, types that a value is made of, and the value where it is always the same."""
    found: list[tuple[str, tuple[Any, ...], str | None]] = []
    for name, hint in get_type_hints(row).items():
        kinds = get_args(hint) or (hint,)
        if is_moment(row, name):
            found.append((name, (), "2026-01-01T00:00:00+00:00"))
        elif name in row.__struct_fields__:
            found.append((name, () if hint is Any or tuple in kinds else kinds, None))
    return tuple(found)


def _value(name: str, kinds: tuple[Any, ...], row_id: int) -> Any:
    if name == "parent_category_id":
        return row_id // 10
    for kind, value in ((str, f"{name}-{row_id}"), (bool, True), (int, row_id % 5 + 1)):
        if kind in kinds:
            return value
    return None


def _number(key: str) -> int:
    """Return the id that a key names: the number in it."""
    found = re.search(r"[1-9][0-9]{0,8}", key)
    return int(found[0]) if found else 1


def _line(method: str, path: str, query: Mapping[str, str]) -> str:
    shown = [
        f"{name}={value}"
        for name, value in sorted(query.items())
        if name != "per_page" and (name, value) != ("page", "1")
    ]
    return f"{method} {path}" + ("?" + "&".join(shown) if shown else "")
