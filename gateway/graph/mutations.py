"""The mutations that every resource has: fields with inputs and payloads of their own, made of one statement."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry

from gateway.graph.caller import Declared
from gateway.graph.context import Info
from gateway.graph.declared import argument, made, taking
from gateway.graph.inputs import inputs_of
from gateway.graph.look_ahead import selected
from gateway.graph.many import MOST_AT_ONCE, Given, Results
from gateway.graph.payload import (
    BulkPayload,
    DeletePayload,
    OwnRow,
    Saved,
    SavedPayload,
    SavedResult,
    given_id,
    leading_to,
    own_gone,
    own_saved,
    saved_edge,
    saved_row,
)
from gateway.graph.refused_writes import Unique, own_key
from gateway.graph.whole_row import Otherwise
from gateway.graph.writing import Job, Writable
from gateway.upstream.record import One, Record

_TELL_NO_ROW = frozenset({"userErrors", "written", "__typename"})

_DRY_RUN = {
    "dry_run": argument(
        bool | None,
        "Writes nothing and asks PlanDocket nothing: `userErrors` tell why the write would be refused, as far as the "
        "input and what the gateway keeps tell that. PlanDocket may refuse it all the same.",
    )
}

_IN_ORDER = "In the order given; empty where there are too many."

Field = tuple[Any, str]
"""An input's field: its type and its description."""


class Mutations:
    """Makes a resource's mutations.

    `new` and `change` are the inputs of a create and an update. `noun` is what descriptions call a row, its kind
    unless it is given. `unique` is what no two rows may have alike, the natural key unless it is given.
    `otherwise` says what a PUT asks where PlanDocket ignores an include: see `Whole`. `is_paged`: whether the root
    pages through all rows, so that a row has an edge.
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
        is_paged: bool = True,
    ) -> None:
        self.writable = Writable(inputs_of(record, new, change), unique or own_key(record), otherwise or {})
        self._new, self._change = new, change
        self._noun = noun or record.row.kind.lower()
        self._a_noun = f"an {self._noun}" if self._noun[0] in "aeiou" else f"a {self._noun}"
        self._is_paged = is_paged

    @property
    def _record(self) -> Record[Any]:
        return self.writable.record

    @property
    def _kind(self) -> str:
        return self._record.row.kind

    def create(self, description: str | None = None) -> Any:
        """Return the field that writes a new row."""

        def write(info: Info, source: Any) -> Job:
            return self.writable.creating(source, wants_row=bool(selected(info) - _TELL_NO_ROW))

        description = description or f"Makes a new {self._noun}."
        return self._saving(write, self._new, "Create", "creating", description)

    def update(self) -> Any:
        """Return the field that changes a row."""
        says = f"Changes {self._a_noun}."
        write = self.writable.changing
        return self._saving(lambda _, one: write(one), self._change, "Update", "changing", says)

    def delete(self, *, along: str = "") -> Any:
        """Return the field that removes a row; `along` says, in its input's description, what goes along."""

        async def resolve(info: Info, input: Any) -> Saved:
            return await self.writable.run(info.context, self.writable.removing(input.id))

        removes = f"Removes {self._a_noun}"
        source = _input(
            f"Delete{self._kind}", f"{removes}{along}.", {"id": (strawberry.ID, f"Which {self._noun}.")}
        )
        came = f"What came of removing {self._a_noun}."
        payload = made(
            strawberry.type, f"Delete{self._kind}Payload", came, self._owners(own_gone), base=DeletePayload
        )
        return _field(resolve, {"input": argument(source, "What to remove.")}, payload, f"{removes}.")

    def bulk_create(self) -> Any:
        """Return the field that writes many new rows. They are not looked for: that is two requests more for each."""
        fields = {self._record.path: (list[self._new], f"The new ones, at most {MOST_AT_ONCE}.")}
        says = f"Makes many new {self._noun}s"
        new = self.writable.creating
        return self._bulk("Create", says, fields, lambda _, one: new(one, wants_row=False), self._row())

    def bulk_update(self) -> Any:
        """Return the field that changes many rows, each as its own input has it."""
        fields = {self._record.path: (list[self._change], f"The changes, at most {MOST_AT_ONCE}.")}
        told, says = self._given_id() | self._row(), f"Changes many {self._noun}s"
        return self._bulk("Update", says, fields, lambda _, one: self.writable.changing(one), told)

    def bulk_set(self, column: str, says: str, about: str) -> Any:
        """Return the field that sets a flag of many rows alike; `about` describes the flag."""

        def write(source: Any, one: str) -> Job:
            return self.writable.changing(self._change(id=one, **{column: getattr(source, column)}))

        fields, suffix = self._ids() | {column: (bool, about)}, column.removeprefix("is_").title()
        return self._bulk("Set", says, fields, write, self._given_id() | self._row(), suffix)

    def bulk_delete(self) -> Any:
        """Return the field that removes many rows."""
        told, says = self._given_id() | self._owners(own_gone), f"Removes many {self._noun}s"
        return self._bulk("Delete", says, self._ids(), lambda _, one: self.writable.removing(one), told)

    def _saving(
        self, write: Callable[[Info, Any], Job], source: type, verb: str, doing: str, description: str
    ) -> Any:
        async def resolve(info: Info, input: Any, **given: Any) -> Saved:
            job = write(info, input)
            if not given.get("dry_run"):
                return await self.writable.run(info.context, job)
            [came] = await self.writable.foresee(info.context, [job])
            if isinstance(came, Exception):
                raise came
            return came

        came = f"What came of {doing} {self._a_noun}."
        payload = made(strawberry.type, f"{verb}{self._kind}Payload", came, self._row(), base=SavedPayload)
        return _field(resolve, {"input": argument(source, "What to write.")} | _DRY_RUN, payload, description)

    def _bulk(
        self,
        verb: str,
        says: str,
        fields: Mapping[str, Field],
        write: Callable[[Any, Any], Job],
        told: Mapping[str, Any],
        suffix: str = "",
    ) -> Any:
        """Return the field that writes each entry of its input's first field; a result has what is `told` of it."""
        listed, name, removes = next(iter(fields)), f"{verb}{self._kind}s{suffix}", verb == "Delete"

        async def resolve(info: Info, input: Any, **given: Any) -> Results:
            entries = Given(listed, getattr(input, listed))
            if entries.refused is not None:
                return entries.refused
            jobs = [write(input, one) for one in entries.each.values()]
            run = self.writable.foresee if given.get("dry_run") else self.writable.run_all
            return entries.results(await run(info.context, jobs))

        source = _input(name, f"{says} at once: PlanDocket has no bulk endpoint, each is a write.", fields)
        base, came = DeletePayload if removes else SavedResult, "What came of one of many."
        of = {"results": list[made(strawberry.type, f"{name}Result", came, told, base=base)]}
        results = {"results": strawberry.field(description=_IN_ORDER, metadata={"access": Declared.OPEN})}
        payload = made(strawberry.type, f"{name}Payload", "What came of many.", results, of, BulkPayload)
        arguments = {"input": argument(source, "What to write.")} | ({} if removes else _DRY_RUN)
        return _field(resolve, arguments, payload, f"{says}: a write for each, a result for each.")

    def _ids(self) -> dict[str, Field]:
        return {"ids": (list[strawberry.ID], f"Which {self._noun}s, at most {MOST_AT_ONCE}.")}

    def _given_id(self) -> dict[str, Any]:
        return {f"{self._kind.lower()}_id": given_id(f"The {self._noun}'s id as it was given.")}

    def _row(self) -> dict[str, Any]:
        """Return the fields that lead to the row as it was written, its edge, and the rows that it belongs to."""
        fields = {self._kind[0].lower() + self._kind[1:]: saved_row(self._record, f"The {self._noun}")}
        edge = {"edge": saved_edge(self._record)} if self._is_paged else {}
        return fields | edge | self._owners(own_saved)

    def _owners(self, find: OwnRow) -> dict[str, Any]:
        """Return the fields that lead to the rows that a row, as `find` has it, holds the ids of."""
        found = {name: embed for name, embed in self._record.includes.items() if isinstance(embed, One)}
        return {
            name: leading_to(self._record, name, embed, find) for name, embed in found.items() if embed.key
        }


def _input(name: str, description: str, fields: Mapping[str, Field]) -> Any:
    described = {field: strawberry.field(description=about) for field, (_, about) in fields.items()}
    types = {field: of for field, (of, _) in fields.items()}
    return made(strawberry.input, f"{name}Input", description, described, types)


def _field(resolve: Any, arguments: Mapping[str, Any], payload: Any, description: str) -> Any:
    resolver = taking(resolve, arguments)
    return strawberry.mutation(resolver=resolver, graphql_type=payload | None, description=description)
