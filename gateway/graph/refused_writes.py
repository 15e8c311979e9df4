"""What is wrong with the input of a write that PlanDocket refused, as far as what is there tells it.

A 422 names request fields, in words for people: a key that is taken and one that nothing has look alike.
So the keys that the input gave and a 422 blames are looked up: in what is kept, else with one list.
Source: /en/getting-started/errors.html (there are no error codes)
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

import msgspec
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import GatewayError
from gateway.graph.context import Context
from gateway.graph.inputs import Body, Inputs, named_by
from gateway.graph.load_by_id import ById
from gateway.graph.load_by_key import ids_by_key
from gateway.graph.loader import Wanted
from gateway.graph.user_errors import InputRefusedError, UserError, UserErrorCode, no_such
from gateway.upstream.call import one
from gateway.upstream.record import Record
from gateway.upstream.way.reasons import because
from gateway.upstream.wire.natural_keys import comparable
from gateway.upstream.write import Refusal

T = TypeVar("T")

_NO_ROW = "PlanDocket has nothing under this id."
_LONGEST_WORDS = 500  # characters of PlanDocket's own, in one message


class Attempt(msgspec.Struct, frozen=True):
    """A write as its input has it."""

    body: Body = {}
    """The request fields that the input gave; a PUT sends more."""
    source: object = None
    """The input."""
    row_id: int | None = None
    """Of the row to be changed; None for a new one."""


class Unique(msgspec.Struct, frozen=True):
    """Request fields that together name one row at the most; none where there are no such."""

    columns: tuple[str, ...]
    message: str
    """Says that there is one already."""
    is_taken: Callable[[Context, Attempt], Awaitable[bool]]
    """Tells whether another row has what an attempt gives."""


class _Blame(msgspec.Struct, frozen=True):
    """What a refusal says of one request field, or of none that is known."""

    words: list[str]
    column: str | None = None
    index: int | None = None
    """Of the entry, where the field is a list and the refusal tells it."""


def own_key(record: Record[Any]) -> Unique:
    """Return that no two rows have the same key."""
    column = record.key or ""

    async def is_taken(context: Context, attempt: Attempt) -> bool:
        key: str = attempt.body[column]
        found = await ids_by_key(context, record, {key})
        same = {row_id for held, row_id in found.ids.items() if _folded(held) == _folded(key)}
        return bool(same - {attempt.row_id})

    what = f"Another {record.row.kind.lower()} has this '{to_camel_case(column)}'"
    return Unique((column,) if column else (), f"{what}: give one that is free.", is_taken)


async def faults_of(
    context: Context, inputs: Inputs, unique: Unique, refusal: Refusal, attempt: Attempt
) -> list[UserError]:
    """Return why a write was refused, in the input's own names; a look-up that fails does not hide it."""
    match refusal.status:
        case 404:
            return [_error(_NO_ROW, UserErrorCode.NOT_FOUND, "id")]
        case 409:
            return _conflicts(inputs, refusal)
        case _:
            with (
                context.reading.part_of_a_write(),
                because("the write was refused: a key may be taken or unknown"),
            ):
                blames = _blames(refusal, _columns(inputs))
                return await _Invalid(context, inputs, unique, attempt).faults(blames)


async def foreseen(context: Context, inputs: Inputs, unique: Unique, attempt: Attempt) -> list[UserError]:
    """Return why a write would be refused: its row is gone, a key is taken, what it names is not there.

    As far as reads tell that are made for it: see `OperationReads.unasked`.
    """
    row_id = attempt.row_id
    kept = None if row_id is None else await context.reading.recall(one(inputs.record, row_id))
    if kept is not None and not kept.rows:
        return [_error(_NO_ROW, UserErrorCode.NOT_FOUND, "id")]
    blames = [_Blame([], column) for column in attempt.body]
    return await _Invalid(context, inputs, unique, attempt).faults(blames)


def _conflicts(inputs: Inputs, refusal: Refusal) -> list[UserError]:
    """Return that it is there already, at the request fields that are named, if any."""
    blames = _blames(refusal, _columns(inputs), otherwise="PlanDocket has this already.")
    places = [() if blame.column is None else (inputs.place(blame.column),) for blame in blames]
    return [
        _error(text, UserErrorCode.CONFLICT, *place)
        for blame, place in zip(blames, places, strict=True)
        for text in blame.words
    ]


class _Invalid:
    """A write that was refused for what is in it."""

    def __init__(self, context: Context, inputs: Inputs, unique: Unique, attempt: Attempt) -> None:
        self._context = context
        self._inputs = inputs
        self._unique = unique
        self._attempt = attempt
        self._given = [name for name in unique.columns if attempt.body.get(name) is not None]

    async def faults(self, blames: list[_Blame]) -> list[UserError]:
        """Return those that may be to blame for it, a taken key first."""
        suspects = [blame for blame in blames if blame.column in (None, *self._unique.columns)]
        taken: list[UserError] = []
        if suspects and self._given:
            is_taken = self._unique.is_taken(self._context, self._attempt)
            if await self._told(is_taken, otherwise=False):
                taken = self._conflict(suspects)
                blames = [blame for blame in blames if blame not in suspects]
        each = await asyncio.gather(*(self._fault(blame) for blame in blames))
        return [*taken, *(error for errors in each for error in errors)]

    def _conflict(self, suspects: list[_Blame]) -> list[UserError]:
        """Return that the key is taken, at what is blamed of what the input gave."""
        blamed = {blame.column for blame in suspects if blame.words}
        at = [name for name in self._given if name in blamed] or self._given[-1:]
        message = _with(self._unique.message, [text for blame in suspects for text in blame.words])
        return [_error(message, UserErrorCode.CONFLICT, self._inputs.place(name)) for name in at]

    async def _fault(self, blame: _Blame) -> list[UserError]:
        """Return NOT_FOUND for each row that is named and not there, else what PlanDocket says."""
        if blame.column is None:
            return [_error(text, UserErrorCode.VALIDATION_FAILED) for text in blame.words]
        reference = self._inputs.references.get(blame.column)
        if reference is not None and blame.column in self._attempt.body:
            missing = await self._told(self._missing(reference.record, blame), otherwise=[])
            if missing:
                message = _with(no_such(reference.record.row.kind.lower()), blame.words)
                place = self._inputs.place(blame.column)
                return [_error(message, UserErrorCode.NOT_FOUND, place, *path) for path in missing]
        path = self._path(blame.column, blame.index)
        return [_error(text, UserErrorCode.VALIDATION_FAILED, *path) for text in blame.words]

    def _path(self, column: str, index: int | None) -> list[str]:
        """Return where a request field stands; of what is wrong only together, that which the input gave."""
        if column in self._unique.columns and self._given and column not in self._given:
            column = self._given[-1]
        sent = self._attempt.body.get(column)
        is_there = index is not None and isinstance(sent, list) and index < len(cast(list[Any], sent))
        return [self._inputs.place(column), *([str(index)] if is_there else [])]

    async def _missing(self, record: Record[Any], blame: _Blame) -> list[tuple[str, ...]]:
        """Return where in its field the input names rows that are not there."""
        unseen = self._unseen(blame)
        found = await ids_by_key(
            self._context, record, {name for name in unseen.values() if isinstance(name, str)}
        )
        load = self._context.loader(ById, record).load
        ids = {name for name in unseen.values() if isinstance(name, int)}
        rows = await asyncio.gather(*(load(Wanted(row_id)) for row_id in ids))
        there = {*found.ids, *(row.id for row in rows if row is not None)}
        return [
            path
            for path, name in unseen.items()
            if (comparable(name) if isinstance(name, str) else name) not in there
            and (found.are_all or isinstance(name, int))
        ]

    def _unseen(self, blame: _Blame) -> Mapping[tuple[str, ...], str | int]:
        """Return the keys and ids that went out as the input has them, so that nobody has seen their rows yet."""
        column = blame.column or ""
        named = getattr(self._attempt.source, self._inputs.attribute(column), None)
        sent = self._attempt.body[column]
        if isinstance(named, list):
            pairs = zip(cast(list[Any], named), sent, strict=True)
            each = {(str(index),): pair for index, pair in enumerate(pairs)}
        else:
            each = {(): (named, sent)} if named is not None else {}
        return {
            path: key
            for path, (by, key) in each.items()
            if blame.index is None or path in ((), (str(blame.index),))
            if _is_as_given(by, key)
        }

    async def _told(self, question: Awaitable[T], *, otherwise: T) -> T:
        """Return the answer; `otherwise` where there is none in half of the time that the operation has left."""
        try:
            async with asyncio.timeout(self._context.reading.time_left / 2):
                return await question
        except (GatewayError, InputRefusedError, TimeoutError):
            return otherwise


def _is_as_given(by: object, sent: str | int) -> bool:
    name, value = named_by(by)
    return isinstance(sent, int) if name in ("id", "databaseId") else sent == value


def _columns(inputs: Inputs) -> dict[str, str]:
    """Return a resource's request fields by all their names, spelled as `_bare` spells them."""
    record = inputs.record
    held = {same.column: name for name, same in record.exact.items() if name in record.writable}
    own = {name: name for name in record.writable}
    placed = {inputs.attribute(name): name for name in record.writable}
    return {_bare(spelling): name for spelling, name in (held | placed | own).items()}


def _blames(
    refusal: Refusal, columns: Mapping[str, str], otherwise: str = "PlanDocket does not take this."
) -> list[_Blame]:
    """Return what a refusal says of each request field that it names; its sentence where it names none."""
    blames = [_blame(name, words, columns) for name, words in refusal.fields.items() if words]
    if any(refusal.fields):
        return blames
    sentence = refusal.message or ("" if blames else otherwise)
    return [_Blame([sentence]), *blames] if sentence else blames


def _blame(name: str, words: list[str], columns: Mapping[str, str]) -> _Blame:
    """Return what is said of a field; its name may be spelled in other ways: `eventKey`, `event_keys.0`."""
    parts = [part for part in re.split(r"[./\[\]]+", name) if part]
    place = next((place for place, part in enumerate(parts) if _bare(part) in columns), None)
    if place is None:
        return _Blame([f"{name}: {text}" if name else text for text in words])
    index = next((int(part) for part in parts[place + 1 :] if part.isdecimal()), None)
    return _Blame(words, columns[_bare(parts[place])], index)


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _folded(key: str) -> str:
    """Return a key as databases mostly compare it: no two may differ in case or blanks alone."""
    return comparable(key.strip().casefold())


def _with(message: str, words: list[str]) -> str:
    said = " ".join(dict.fromkeys(words))[:_LONGEST_WORDS]
    return f"{message} PlanDocket says: {said}" if said else message


def _error(message: str, code: UserErrorCode, *path: str) -> UserError:
    return UserError(message=message, field=["input", *path] if path else None, code=code)
