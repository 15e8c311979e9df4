"""Questions that PlanDocket has not, answered by all rows of the resources that they look at.

Where those are not held, their walks begin, whatever the demand, and the operation waits for them.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from gateway.errors import MirrorIncompleteError, NotKeptError
from gateway.mirror.answers.key_check import KeyCheck
from gateway.mirror.answers.session import KeepingSession
from gateway.mirror.owner import Owner
from gateway.mirror.owners import Owners
from gateway.mirror.rows.found import Found
from gateway.mirror.rows.held import SELF, leads_to
from gateway.mirror.rows.index.index import Index
from gateway.mirror.rows.index.question import (
    DEFAULT,
    ID,
    Condition,
    Every,
    LeadsTo,
    Not,
    Question,
    Rows,
    Search,
    Some,
    Stretch,
    Through,
    required,
)
from gateway.upstream.call import Call, listing
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record
from gateway.upstream.wire.natural_keys import usable
from gateway.upstream.wire.page_shapes import Paging

_MOST_TRIES = 5
_PART_TO_WAIT = 0.9  # of an operation's time: the rest is for its answer, or to say when to come again


class Questions:
    """What callers' operations may ask of all rows."""

    def __init__(self, upstream: Upstream, owners: Owners, key_check: KeyCheck) -> None:
        self._upstream = upstream
        self._owners = owners
        self._key_check = key_check

    async def rows(
        self, question: Question, stretch: Stretch, include: frozenset[str], session: KeepingSession
    ) -> tuple[Rows, Call[Any], Found[Any]]:
        """Return neighbouring rows in order, and what is held of them, as the answer to a call.

        The call has those of the includes that are held of all these rows.

        Raises:
            MirrorIncompleteError: not all is held that it looks at, and it cannot be read soon enough.
        """
        for _ in range(_MOST_TRIES):
            index, at = await self.index(question, session)
            rows = await index.page(_ordered(question, session), stretch)
            call, found = self._found(listing(question.record, None, include), rows, at, session)
            if found is not None:  # else a row went meanwhile
                session.is_stale = session.is_stale or found.is_old
                session.oldest_at = min(session.oldest_at, found.at)
                session.orders.add(True)
                return rows, call, found
        raise MirrorIncompleteError(f"{question.record.rows.capitalize()} come and go too fast.", 1)

    def _found(
        self, call: Call[Any], rows: Rows, at: float, session: KeepingSession
    ) -> tuple[Call[Any], Found[Any] | None]:

        def pick(include: Iterable[str]) -> tuple[Call[Any], Found[Any] | None]:
            asked = call.including(frozenset(include))
            return asked, self.held(asked, rows.ids, at, session)

        whole = pick(call.include)
        return whole if whole[1] else pick(name for name in call.include if pick({name})[1] is not None)

    def held(
        self, call: Call[Any], row_ids: Iterable[int], at: float, session: KeepingSession
    ) -> Found[Any] | None:
        """Return what is held of rows, as the answer to a call of a moment; None where one is missing."""
        return session.tenant.pick(call, row_ids, Paging(), at, None, self._upstream.gate.now())

    async def index(self, question: Question, session: KeepingSession, *counted: str) -> tuple[Index, float]:
        """Return what answers a question, and when the oldest was told of what it looks at.

        `counted` are the includes that its rows are counted by, or that are shown of all of them.

        Raises:
            MirrorIncompleteError: not all of that is held, and it cannot be read soon enough.
        """
        owner = await self._owner(session)
        uses = list(_uses(question, counted))
        calls = [call async for call in self._looked_at(question, uses, owner, session)]
        ages = [await self._whole_at(call, owner, session) for call in calls]
        session.oldest_at = min(session.oldest_at, *ages)
        collections = [owner.tenant.collection(call.record) for call in calls]
        session.is_stale = session.is_stale or any(one.may_differ(SELF) for one in collections)
        for use in uses:
            self._check_told(use, owner, session)
        session.hits += 1
        return await owner.tenant.index(), min(ages)

    def _check_told(self, use: "_Use", owner: Owner, session: KeepingSession) -> None:
        """Return where it is held what an include tells of rows; note where it may be something else by now."""
        if use.has_key:
            return
        collection = owner.tenant.collection(use.record)
        told = collection.times_told(use.include)
        if len(collection) and not told:
            raise MirrorIncompleteError(
                f"PlanDocket does not tell the gateway the {use.include} of {use.record.rows}: leave out what asks "
                "for that."
            )
        session.is_stale = session.is_stale or told < len(collection) or collection.may_differ(use.include)

    async def _owner(self, session: KeepingSession) -> Owner:
        if not self._owners.keeps:
            raise MirrorIncompleteError(
                "Only all rows answer this, and this gateway holds none: GATEWAY_MIRROR is off."
            )
        owner = self._owners.of(session.credential)
        if owner is None:  # PlanDocket was not asked with the key yet
            await self._key_check.renew(session)
            owner = self._owners.of(session.credential)
        if owner is None:
            raise MirrorIncompleteError("PlanDocket did not accept the key, so that nothing is held.")
        await self._owners.resume_for(session)
        session.owner, session.tenant = owner, owner.tenant
        return owner

    async def _whole_at(self, call: Call[Any], owner: Owner, session: KeepingSession) -> float:
        now = self._upstream.gate.now()
        if not session.asks and session.tenant.whole_at(call) is None:
            raise NotKeptError
        within_s = _PART_TO_WAIT * max(0.0, session.deadline - now) if session.asks else 0.0
        at = await owner.completion.at(call, within_s, not_before=session.not_before)
        age_s = self._upstream.gate.now() - at
        is_late = owner.completion.is_late(call, age_s) or at < session.not_before
        is_doubted = session.tenant.collection(call.record).is_doubted_since(at)
        session.is_stale = session.is_stale or is_late or is_doubted
        return at

    async def _looked_at(
        self, question: Question, uses: Sequence["_Use"], owner: Owner, session: KeepingSession
    ) -> AsyncIterator[Call[Any]]:
        """Yield the lists that must be held whole: each resource that it looks at, or parts of one too large."""
        record = question.record
        pinned = _pinned(question) if owner.is_too_large(record) else None
        if pinned is None:
            yield listing(record)
        else:
            for call in await self._parts(record, pinned, owner, session):
                yield call
        others = (use.other for use in uses if use.looks_there)
        for other in {other.path: other for other in others if other is not None}.values():
            if pinned is None or not owner.is_too_large(other):  # else they come along with the parts' rows
                yield listing(other)

    async def _parts(
        self, record: Record[Any], ids: frozenset[int], owner: Owner, session: KeepingSession
    ) -> list[Call[Any]]:
        by = record.filters[str(record.sliced_by)]
        of = by.of
        if of is None or of.key is None:
            return [listing(record)]
        await self._whole_at(listing(of), owner, session)  # which knows their keys
        held = [owner.tenant.collection(of).find(row_id) for row_id in ids]
        keys = [usable(getattr(one.row, of.key)) for one in held if one is not None]
        parts = (listing(record, {str(record.sliced_by): key}) for key in keys if key is not None)
        return [listing(of), *parts]


def _ordered(question: Question, session: KeepingSession) -> Question:
    """Return the question with PlanDocket's own order told as ids, which it is as far as anybody knows."""
    descends = session.tenant.collection(question.record).descends
    order = tuple(
        msgspec.structs.replace(term, path=ID, is_descending=term.is_descending != descends)
        if term.path == DEFAULT
        else term
        for term in question.order
    )
    return msgspec.structs.replace(question, order=order)


def _pinned(question: Question) -> frozenset[int] | None:
    """Return the ids of the only rows that a question's own may lead to by what its resource is sliced by."""
    record = question.record
    if record.sliced_by is None:
        return None
    column = record.filters[record.sliced_by].column
    include = next(name for name, (_, key) in leads_to(record).items() if key == column)
    pins = (one for one in required(question.where) if isinstance(one, LeadsTo) and one.include == include)
    found = next(pins, None)
    return None if found is None else frozenset(found.ids)


class _Use(msgspec.Struct, frozen=True):
    """An include that decides which of a question's rows pass, how they are ordered, or what they are counted by."""

    record: Record[Any]
    include: str
    looks_there: bool = True
    """Whether the rows that it leads to decide, and not their ids alone."""

    @property
    def has_key(self) -> bool:
        """Whether a column of the row tells the same."""
        return self._led[1] is not None

    @property
    def other(self) -> Record[Any] | None:
        """Whose rows it leads to; None where it tells a value."""
        return self._led[0]

    @property
    def _led(self) -> tuple[Record[Any] | None, str | None]:
        return leads_to(self.record).get(self.include, (None, None))


def _uses(question: Question, counted: Iterable[str]) -> Iterator[_Use]:
    record = question.record
    ordered = (term.path.partition(".")[0] for term in question.order if "." in term.path)
    yield from (_Use(record, include) for include in (*ordered, *counted))
    yield from _uses_of(record, question.where)


def _uses_of(record: Record[Any], condition: Condition) -> Iterator[_Use]:
    match condition:
        case Every(conditions=conditions) | Some(conditions=conditions):
            for one in conditions:
                yield from _uses_of(record, one)
        case Not(condition=one):
            yield from _uses_of(record, one)
        case LeadsTo(include=include):
            yield _Use(record, include, looks_there=False)
        case Through(include=include, passing=passing):
            yield _Use(record, include)
            yield from _uses_of(leads_to(record)[include][0], passing)
        case Search():
            yield from (_Use(record, include) for include in record.searched)
        case _:
            return
