"""What an operation wants to read at the same time, asked with the fewest requests."""

import asyncio
from collections.abc import Container, Iterator, Mapping
from typing import Any

from gateway.errors import GatewayError, RateLimitedError, TooComplexError
from gateway.mirror.answers.asked import Operation
from gateway.mirror.answers.batch_loader import BatchLoader
from gateway.mirror.answers.narrowing import lacking, matcher, wider
from gateway.mirror.answers.plan import Way, after_first_list, lists_by_filter
from gateway.mirror.answers.walk import Listing
from gateway.upstream.call import Call
from gateway.upstream.way.reasons import because, reason
from gateway.upstream.way.tasks import settle
from gateway.upstream.wire.json_rows import Answer

Wants = dict[Call[Any], frozenset[str]]
"""Calls without includes, each with the includes that somebody wants."""


class Batch(BatchLoader[Call[Any], Answer[Any]]):
    """Calls to answers.

    Calls that differ only in their includes become one request with all of them, a later call whose
    includes were already asked for costs none, and several lists are taken from a wider one that holds them
    all where that costs fewer requests, or where it is read to its end in any case.
    """

    def __init__(self, operation: Operation) -> None:
        super().__init__(operation.tasks)
        self._operation = operation
        self._reasons: dict[Call[Any], str] = {}  # a batch runs as whoever began it: others have their own

    def load(self, key: Call[Any]) -> "asyncio.Future[Answer[Any]]":
        """Return a future of the call's answer, and remember why it is wanted."""
        self._reasons.setdefault(key.including(frozenset()), reason())
        return super().load(key)

    async def load_batch(self, keys: list[Call[Any]]) -> list[Answer[Any] | Exception]:
        """Return an answer or an exception for each call, in their order."""
        wants: Wants = {}
        for call in keys:
            bare = call.including(frozenset())
            wants[bare] = wants.get(bare, frozenset()) | call.include
        unread = {
            bare: include
            for bare, include in wants.items()
            if self._operation.answered_to(bare.including(include)) is None
        }
        failed = await self._prepare(unread)
        left = [bare for bare in wants if bare not in failed]
        results = await settle(self._wanted(bare, wants[bare]) for bare in left)
        results = self._operation.refused_together(results, self._operation.session.lane)
        answers = {**failed, **dict(zip(left, results, strict=True))}
        return [answers[call.including(frozenset())] for call in keys]

    async def _wanted(self, bare: Call[Any], include: frozenset[str]) -> Answer[Any]:
        with because(self._reasons[bare]):
            return await self._operation.ask(bare.including(include))

    async def _prepare(self, unread: Wants) -> Mapping[Call[Any], Exception]:
        """Read wider lists where that saves requests, and refuse what the operation may not ask any more.

        Returns the calls that fail, with why.
        """
        failed: dict[Call[Any], Exception] = {}
        unread = {bare: unread[bare] for bare in unread if not await self._narrow(bare, unread[bare])}
        each = set(unread)
        for wide, narrow in _by_wider_list(unread, self._operation.walks):
            try:
                include = frozenset[str]().union(unread.get(wide, ()), *narrow.values())
                if await self._widen(wide, narrow, include):
                    each -= narrow.keys()
            except RateLimitedError as error:
                # Each of them would cost more than the walk: only what is kept though stale is left.
                failed |= {
                    bare: error
                    for bare, include in narrow.items()
                    if await self._operation.recall(bare.including(include)) is None
                }
            except GatewayError:
                pass  # each may still be answered, by what is kept though stale
        each -= failed.keys()
        try:
            self._operation.session.check(self._operation.session.lane, len(each))
        except GatewayError as error:
            failed |= dict.fromkeys(each, error)
        return failed

    async def _narrow(self, bare: Call[Any], include: frozenset[str]) -> bool:
        """Answer a list's page from a wider list that is kept whole; return whether there is one."""
        operation, call = self._operation, bare.including(include)
        answer = await operation.mirror.narrowed(call, operation.session)
        if answer is None:
            return False
        read = asyncio.get_running_loop().create_future()
        read.set_result(answer)
        operation.asked[bare] = include, read
        operation.known.add(call, answer)
        return True

    async def _widen(self, wide: Call[Any], narrow: Wants, include: frozenset[str]) -> bool:
        """Read the list that holds all of `narrow`, with `include`, if that is cheaper; return whether it was."""
        id_of = self._operation.id_of
        if any(matcher(bare.record, lacking(bare, wide), id_of) is None for bare in narrow):
            return False
        operation, call = self._operation, wide.including(include)
        # Not through the loader, which may be waiting for this very batch.
        listing = operation.mirror.listing(call, operation.session, self._read, operation.read_anew)
        if wide in operation.walks:
            is_affordable = len(narrow) <= operation.session.calls_left
            return await self._walk(listing, call, at_stake=len(narrow) if is_affordable else 0)
        return await self._walk_if_cheaper(listing, call, narrow)

    async def _walk_if_cheaper(self, listing: Listing[Any], wide: Call[Any], narrow: Wants) -> bool:
        """Read a list to its end if that costs less than the lists that it holds; return whether it was."""
        operation, lists = self._operation, len(narrow)
        traits, session = operation.upstream.traits, operation.session
        whole = wide.lacking(*wide.filters)
        collection = operation.mirror.listing(whole, session, self._read, operation.read_anew)
        pages = operation.pages_left(collection, wide.record)
        if wide.filters and pages is not None and pages >= lists:
            pages = None  # it may be far shorter than the collection
        affordable = session.calls_left
        way = lists_by_filter(lists, pages=pages, tells_totals=traits.tells_totals, affordable=affordable)
        if way is Way.FIRST:
            first, include = next(iter(narrow.items()))
            with because(f"the first of {lists} lists tells whether a walk of all would cost less"):
                total = (await self._operation.ask(first.including(include))).paging.total
            of = _most_lists(wide, first, operation)
            way = after_first_list(total, lists, traits.page_size(wide.record.path), of=of)
        if way is Way.PAGE:
            with because(f"{lists} lists are wanted, and one page tells whether a walk of all costs less"):
                await listing.page(1)
            pages = listing.pages_left(None)
            way = Way.SCAN if pages is not None and pages < lists else Way.EACH
        return way is Way.SCAN and await self._walk(listing, wide, at_stake=0)

    async def _walk(self, listing: Listing[Any], call: Call[Any], at_stake: int) -> bool:
        """Read the list that `call` begins to its end, if that can be afforded; return whether it was.

        `at_stake` are the lists that would be lost by a walk in vain.

        Raises:
            RateLimitedError: the hour has too few requests left for it, and nothing is at stake.
        """
        with because("a walk of all costs less than each list on its own"):
            await listing.page(1)
            pages = listing.pages_left(None)
            if pages is None and at_stake and not await self._ends_in_time(call):
                return False
            try:
                self._operation.afford(pages or 0)
            except (RateLimitedError, TooComplexError):
                if at_stake:
                    return False
                raise
            await listing.all()
        return listing.total is not None

    async def _ends_in_time(self, call: Call[Any]) -> bool:
        """Return whether the operation can afford to read a list to its end, where PlanDocket tells no totals.

        The last page that it could afford tells: it is empty then.
        """
        last = self._operation.session.calls_left
        return last > 1 and not (await self._read(call.at(last))).rows

    async def _read(self, call: Call[Any]) -> Answer[Any]:
        """Return the answer to a call of this loader's own."""
        return self._operation.at_hand(call) or await self._operation.ask(call)


def _by_wider_list(unread: Wants, walks: Container[Call[Any]]) -> Iterator[tuple[Call[Any], Wants]]:
    """Yield lists that hold several of these first pages, each page once.

    Those first that are read to their end in any case, then those that hold most, then the shortest.
    """
    holds: dict[Call[Any], Wants] = {}
    for bare, include in unread.items():
        for wide, _ in wider(bare) if bare.page == 1 else ():
            holds.setdefault(wide, {})[bare] = include

    def rank(held: tuple[Call[Any], Wants]) -> tuple[bool, int, int]:
        wide, narrow = held
        return wide not in walks, -len(narrow) - (wide in unread), -len(wide.filters)

    left = set(unread)
    for wide, held in sorted(holds.items(), key=rank):
        narrow = {bare: include for bare, include in held.items() if bare in left}
        if len(narrow) > 1 or (narrow and wide in walks):
            left -= narrow.keys()
            yield wide, narrow


def _most_lists(wide: Call[Any], narrow: Call[Any], operation: Operation) -> int | None:
    """Return how many lists such as `narrow` make up the wider one; None where nobody knows."""
    others = (narrow.record.exact[name].of for name, _ in lacking(narrow, wide))
    sizes = [operation.size(other) for other in others if other is not None]
    return max((size for size in sizes if size is not None), default=None)
