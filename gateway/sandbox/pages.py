"""Envelopes and pages: what stands around the rows of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.sandbox.dialect import Dialect
from gateway.sandbox.query import Query
from gateway.sandbox.rows import Row


@dataclass(frozen=True)
class Page:
    """The rows of one page, and where it stands in its list."""

    rows: Sequence[Row]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page, 1 for an empty list."""
        return max(1, -(-self.total // self.size))


def cut(dialect: Dialect, query: Query, rows: Sequence[Row]) -> Page:
    """Return the page asked for, empty beyond the last; RefusedError, 422, for no positive integers."""
    total = len(rows)
    if dialect.paging == "none":
        return Page(rows, 1, max(1, total), total)
    if dialect.paging == "capped":
        return Page(rows[: dialect.cap], 1, dialect.cap, total)
    number = query.positive(dialect.page_param) or 1
    size = min(query.positive(dialect.per_page_param) or dialect.default_per_page, dialect.max_per_page)
    return Page(rows[(number - 1) * size : number * size], number, size, total)


@dataclass(frozen=True)
class Envelope:
    """What an answer is put in. Source: /en/api/calendar.html (`data`, `meta.request_id`)."""

    dialect: Dialect
    request_id: str

    def one(self, data: object) -> object:
        """Return the answer that holds one row."""
        return self._wrap(data, {}) if self.dialect.envelope else data

    def many(self, wires: Sequence[object], page: Page, path: str, query: Query) -> object:
        """Return the answer that holds a list, with what the dialect tells about its pages."""
        data: object = wires if self.dialect.lists == "array" else {"items": wires}
        if not self.dialect.envelope:
            return data
        meta: dict[str, object] = {}
        if self.dialect.paging == "totals":
            meta = {
                "current_page": page.number,
                "per_page": page.size,
                "last_page": page.last,
                "total": page.total,
            }
        body = self._wrap(data, meta)
        if self.dialect.paging == "links":
            body["links"] = {"next": self._next(page, path, query)}
        return body

    def _wrap(self, data: object, meta: dict[str, object]) -> dict[str, object]:
        return {"data": data, "meta": {"request_id": self.request_id, **meta}}

    def _next(self, page: Page, path: str, query: Query) -> str | None:
        if page.number >= page.last:
            return None
        pairs = [pair for pair in query.pairs if pair[0] != self.dialect.page_param]
        return f"{path}?{urlencode([*pairs, (self.dialect.page_param, str(page.number + 1))])}"
