"""Reads anew what is held, when the pace says so: collections, parts of them, lists, and rows that were written."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any

from gateway.errors import GatewayError, LaterError
from gateway.mirror.refresh.collection_walk import NotWholeError, TooLargeError, Walked, walk
from gateway.mirror.refresh.item import Item
from gateway.mirror.refresh.items import Items
from gateway.mirror.refresh.pace import Pace
from gateway.mirror.rows.changes import Cause, Change
from gateway.mirror.rows.derived import Derivations
from gateway.mirror.rows.held import Part
from gateway.mirror.rows.tenant import Tenant
from gateway.mirror.shared import Shared
from gateway.upstream.call import Call, listing
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.reasons import because
from gateway.upstream.way.session import Session
from gateway.upstream.wire.json_rows import Answer

log = logging.getLogger(__name__)

_WALK_S = 600.0
_KEPT_YOUNG = "all of it is asked for often, and kept young"
_WAITED_FOR = "only all of it answers what the query asks"


class Renewal:
    """One owner's reads of the mirror's own."""

    def __init__(
        self,
        upstream: Upstream,
        credential: Credential,
        tenant: Tenant,
        pace: Pace,
        items: Items,
        derivations: Derivations,
        moment: Callable[[], float],
        on_change: Callable[[], None],
        followers: Sequence[Callable[[Change], None]],
        counted: Counter[tuple[str, str]],
    ) -> None:
        """`on_change` is called after each read, and `followers` follow what is held from the first walk on."""
        self._upstream = upstream
        self._credential = credential
        self._tenant = tenant
        self._pace = pace
        self._items = items
        self._derivations = derivations
        self._moment = moment
        self._on_change = on_change
        self._followers = followers
        self._counted = counted
        self._turn = asyncio.Event()
        self.shared: Shared | None = None
        """What other processes hold of the same; None where there are none."""

    def begin(self, item: Item, call: Call[Any], now: float) -> bool:
        """Begin to read what only the whole of an item answers, whatever the demand; return whether that runs."""
        if item.is_running:
            return True
        part = self._tenant.slice_of(call) if item.is_slice else None
        if self.shared is not None and not self.shared.walks:
            item.is_awaited = self.shared.want(call.record, part)
            return item.is_awaited
        if now < item.not_before or item.cost > self._pace.most_cost or not self.may_send(Lane.WALK):
            return False
        if not self._pace.begins(item, now):
            return False
        self._start(self._walk(item, call.record, part, _WAITED_FOR))
        return True

    async def ended(self, item: Item, within_s: float) -> None:
        """Return once an item is read, in whatever way that ended, or when the seconds are over."""
        try:
            async with asyncio.timeout(within_s):
                while item.is_running or item.is_awaited:
                    await self._turn.wait()
        except TimeoutError:
            item.is_awaited = False

    def wake(self) -> None:
        """Let those go on who wait for what another process has read."""
        turn, self._turn = self._turn, asyncio.Event()
        turn.set()

    @property
    def _walks(self) -> bool:
        return self.shared is None or self.shared.walks

    def renew(self, item: Item, call: Call[Any], now: float) -> None:
        """Begin to read an item anew, where that is due, and has room."""
        if self._pace.is_due(item, now) and self._may_ask(item) and self._pace.begins(item, now):
            part = self._tenant.slice_of(call) if item.is_slice else None
            self._start(
                self._list_anew(item, call) if item.is_by_call else self._walk(item, call.record, part)
            )

    def is_asked(self, item: Item, now: float) -> bool:
        """Return whether an answer that no walk keeps young is asked for by who wants it: it is due, and has room."""
        is_asked = (
            self._pace.is_due(item, now) and self.may_send(Lane.READ) and self._pace.has_room(item, now)
        )
        if is_asked:
            item.uses, item.is_waking, item.is_urgent = 0, False, False
        return is_asked

    def _may_ask(self, item: Item) -> bool:
        if not (item.is_by_call or self._walks):
            return False
        return item.floor_s > 0 and item.cost <= self._pace.most_cost and self.may_send(Lane.WALK)

    def may_send(self, lane: Lane) -> bool:
        """Return whether a request may be sent now."""
        upstream = self._upstream
        return upstream.gate.works and upstream.budget.wait(self._credential, lane) == 0

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin work of the mirror's own: it belongs to no operation, whichever it was that made it due."""
        Context().run(self._upstream.tasks.start, work)

    def _session(self, lane: Lane) -> Session:
        session = Session(self._credential, 0, self._now() + _WALK_S)
        session.lane = lane
        return session

    def read_next(self, call: Call[Any]) -> None:
        """Begin to read a row that a write has touched."""
        self._start(self._read_row(call))

    async def walk_all(self) -> None:
        """Walk each collection, be it asked for or not."""
        for record in self._tenant.records:
            item = self._items.whole(record)
            if self._walks and self._pace.begins(item, self._now()):
                await self._walk(item, record)

    async def _walk(
        self, item: Item, record: Record[Any], part: Part | None = None, why: str = _KEPT_YOUNG
    ) -> None:
        """Walk a collection, or a part of one, and hold it as whole."""
        begun, collection = self._moment(), self._tenant.collection(record)
        call = listing(record, None if part is None else {str(record.sliced_by): part.key})
        self._tenant.open_store(*self._followers)
        try:
            with because(why):
                walked = await self._walked(item, call, part)
        except TooLargeError as error:
            item.cost = error.pages
            if part is None:  # what was held would get ever older
                item.at = collection.whole_at = None
                if self.shared is not None:
                    await self.shared.walked(record, None, begun)
            self._not_walked(item, record, part, error, "too_large")
        except (GatewayError, NotWholeError) as error:
            outcome = "not_whole" if isinstance(error, NotWholeError) else "failed"
            self._not_walked(item, record, part, error, outcome)
        except BaseException:
            self._pace.failed(item, self._now())
            raise
        else:
            self._counted[record.path, "whole"] += 1
            if item.at is None:
                log.info(
                    "%s are mirrored: %d rows, of %d requests", record.rows, len(walked.ids), walked.requests
                )
            if part is None:
                collection.settle(walked, begun)
            else:
                collection.settle_slice(part, walked, begun)
            self._on_change()
            self._pace.ended(item, begun, self._now(), walked.requests)
            if part is None and self._items.is_too_large(record):
                item.at = collection.whole_at = None
            item.is_urgent = collection.is_wanted_since(begun)
            if self.shared is not None:
                await self.shared.walked(record, part, begun)
            await self._derivations.learn(self._tenant)
        finally:
            self.wake()

    async def _walked(self, item: Item, call: Call[Any], part: Part | None) -> Walked:
        session, collection = self._session(Lane.WALK), self._tenant.collection(call.record)
        cut, size = collection.times_cut, self._upstream.traits.page_size(call.record.path)

        async def read(call: Call[Any]) -> Answer[Any]:
            at = self._moment()
            answer = await self._upstream.read(call.including(self._honoured(call)), session)
            await self._learn(call, answer, at, Cause.WALK)
            if not self._walks:
                raise NotWholeError("another process reads it by now")
            if collection.times_cut != cut:
                raise NotWholeError("all of it is more than GATEWAY_MIRROR_ROWS, or it was dropped meanwhile")
            return answer

        rows, pages = (frozenset[int](), collection.pages) if part is None else collection.slice_rows(part)
        last = pages or (item.cost if part is None else item.cost // 2)
        whole = call.including(frozenset(call.record.includes))
        return await walk(whole, read, last, size, int(self._pace.most_cost), rows)

    def _not_walked(
        self, item: Item, record: Record[Any], part: Part | None, error: Exception, outcome: str
    ) -> None:
        log.info("%s were not read whole: %s", record.rows, error)
        item.why = error.code if isinstance(error, LaterError) else str(error)  # else with seconds of then
        self._pace.failed(item, self._now())
        self._counted[record.path, outcome] += 1
        if self.shared is not None:
            self.shared.refuse(record, part)

    async def _list_anew(self, item: Item, call: Call[Any]) -> None:
        """Read a list anew that only PlanDocket can tell."""
        call = call.including(self._honoured(call.including(frozenset(call.record.includes))))
        at = self._moment()
        try:
            with because("the list is asked for often, and kept young"):
                answer = await self._upstream.read(call, self._session(Lane.WALK))
                await self._learn(call, answer, at)
                self._items.learn_cost(self._items.whole(call.record), call, answer)
        except BaseException as error:
            self._pace.failed(item, self._now())
            if not isinstance(error, GatewayError):
                raise
        else:
            self._pace.ended(item, at, self._now(), 1)

    async def _read_row(self, call: Call[Any]) -> None:
        """Read a row that a write has touched."""
        at = self._moment()
        session = self._session(Lane.WRITE)
        try:
            with because("a write has touched the row"):
                answer = await self._upstream.read(call.including(self._honoured(call)), session)
        except GatewayError:
            self._items.of(listing(call.record)).is_urgent = True  # it stays old until a walk tells it
            return
        await self._learn(call, answer, at)

    def includes_of_walks(self, record: Record[Any]) -> frozenset[str]:
        """Return what a walk is told of rows, as far as it is known."""
        return self._honoured(listing(record).including(frozenset(record.includes)))

    def _honoured(self, call: Call[Any]) -> frozenset[str]:
        return self._upstream.traits.honoured(call, self._credential)

    async def _learn(
        self, call: Call[Any], answer: Answer[Any], at: float, cause: Cause = Cause.READ
    ) -> None:
        await self._tenant.learn(call, answer, at, cause)
        self._on_change()

    def _now(self) -> float:
        return self._upstream.gate.now()
