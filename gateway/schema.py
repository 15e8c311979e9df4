"""The resources joined into one schema. `schema.graphql` is printed from it."""

from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Annotated, Any, cast

import strawberry
from graphql import GraphQLInputObjectType, GraphQLOneOfDirective
from strawberry.schema_directives import OneOf

from gateway.errors import BadInputError, ForbiddenError
from gateway.execution.requirements import Rules
from gateway.graph.caller import Access, Declared, Needs
from gateway.graph.context import Info
from gateway.graph.entity import Node
from gateway.graph.global_id import decode_id
from gateway.graph.load_by_id import ById
from gateway.graph.loader import Wanted
from gateway.graph.look_ahead import includes
from gateway.graph.scalars import CONFIG, DateTime
from gateway.mirror.standing import Mirrored
from gateway.resources import RESOURCES
from gateway.upstream.way.hour_lanes import Lane
from gateway.upstream.way.tasks import settle

MOST_NODES = 100

_BY_KIND = {resource.kind: resource for resource in RESOURCES}
_BY_PATH = {resource.record.path: resource.record for resource in RESOURCES}


@strawberry.type
class NodeQueries:
    """Root fields over all resources."""

    @strawberry.field(
        graphql_type=Node | None,
        description="Anything by its global id; null once deleted.",
        metadata={"access": Declared.BY_ID},
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")],
    ) -> Any:
        """Return the row, or None."""
        return await _find(info, id)

    @strawberry.field(
        graphql_type=list[Node | None],
        description=f"Anything by global ids, in their order, at most {MOST_NODES}. "
        "A bad id is null with an error of its own, the others answer.",
        metadata={"access": Declared.BY_ID},
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="The global ids.")],
    ) -> list[Any]:
        """Return a row, None or an exception for each id: graphql-core makes an error of the last."""
        if len(ids) > MOST_NODES:
            raise BadInputError(
                f"'ids' must have at most {MOST_NODES} entries, not {len(ids)}: send {MOST_NODES} at a time, in "
                "requests of their own or under aliases, such as 'a: nodes(ids: $a) b: nodes(ids: $b)'."
            )
        return list(await settle(_find(info, one) for one in ids))


@strawberry.enum(description="Whether requests go to PlanDocket.")
class BreakerState(Enum):
    """gateway.upstream.way.breaker.State, described."""

    CLOSED = strawberry.enum_value("CLOSED", description="All do.")
    OPEN = strawberry.enum_value(
        "OPEN", description="None does for some seconds: most of the last ones failed."
    )
    HALF_OPEN = strawberry.enum_value(
        "HALF_OPEN", description="One does, and tells whether PlanDocket is back."
    )


@strawberry.type(
    description="What is held whole of a resource that is too large for that: such as one event's participants. No "
    "entity: for urql's graphcache `keys: { MirroredSlice: () => null }`."
)
class MirroredSlice:
    """Resolved from a Mirrored."""

    key: str = strawberry.field(description="The key of the row that its rows belong to: the event's.")
    rows: int = strawberry.field(description="How many rows are held.")
    age: int = strawberry.field(
        description="Seconds since all of them were read. Single rows may be younger."
    )


@strawberry.type(
    description="What is held of a resource. No entity: for urql's graphcache `keys: { MirroredResource: () => null }`."
)
class MirroredResource:
    """Resolved from a Mirrored."""

    resource: str = strawberry.field(description='As PlanDocket\'s API names it: "participants".')
    rows: int = strawberry.field(description="How many rows are held.")
    complete: bool = strawberry.field(description="Whether these are all there are.")
    age: int | None = strawberry.field(
        description="Seconds since all of it was read; null where it was not. Single rows may be younger."
    )
    reason: str | None = strawberry.field(
        description="Why it is not complete, such as: not asked for enough yet; null where it is complete."
    )
    next_refresh: DateTime | None = strawberry.field(
        description="When it will be read again, if it is asked for as much as now; null where that is not planned."
    )
    cost_per_hour: int | None = strawberry.field(
        description="Requests an hour that reading it again and again takes, if it is asked for as much as now; null "
        "where that is not planned."
    )
    slices: list[MirroredSlice] = strawberry.field(
        description="What is held whole of it where the hour has no room for all; nothing where the caller may not "
        "read what the keys are of."
    )


@strawberry.type(
    description="The caller's way to PlanDocket: what is left of the hour, and what keeping saves. No entity, so it "
    "has no id and no key: for urql's graphcache `keys: { UpstreamStatus: () => null }`."
)
class UpstreamStatus:
    """Resolved from a Spent and the process's counts."""

    requests_per_hour: int | None = strawberry.field(description="What the hour allows; null is unlimited.")
    used: int = strawberry.field(description="Requests in the last sixty minutes, with the caller's key.")
    used_by_reads: int = strawberry.field(description="Those of them that operations read with.")
    used_by_writes: int = strawberry.field(
        description="Those of them that write, or read for a write what it changes, before it or after."
    )
    used_by_mirror: int = strawberry.field(description="Those of them that keep the mirror young.")
    used_by_key_checks: int = strawberry.field(
        description="Those of them that found out whether PlanDocket still accepts the key."
    )
    used_in_background: int = strawberry.field(
        description="Those of them that nobody waited for: sent with the header `Priority: u=7`."
    )
    remaining: int | None = strawberry.field(description="What is left of the hour; null is unlimited.")
    resets_at: DateTime | None = strawberry.field(
        description="When the oldest of those requests is an hour old; null where there is none."
    )
    breaker: BreakerState = strawberry.field(
        description="Whether PlanDocket is asked, or fails too often for that."
    )
    cache_hit_ratio: float | None = strawberry.field(
        description="The part of all reads since the start that needed no request; null before the first."
    )
    mirror: list[MirroredResource] = strawberry.field(
        description="What is held of the resources that the caller may read; nothing before PlanDocket accepted "
        "the key."
    )


@strawberry.type
class UpstreamQueries:
    """Root fields about the gateway itself."""

    @strawberry.field(
        description="The caller's way to PlanDocket. Asks PlanDocket nothing.",
        metadata={"access": Declared.OPEN},
    )
    def upstream(self, info: Info) -> UpstreamStatus:
        """Return where the caller's hour stands."""
        reading = info.context.reading
        reading.depends_on_more()
        spent = reading.upstream.budget.state(reading.session.credential)
        by_lane = reading.upstream.budget.by_lane(reading.session.credential)
        hits, misses = reading.mirror.hits, reading.mirror.misses
        access = info.context.caller.access
        return UpstreamStatus(
            requests_per_hour=spent.limit,
            used=spent.used,
            used_by_reads=by_lane[Lane.READ],
            used_by_writes=by_lane[Lane.WRITE],
            used_by_mirror=by_lane[Lane.WALK],
            used_by_key_checks=by_lane[Lane.CHECK],
            used_in_background=by_lane[Lane.BACKGROUND],
            remaining=spent.remaining,
            resets_at=None if spent.resets_at is None else DateTime(spent.resets_at),
            breaker=BreakerState[reading.upstream.gate.breaker_state.name],
            cache_hit_ratio=hits / (hits + misses) if hits + misses else None,
            mirror=[
                _mirrored(one, access, reading.upstream.gate.unix())
                for one in reading.mirror.held(reading.session)
                if access.grants(Needs(frozenset({one.path})))
            ],
        )


def _mirrored(held: Mirrored, access: Access, unix: float) -> MirroredResource:
    of = _BY_PATH[held.path].sliced_of
    slices = held.slices if of is not None and access.grants(Needs(frozenset({of.path}))) else ()
    next_at = None if held.next_in_s is None else datetime.fromtimestamp(int(unix + held.next_in_s), UTC)
    return MirroredResource(
        resource=held.path,
        rows=held.rows,
        complete=held.age_s is not None,
        age=held.age_s,
        reason=held.reason,
        next_refresh=None if next_at is None else DateTime(next_at),
        cost_per_hour=held.per_hour,
        slices=[MirroredSlice(key=one.key or "", rows=one.rows, age=one.age_s or 0) for one in slices],
    )


async def _find(info: Info, global_id: str) -> Any:
    kind, row_id = decode_id(global_id)
    if kind not in _BY_KIND:
        raise BadInputError(f"There is no type {kind} here: send an 'id' that a query returned.")
    record = _BY_KIND[kind].record
    needs = Needs(frozenset({record.path}))
    if not info.context.caller.access.grants(needs):
        raise ForbiddenError.lacking(info.context.caller.access.lacks(needs))
    info.context.wanted += 1
    info.context.reading.check_look_up(record, row_id)
    return await info.context.loader(ById, record).load(Wanted(row_id, includes(info, kind)))


def _build() -> strawberry.Schema:
    roots = (NodeQueries, UpstreamQueries, *(resource.queries for resource in RESOURCES))
    query = strawberry.type(type("Query", roots, {}), description="Where every read begins.")
    writes = tuple(resource.mutations for resource in RESOURCES)
    mutation = strawberry.type(type("Mutation", writes, {}), description="Where every write begins.")
    # Introspection has it; Strawberry would print the directive without a word.
    cast(Any, OneOf).__strawberry_directive__.description = GraphQLOneOfDirective.description
    schema = strawberry.Schema(
        query, mutation, types=[resource.node for resource in RESOURCES], config=CONFIG
    )
    _tell_one_of(schema)
    return schema


def _tell_one_of(schema: strawberry.Schema) -> None:
    """Let graphql-core know of `@oneOf` too: Strawberry keeps it to itself, and its own rule fails in fragments."""
    for made in schema.schema_converter.type_map.values():
        if isinstance(made.implementation, GraphQLInputObjectType):
            made.implementation.is_one_of = cast(Any, made.definition).is_one_of


SCHEMA = _build()
"""One for the process: Strawberry refuses a second from the same types."""

RULES = Rules(SCHEMA, RESOURCES)
"""What each of its fields needs of a caller's access."""


@cache
def print_schema() -> str:
    """Return the SDL, as committed in schema.graphql."""
    return SCHEMA.as_str() + "\n"
