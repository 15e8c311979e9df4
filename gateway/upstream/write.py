"""One write as a value, and what came of it."""

from typing import Any, Generic, Literal

import msgspec

from gateway.upstream.record import Record, RowT
from gateway.upstream.wire.flaws import Flaws

UpdateMethod = Literal["PATCH", "PUT"]


class Write(msgspec.Struct, Generic[RowT], frozen=True):
    """A POST of a new row, a PATCH or PUT of one, or a DELETE."""

    method: Literal["POST", "PATCH", "PUT", "DELETE"]
    record: Record[RowT]
    id: int | None = None
    body: dict[str, Any] | None = None

    @property
    def path(self) -> str:
        """The path below `/api/v1/`. Only integers enter it."""
        return self.record.path if self.id is None else f"{self.record.path}/{self.id:d}"


class Written(msgspec.Struct, Generic[RowT], frozen=True):
    """What the server told of the row it wrote: all of it, its id, or nothing.

    Source: what a write answers is undocumented; 204 is named for DELETE only,
    /en/getting-started/errors.html
    """

    id: int | None = None
    row: RowT | None = None
    flaws: Flaws = {}
    """What of the row is not as PlanDocket has it."""
    told: dict[str, Any] = {}
    """The columns that came, as they came: an excerpt has some of them."""


class Refusal(msgspec.Struct, frozen=True):
    """Why PlanDocket did not carry out a write: its status and its own words.

    `fields` maps names of the request's fields to messages; "" is none in particular.
    Source: /en/getting-started/errors.html
    """

    status: Literal[404, 409, 422]
    message: str
    fields: dict[str, list[str]] = {}


class WriteRefusedError(Exception):
    """PlanDocket refused a write for what it says; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"refused with {refusal.status}")
        self.refusal = refusal
