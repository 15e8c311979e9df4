"""The mutations that every resource has: fields with inputs and payloads of their own, made of one statement."""

from collections.abc import Mapping
from typing import Any

import strawberry

from gateway.graph.context import Info
from gateway.graph.declared import argument, made, taking
from gateway.graph.inputs import inputs_of
from gateway.graph.payload import DeletePayload, Saved, SavedPayload, saved_row
from gateway.graph.refused_writes import Unique, own_key
from gateway.graph.whole_row import Otherwise
from gateway.graph.writing import Writable
from gateway.upstream.record import Record


class Mutations:
    """Makes a resource's mutations.

    `new` and `change` are the inputs of a create and an update. `noun` is what descriptions call a row, its kind
    unless it is given. `unique` is what no two rows may have alike, the natural key unless it is given.
    `otherwise` says what a PUT asks where PlanDocket ignores an include: see `Whole`.
    """

    def __init__(
        self,
        record: Record[Any],
        new: type,
        change: type,
        *,
        noun: str | None = None,
        unique: Unique | None = None,
        otherwise: Mapping[str, Otherwise] | None = None,
    ) -> None:
        self.writable = Writable(inputs_of(record, new, change), unique or own_key(record), otherwise or {})
        self._new, self._change = new, change
        self._noun = noun or record.row.kind.lower()
        self._a_noun = f"an {self._noun}" if self._noun[0] in "aeiou" else f"a {self._noun}"

    @property
    def _kind(self) -> str:
        return self.writable.record.row.kind

    def create(self, description: str | None = None) -> Any:
        """Return the field that writes a new row."""

        async def resolve(info: Info, input: Any) -> Saved:
            return await self.writable.create(info, input)

        description = description or f"Makes a new {self._noun}."
        return self._saving(resolve, self._new, "Create", "creating", description)

    def update(self) -> Any:
        """Return the field that changes a row."""

        async def resolve(info: Info, input: Any) -> Saved:
            return await self.writable.update(info.context, input)

        return self._saving(resolve, self._change, "Update", "changing", f"Changes {self._a_noun}.")

    def delete(self, *, along: str = "") -> Any:
        """Return the field that removes a row; `along` says, in its input's description, what goes along."""

        async def resolve(info: Info, input: Any) -> Saved:
            return await self.writable.delete(info.context, input.id)

        removes = f"Removes {self._a_noun}"
        row_id = {"id": strawberry.field(description=f"Which {self._noun}.")}
        source = made(
            strawberry.input, f"Delete{self._kind}Input", f"{removes}{along}.", row_id, {"id": strawberry.ID}
        )
        came = f"What came of removing {self._a_noun}."
        payload = made(strawberry.type, f"Delete{self._kind}Payload", came, {}, base=DeletePayload)
        return _field(resolve, argument(source, "What to remove."), payload, f"{removes}.")

    def _saving(self, resolve: Any, source: type, verb: str, doing: str, description: str) -> Any:
        name = self._kind[0].lower() + self._kind[1:]
        row = {name: saved_row(self.writable.record, f"The {self._noun}")}
        came = f"What came of {doing} {self._a_noun}."
        payload = made(strawberry.type, f"{verb}{self._kind}Payload", came, row, base=SavedPayload)
        return _field(resolve, argument(source, "What to write."), payload, description)


def _field(resolve: Any, source: Any, payload: Any, description: str) -> Any:
    resolver = taking(resolve, {"input": source})
    return strawberry.mutation(resolver=resolver, graphql_type=payload | None, description=description)
