# pyright: basic
# ruff: noqa: D401 - faults are told as facts
"""Small tenants behind PlanDockets of several dialects, with something wrong in their rows."""

import json
from dataclasses import replace

import httpx

from gateway.sandbox import DIALECTS, Dialect, Sandbox

TOLD = {**{name: DIALECTS[name] for name in ("schema", "sample", "plain", "links", "strict")}}
TOLD["brief"] = Dialect(embed="brief")

EMBEDDED = {
    "event": "events",
    "events": "events",
    "contact": "contacts",
    "category": "categories",
    "categories": "categories",
}
TOO_LARGE = 2**31


def unreadable_dates(_, row_id, row):
    """Some moments cannot be read: they are null, and the row stands."""
    if row_id % 2:
        for name in {"created_at", "date_from", "date_to"} & row.keys():
            row[name] = "soon"


def missing_columns(resource, row_id, row):
    """A column that is never null is missing in some rows: their lists fail."""
    if (resource, row_id) in {("participants", 9), ("events", 3), ("categories", 6)}:
        for name in {"is_confirmed", "title"} & row.keys():
            del row[name]


def dropped_includes(_, row_id, row):
    """Some rows come without what was to be included."""
    if row_id % 2:
        for name in {*EMBEDDED, "opening_hours", "participant_count"} & row.keys():
            del row[name]


def ignored_includes(_, row_id, row):
    """The server has never heard of some includes."""
    for name in {"category", "categories", "contact", "opening_hours"} & row.keys():
        del row[name]


def wrong_values(_, row_id, row):
    """An include tells a value of another type."""
    wrong = ["many", 3.0, True, TOO_LARGE, [1], None, "7", 0.5]
    if "participant_count" in row:
        row["participant_count"] = wrong[row_id % len(wrong)]
    if "opening_hours" in row:
        row["opening_hours"] = wrong[row_id % len(wrong)]


def wrong_rows(resource, row_id, row):
    """An include tells what is no row: the list is unreadable. Or an empty thing: there is none."""
    for name in {"event", "contact", "category"} & row.keys():
        row[name] = 7 if (resource, row_id) == ("participants", 9) else [] if row_id % 2 else row[name]


def nowhere(resource, row_id, row):
    """Foreign keys of 0 lead nowhere."""
    if resource == "participants" and row_id % 2:
        row["event_id" if row_id % 4 == 1 else "contact_id"] = 0


def large_numbers(resource, row_id, row):
    """Numbers that are no GraphQL Int are errors of their own."""
    for name in {"rating", "sort_order", "level"} & row.keys():
        if row_id % 2:
            row[name] = TOO_LARGE
    if resource == "participants" and row_id % 3 == 0:
        row["contact_id"] = TOO_LARGE + row_id


def large_ids(resource, row_id, row):
    """So are ids."""
    for name in {"id", "participant_id"} & row.keys():
        if resource == "participants" and row_id % 2:
            row[name] = TOO_LARGE + row_id


def other_rows(resource, row_id, row):
    """What is embedded is not what the key names."""
    if resource == "participants":
        row["event_id"] = row["event_id"] % 5 + 1


ROW_FAULTS = (
    *(unreadable_dates, missing_columns, dropped_includes, ignored_includes, wrong_values, wrong_rows),
    *(nowhere, large_numbers, large_ids, other_rows),
)
FAULTS = {
    "none": None,
    "dangling": None,
    "doubled": None,
    "a path fails": None,
    **{fault.__name__: fault for fault in ROW_FAULTS},
}
FAILING = {f"{name}/2" for name in ("participants", "events", "contacts", "categories")}


def small(dialect, fault):
    """Return a sandbox of few rows."""
    sandbox = Sandbox(dialect)
    tables = sandbox.tables
    for table, most in ((tables.events, 5), (tables.contacts, 10), (tables.categories, 9)):
        for row in list(table):
            if row.id > most:
                table.drop(row.id)
    for row in list(tables.contacts):
        kept = tuple(one for one in row.category_ids if one <= 9)
        number = row.customer_number if row.id != 4 else None
        tables.contacts.put(replace(row, category_ids=kept or (5, 2), customer_number=number))
    few = [row for row in tables.participants if row.event_id <= 5 and row.contact_id <= 10]
    for row in list(tables.participants):
        tables.participants.drop(row.id)
    for row_id, row in enumerate(few, start=1):
        tables.participants.put(replace(row, id=row_id, category_id=row_id % 9 or None))
    if fault == "dangling":
        tables.events.drop(2)
        tables.contacts.drop(3)
    return sandbox


class World(httpx.AsyncBaseTransport):
    """A PlanDocket that nobody writes to, so that each of its answers is made once."""

    def __init__(self, dialect, fault):
        self._rest = httpx.ASGITransport(small(TOLD[dialect], fault).app)
        self._fault = fault
        self._answers = {}

    async def handle_async_request(self, request):
        """Answer as before."""
        if request.url not in self._answers:
            self._answers[request.url] = await self._answer(request)
        status, body = self._answers[request.url]
        return httpx.Response(status, content=body)

    async def _answer(self, request):
        path = request.url.path.removeprefix("/api/v1/")
        if self._fault == "a path fails" and path in FAILING:
            return 500, b"{}"
        response = await self._rest.handle_async_request(request)
        body = json.loads(await response.aread())
        if response.status_code == 200:
            data = body.get("data", body) if isinstance(body, dict) else body
            rows = data.get("items", data) if isinstance(data, dict) else data
            self._spoil(path.partition("/")[0], rows)
            if self._fault == "doubled" and isinstance(rows, list):
                rows[1:2] = rows[:1]
        return response.status_code, json.dumps(body).encode()

    def _spoil(self, resource, found):
        rows = found if isinstance(found, list) else [found]
        for row in rows:
            if not isinstance(row, dict):
                continue
            for name in EMBEDDED.keys() & row.keys():
                self._spoil(EMBEDDED[name], row[name])
            if (change := FAULTS[self._fault]) is not None:
                own = {"participants": "participant_id", "events": "event_id", "contacts": "contact_id"}
                change(resource, row.get("id") or row[own.get(resource, "category_id")], row)
