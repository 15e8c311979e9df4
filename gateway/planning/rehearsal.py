"""What an operation would cost on a cold start: run for real, against made-up rows in place of PlanDocket.

The gateway itself decides every request here, so that a plan cannot differ from what happens.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qs

import httpx
import msgspec
from pydantic import SecretStr

from gateway.access import Caller
from gateway.context import Context
from gateway.execution.operation import Executor, Request
from gateway.resources import RESOURCES
from gateway.schema import RULES, SCHEMA
from gateway.settings import Settings
from gateway.upstream.client import Upstream
from gateway.upstream.columns import is_moment
from gateway.upstream.credential import Credential
from gateway.upstream.reason import reason
from gateway.upstream.record import Many, One, Record

Json = dict[str, Any]

RECORDS: Mapping[str, Record[Any]] = {
    resource.by_id.record.path: resource.by_id.record for resource in RESOURCES
}
_MANY = 1_000_000  # rows of a collection whose size is not given: any `first` is met
_LINKED = 2  # rows that an include of many embeds


class Step(msgspec.Struct, frozen=True):
    """A request that would be made, and why."""

    request: str
    reason: str


class Rehearsal(msgspec.Struct, frozen=True):
    """What one operation would cost."""

    steps: list[Step]
    naive: int
    """Requests of one for each list, look-up and related row."""
    errors: list[str]


async def rehearse(
    query: str, operation: str | None, variables: Json | None, sizes: Mapping[str, int]
) -> Rehearsal:
    """Run an operation against collections of these sizes, and return what it asked of them."""
    stage = MadeUp(sizes)
    settings = Settings.model_validate(
        {
            "base_url": "http://rehearsal.invalid",
            "requests_per_hour": "unlimited",
            "max_calls": 1000,
            # Nobody calls: whoever plans may have the settings of a gateway around them.
            "api_key": None,
            "auth": None,
            "tokens_file": None,
            "jwt_jwks_url": None,
        }
    )
    async with Upstream(settings, stage) as upstream:
        context = Context(upstream, Caller(Credential(SecretStr("rehearsal"), is_held=True)))
        outcome = await Executor(SCHEMA, RULES).run(Request(query, variables, operation), context)
        errors = [error["message"] for error in outcome.body.get("errors", ())]
        return Rehearsal(stage.steps, context.wanted, errors)


class MadeUp(httpx.AsyncBaseTransport):
    """Stands in for PlanDocket: rows made of their ids alone, totals told, includes honoured."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.steps: list[Step] = []
        self._sizes = sizes

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
        fixed = dict(self._fixed(record, query))
        total = 1 if "search" in query else self._size(record)
        for name in fixed:
            same = next((same for same in record.exact.values() if same.column == name and same.of), None)
            if same is not None and same.of is not None and record.path in self._sizes:
                total = -(-total // self._sizes.get(same.of.path, total))
        page, size = int(query.get("page", "1")), int(query.get("per_page", "100"))
        ids = range((page - 1) * size + 1, min(total, page * size) + 1)
        if "search" in query:
            ids = [_number(query["search"])]
        rows = [{**self._row(record, row_id, names), **fixed} for row_id in ids]
        meta = {"current_page": page, "per_page": size, "last_page": -(-total // size), "total": total}
        return {"data": rows, "meta": meta}

    def _fixed(self, record: Record[Any], query: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        """Yield the columns that a list's filters fix."""
        for name, value in query.items():
            same = record.exact.get(name)
            if same is not None:
                yield same.column, (_number(value) if same.of else value == "1")
        if "search" in query and record.key is not None:
            yield record.key, query["search"]

    def _row(self, record: Record[Any], row_id: int, names: list[str] | tuple[str, ...] = ()) -> Json:
        hints = get_type_hints(record.row)
        row: Json = {
            name: "2026-01-01T00:00:00+00:00" if is_moment(record.row, name) else _value(name, hint, row_id)
            for name, hint in hints.items()
            if name in record.row.__struct_fields__
        }
        row["id"] = row_id
        for embed in record.includes.values():
            if isinstance(embed, One) and embed.key is not None:
                row[embed.key] = self._linked(embed.record, row_id)
        for name in names:
            row[name] = self._embedded(record, name, row, row_id)
        return row

    def _embedded(self, record: Record[Any], name: str, row: Json, row_id: int) -> Any:
        match record.includes[name]:
            case One(other, key):
                return self._row(other, row[key] if key else self._linked(other, row_id))
            case Many(other):
                return [self._row(other, self._linked(other, row_id + more)) for more in range(_LINKED)]
            case _:
                return 1

    def _linked(self, record: Record[Any], row_id: int) -> int:
        """Return the id of the row that another leads to: each to its own, as far as there are so many."""
        return (row_id - 1) % self._size(record) + 1

    def _size(self, record: Record[Any]) -> int:
        return self._sizes.get(record.path) or record.expected_rows or _MANY


def _value(name: str, hint: Any, row_id: int) -> Any:
    """Return a value that a column of this type may hold."""
    kinds = get_args(hint) or (hint,)
    if hint is Any or tuple in kinds:
        return None
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
