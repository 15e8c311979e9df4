"""Fields that page through lists: of the root, or of what a row has; all that they take follows from records."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import strawberry
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadInputError
from gateway.graph.connection import Page
from gateway.graph.context import Context, Info
from gateway.graph.declared import argument, taking
from gateway.graph.facets import connection_of
from gateway.graph.filtering import filter_of, name_of, theirs, values_of
from gateway.graph.listed import Listed, Parent
from gateway.graph.look_ahead import includes, selected
from gateway.graph.ordering import is_ordered, order_of
from gateway.graph.part import PART, Part
from gateway.mirror.answers.walk import OrderChangedError
from gateway.mirror.answers.window import Slice, Window, cut, slice_of
from gateway.mirror.rows.index.question import Question, Stretch, WrongKeyError
from gateway.mirror.rows.list_order import Sorting, sorting_of
from gateway.upstream.call import Call, listing
from gateway.upstream.record import Record
from gateway.upstream.way.reasons import because
from gateway.upstream.wire.natural_keys import usable

Otherwise = Callable[[Context, Any, Call[Any]], Awaitable[tuple[Any, ...]]]
"""Finds all rows of a list below a row that has no key to filter it by; takes the row, and the list unfiltered."""


def collection(record: Record[Any]) -> Any:
    """Return a root field that pages through a resource's rows."""

    async def resolve(info: Info, **given: Any) -> Page:
        return await page_of(info, _listed(info, record, info.field_name, given), given)

    order = " unless `orderBy` is given" if is_ordered(record) else ""
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
        name = f"{owner.row.kind}.{info.field_name}"
        listed = _listed(info, record, name, given, Parent(row.id, key, own))
        if own is not None or listed.filters is None or otherwise is None:
            return await page_of(info, listed, given)
        wider = listing(record, listed.filters | {key: None}, listed.include)
        return await page_of(info, listed, given, partial(otherwise, info.context, row, wider))

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
    if is_ordered(record):
        arguments["order_by"] = argument(
            list[order_of(record)] | None,
            "In which order: by the first key, those that are equal by the next.",
        )
    resolver = taking(resolve, {**arguments, **PART})
    return strawberry.field(
        resolver=resolver, graphql_type=connection_of(record) | None, description=description
    )


def _deprecated(name: str, record: Record[Any]) -> Any:
    found = record.filters[name]
    place = to_camel_case(name_of(name, found))
    reason = f"Use `filter: {{{place}: …}}`. Where both are given, both must hold."
    return argument(found.type | None, found.description, deprecation_reason=reason)


def _listed(
    info: Info, record: Record[Any], name: str, given: Mapping[str, Any], parent: Parent | None = None
) -> Listed:
    """Return the list that a field's arguments ask for."""
    beside = {name: given[name] for name in theirs(record) & given.keys() if given[name] is not None}
    order: Sequence[Any] = given.get("order_by") or ()
    return Listed(name, record, values_of(given.get("filter")), beside, order, includes(info), parent)


async def page_of(
    info: Info,
    listed: Listed,
    given: Mapping[str, Any],
    read: Callable[[], Awaitable[tuple[Any, ...]]] | None = None,
) -> Page:
    """Return the part of a list that a field's arguments ask for; of one that only `read` finds, it reads all.

    Raises:
        BadInputError: the part is none that there can be, or a cursor is of another list.
        MirrorIncompleteError: PlanDocket has no such list, and not all rows are held that tell it.
    """
    context, part = info.context, Part(**{name: given[name] for name in PART.keys() & given.keys()})
    counts_alone = part.first == 0 and "facets" in selected(info)
    is_own = _is_own(context, listed, part) or (counts_alone and context.reading.is_whole(listed.record))
    cursors = listed.own_cursors if is_own else listed.cursors
    window = part.window(cursors)
    if selected(info) <= {"facets", "__typename"}:
        return Page(listed, cursors, cut((), window, Sorting()))
    if is_own:
        return await _own_page(info, listed, window)
    if listed.filters is None:
        return Page(listed, cursors, cut((), window, Sorting()))
    context.wanted += 1
    if read is not None:
        return Page(listed, cursors, cut(await read(), window, sorting_of(listed.call)))
    with because("the query lists it" + (", and what it leads to comes along" if listed.include else "")):
        return Page(listed, cursors, await _slice(context, listed, window))


def _is_own(context: Context, listed: Listed, part: Part) -> bool:
    """Return whether the gateway tells a list: where PlanDocket has none such, or its search or order is its own."""
    if context.to_the_end is not None or not listed.is_theirs:
        return True
    is_searched = "search" in listed.values and bool(listed.record.texts)
    if not (is_searched or _is_ordered_by_us(listed)):
        return False
    cursors = [cursor for cursor in (part.after, part.before) if cursor]
    if cursors:
        return all(map(listed.own_cursors.wrote, cursors))
    return context.reading.is_whole(listed.record)


def _is_ordered_by_us(listed: Listed) -> bool:
    """Return whether all rows tell an order of rows that PlanDocket alone picks: asked in each, it would tell again."""
    picks = (name_of(name, found) for name, found in listed.record.filters.items() if found.depends_on)
    return bool(listed.order) and any(listed.values.get(name) for name in picks)


async def _own_page(info: Info, listed: Listed, window: Window) -> Page:
    context, cursors = info.context, listed.own_cursors
    context.wanted += 1
    if any(anchor is not None and not anchor.is_own for anchor in (window.after, window.before)):
        raise cursors.other_list  # of an older release: it tells an offset alone
    question = await _question(context, listed)
    after, before = (None if one is None else (*one.key, one.id) for one in (window.after, window.before))
    can_wait = context.to_the_end is not None
    stretch = Stretch(window.first, window.last, after, before, window.offset, can_wait)
    with because("all rows tell it: PlanDocket has no such list"):
        try:
            rows, held = await context.reading.rows(question, stretch, listed.include)
        except WrongKeyError:
            raise cursors.other_list from None
        total = None
        if "totalCount" in selected(info):
            index = await context.reading.index(question)
            total = await index.count(listed.record, question.where)
    found = Slice(held, window.offset, rows.has_previous, rows.has_next, total, is_in_own_order=True)
    keys = {row_id: key[:-1] for row_id, key in zip(rows.ids, rows.keys, strict=True)}
    return Page(listed, cursors, found, keys)


async def _question(context: Context, listed: Listed) -> Question:
    """Return what is asked; of a list that is read to its end once, when all is held that it shows."""
    if (read := context.to_the_end) is None:
        return await listed.question(context)
    if read.question is None:
        question = await listed.question(context)
        await context.reading.index(question, *sorted(listed.include))
        read.question = question
    context.reading.session.asks = False
    return read.question


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
