"""Fields that page through lists: of the root, or of what a row has; all that they take follows from records."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError
from gateway.graph.connection import DEFAULT_FIRST, MOST, Connection, Page
from gateway.graph.context import Context, Info
from gateway.graph.cursors import Cursors
from gateway.graph.declared import argument, taking
from gateway.graph.entity import type_of
from gateway.graph.filtering import Filters, filter_of, filters_of, name_of
from gateway.graph.look_ahead import includes
from gateway.graph.ordering import order_of, sort_of
from gateway.mirror.list_order import Sorting, sorting_of
from gateway.mirror.walk import OrderChangedError
from gateway.mirror.window import Slice, Window, cut, slice_of
from gateway.upstream.call import Call, listing
from gateway.upstream.record import Record
from gateway.upstream.way.reasons import because
from gateway.upstream.wire.natural_keys import comparable, usable

Otherwise = Callable[[Context, Any, Call[Any]], Awaitable[tuple[Any, ...]]]
"""Finds all rows of a list below a row that has no key to filter it by; takes the row, and the list unfiltered."""

_PART = {
    "first": argument(
        int | None,
        "How many, from the start or `after`: 0 to 100, 25 if not given. 0 is for `totalCount` alone.",
    ),
    "after": argument(
        str | None,
        "Only what follows this cursor's row, wherever that stands by now. Where it is gone, what followed it: "
        "exact where `orderBy` or the ids show the order, else some rows may come twice.",
    ),
    "last": argument(int | None, "How many, from the end or `before`: 0 to 100. Not with `first`."),
    "before": argument(str | None, "Only what precedes this cursor's row, in the same way as `after`."),
}


def collection(record: Record[Any]) -> Any:
    """Return a root field that pages through a resource's rows."""

    async def resolve(info: Info, **given: Any) -> Page:
        listed = Listed(info.field_name, record, _filters(record, given), includes(info))
        return await page_of(info.context, listed, given)

    order = " unless `orderBy` is given" if record.sorts else ""
    description = f"{record.rows.capitalize()}, in PlanDocket's order{order}."
    return _field(resolve, record, "Which ones; all if not given.", description)


def connection(
    owner: Record[Any],
    record: Record[Any],
    *,
    description: str,
    deprecated: tuple[str, ...] = (),
    otherwise: Otherwise | None = None,
) -> Any:
    """Return a field of `owner`'s rows that pages through the rows of another resource that their key filters.

    A row without a key has null there, or what `otherwise` finds. `deprecated` are filters that stand beside the
    filter input too.
    """
    key = owner.key or ""

    async def resolve(info: Info, row: strawberry.Parent[Any], **given: Any) -> Page | None:
        own = usable(getattr(row, key))
        if own is None and otherwise is None:
            return None
        filters = both({key: own or ""}, filters_of(record, given), _filters(record, given))
        name = f"{owner.row.kind}.{info.field_name}"
        listed = Listed(name, record, filters, includes(info), (row.id, key))
        if own is not None or filters is None or otherwise is None:
            return await page_of(info.context, listed, given)
        wider = listing(record, filters | {key: None}, listed.include)
        return await page_of(info.context, listed, given, partial(otherwise, info.context, row, wider))

    kind = owner.row.kind.lower()
    what = key.removeprefix(f"{kind}_").replace("_", " ")
    which = f"Which ones; with another {kind}'s {what}, none."
    return _field(resolve, record, which, description, deprecated)


def _field(
    resolve: Callable[..., Any],
    record: Record[Any],
    which: str,
    description: str,
    deprecated: tuple[str, ...] = (),
) -> Any:
    arguments = {name_of(name, record.filters[name]): _deprecated(name, record) for name in deprecated}
    if record.filters:
        arguments["filter"] = argument(filter_of(record) | None, which)
    if record.sorts:
        arguments["order_by"] = argument(order_of(record) | None, "In which order.")
    answers = cast(Any, Connection)[type_of(record)] | None
    resolver = taking(resolve, {**arguments, **_PART})
    return strawberry.field(resolver=resolver, graphql_type=answers, description=description)


def _deprecated(name: str, record: Record[Any]) -> Any:
    found = record.filters[name]
    place = to_camel_case(name_of(name, found))
    reason = f"Use `filter: {{{place}: …}}`. Where both are given, both must hold."
    return argument(found.type | None, found.description, deprecation_reason=reason)


def _filters(record: Record[Any], given: Mapping[str, Any]) -> Filters:
    """Return the filters and the order that a field's arguments ask for, in PlanDocket's names."""
    wanted: Any = given.get("filter")
    values = cast(dict[str, Any], vars(wanted)) if wanted else {}
    return filters_of(record, values) | sort_of(given.get("order_by"))


class Listed(msgspec.Struct, frozen=True):
    """The list that a connection shows."""

    name: str
    """The connection's: "Event.participants"."""
    record: Record[Any]
    filters: Filters | None
    """PlanDocket's filters, `sort` and `order` among them; None where no row can pass: see `both`."""
    include: frozenset[str] = frozenset()
    parent: tuple[int, str] | None = None
    """Of a list below an entity, that one's id and the filter that names it: its key may change, the list stays."""

    @property
    def call(self) -> Call[Any]:
        """The list's first page."""
        return listing(self.record, self.filters, self.include)

    @property
    def cursors(self) -> Cursors:
        """What writes and reads its cursors; a list that no row can be in has none."""
        if self.filters is None:
            return Cursors(self.name, None, Sorting())
        row_id, own = self.parent or (0, "")
        filters = [pair for pair in self.call.filters if pair[0] != own]
        return Cursors(self.name, (row_id, filters), sorting_of(self.call))


def both(*filters: Filters) -> Filters | None:
    """Return filters that hold all of these; None where they contradict each other: no row can pass."""
    merged: Filters = {}
    for name, value in (pair for some in filters for pair in some.items()):
        if value is not None and not _is_same(merged.setdefault(name, value), value):
            return None
    return merged


def _is_same(one: str | bool | None, other: str | bool) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return comparable(one) == comparable(other)
    return one == other


async def page_of(
    context: Context,
    listed: Listed,
    given: Mapping[str, Any],
    read: Callable[[], Awaitable[tuple[Any, ...]]] | None = None,
) -> Page:
    """Return the part of a list that a field's arguments ask for; of one that only `read` finds, it reads all.

    Raises:
        BadInputError: `first` or `last` out of bounds or both given, or a cursor of another list.
    """
    cursors = listed.cursors
    window = _window(cursors, **{name: given[name] for name in _PART.keys() & given.keys()})
    if listed.filters is None:
        return Page(cursors, cut((), window, Sorting()))
    context.wanted += 1
    if read is not None:
        return Page(cursors, cut(await read(), window, sorting_of(listed.call)))
    with because("the query lists it" + (", and what it leads to comes along" if listed.include else "")):
        return Page(cursors, await _slice(context, listed, window))


async def _slice(context: Context, listed: Listed, window: Window) -> Slice[Any]:
    """Return a window's rows in the order that its cursors were told in: the gateway's own, or PlanDocket's."""
    anchors = [anchor for anchor in (window.after, window.before) if anchor is not None]
    call, theirs = listed.call, msgspec.structs.replace(listed.call, in_their_order=True)
    try:
        begun_theirs = call.is_sorted and not all(anchor.is_own for anchor in anchors)
        found = await slice_of(context.reading.listing(theirs if begun_theirs else call), window)
    except OrderChangedError:
        found = await slice_of(context.reading.listing(theirs), window)
    if any(anchor.is_own != found.is_in_own_order for anchor in anchors):
        raise BadInputError(
            f"This cursor of '{listed.name}' is of an order that the list cannot be told in at the moment: begin "
            "without a cursor."
        )
    return found


def _window(
    cursors: Cursors,
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> Window:
    if first is not None and last is not None:
        raise BadInputError("Give 'first' or 'last', not both.")
    for name, count in (("first", first), ("last", last)):
        if count is not None and not 0 <= count <= MOST:
            raise BadInputError(f"'{name}' must be from 0 to {MOST}, not {count}.")
    return Window(
        first=DEFAULT_FIRST if first is None and last is None else first,
        last=last,
        after=cursors.read(after) if after else None,
        before=cursors.read(before) if before else None,
    )
