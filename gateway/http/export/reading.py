"""A list read to its end, a batch at a time: each is an operation of its own, as GraphQL's callers send them."""

from typing import Any

import msgspec

from gateway.execution.answer_body import Outcome
from gateway.execution.documents import Document
from gateway.execution.operation import Executor, Request
from gateway.graph.caller import Caller
from gateway.graph.context import Context, ToTheEnd
from gateway.http.export.asked import Asked
from gateway.mirror.answers.reading import Mirror
from gateway.mirror.answers.session import Freshness

_ROWS = 100
"""Of a batch: some milliseconds, in which nobody else is answered."""


class RefusedError(Exception):
    """An operation came to an error; the outcome tells it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.body["errors"][0]["message"])
        self.outcome = outcome


class Batch(msgspec.Struct, frozen=True):
    """Neighbouring rows."""

    nodes: list[dict[str, Any]]
    total: int | None
    """How many rows the list has; only the first tells."""
    age: int | None
    is_last: bool


class Reading:
    """Reads one list for one caller.

    Each row that is in the list from the beginning to the end, and keeps its place in the order, comes once, as it is
    held when its batch is read. A row that comes, goes or moves meanwhile is there or not, as it lies behind or before
    what was read by then. All that is shown must be held before the first batch is told: after that PlanDocket is
    asked for nothing. Between two batches a place in the list is all that is held.
    """

    def __init__(self, executor: Executor, mirror: Mirror, caller: Caller, asked: Asked) -> None:
        self._executor = executor
        self._mirror = mirror
        self._caller = caller
        self._asked = asked
        self._list = ToTheEnd()
        self._document: Document | None = None
        self._after: str | None = None

    async def next(self, freshness: Freshness | None = None) -> Batch:
        """Return the next rows; of the first, a client may say how old they may be.

        Raises:
            RefusedError: they cannot be told.
            GatewayError: nor was it tried.
        """
        context = Context(self._mirror, self._caller, self._list)
        if freshness is not None:
            context.wish(freshness)
        part = {"first": _ROWS, "after": self._after, "begins": self._document is None}
        request = Request(self._asked.document, {**self._asked.variables, **part})
        self._document = self._document or self._executor.document(request, context)
        outcome = await self._executor.run(request, context, self._document)
        if outcome.body.get("errors"):
            raise RefusedError(outcome)
        rows = outcome.body["data"]["rows"]
        self._after, has_more = rows["pageInfo"]["endCursor"], rows["pageInfo"]["hasNextPage"]
        return Batch(rows["nodes"], rows.get("totalCount"), outcome.age, is_last=not has_more)
