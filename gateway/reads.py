"""Every upstream read of an operation goes through here, so that no two ask the same."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gateway.errors import GatewayError
from gateway.loader import Loader, see, settle
from gateway.upstream.call import Call
from gateway.upstream.narrow import lacking, matcher
from gateway.upstream.plan import Way, after_first_list, lists_by_filter
from gateway.upstream.reason import because
from gateway.upstream.wire import Answer

if TYPE_CHECKING:
    from gateway.context import Context

Wants = dict[Call[Any], frozenset[str]]
"""Calls without includes, each with the includes that somebody wants."""

Asked = dict[Call[Any], tuple[frozenset[str], asyncio.Future[Answer[Any]]]]
"""Calls without includes that were asked, each with its includes and what is to become its answer."""


class Reads(Loader[Call[Any], Answer[Any]]):
    """Calls to answers.

    Calls that differ only in their includes become one request with all of them, a later call whose
    includes were already asked for costs none, and lists that differ in one filter's value are taken
    from the list that holds them all where that costs fewer requests.
    """

    async def load_batch(self, keys: list[Call[Any]]) -> list[Answer[Any] | Exception]:
        """Return an answer or an exception for each call, in their order."""
        wants: Wants = {}
        for call in keys:
            bare = call.including(frozenset())
            wants[bare] = wants.get(bare, frozenset()) | call.include
        unread = {bare: include for bare, include in wants.items() if not self._is_asked(bare, include)}
        failed = await self._prepare(unread)
        left = [bare for bare in wants if bare not in failed]
        results = await settle(self._answer(bare, wants[bare]) for bare in left)
        results = self.context.refused_together(results, self.context.session.lane)
        answers = {**failed, **dict(zip(left, results, strict=True))}
        return [answers[call.including(frozenset())] for call in keys]

    def _is_asked(self, bare: Call[Any], include: frozenset[str]) -> bool:
        """Return whether a call was asked before; what is kept is answered before it comes here."""
        asked = self.context.asked
        return bare in asked and include <= asked[bare][0]

    async def _prepare(self, unread: Wants) -> Mapping[Call[Any], Exception]:
        """Read wider lists where that saves requests, and refuse what the operation may not ask any more.

        Returns the calls that fail, with why.
        """
        failed: dict[Call[Any], Exception] = {}
        each = dict(unread)
        for wide, narrow in _by_wider_list(unread).items():
            is_covered = False
            with suppress(GatewayError):  # each list may still be answered, by what is kept though stale
                is_covered = await self._widen(wide, narrow)
            if is_covered:
                each = {bare: include for bare, include in each.items() if bare not in narrow}
        try:
            self.context.session.check(self.context.session.lane, len(each))
        except GatewayError as error:
            failed |= dict.fromkeys(each, error)
        return failed

    async def _widen(self, wide: Call[Any], narrow: Wants) -> bool:
        """Read the list that holds all of `narrow`, if that is cheaper; return whether it holds them now."""
        context = self.context
        session = context.session
        for bare in narrow:
            if matcher(bare.record, lacking(bare, wide), session.id_of) is None:
                return False
        listing = context.listing(wide.including(frozenset[str]().union(*narrow.values())))
        pages = None if wide.filters else context.pages_left(listing, wide.record)
        traits = context.upstream.traits
        left = session.calls_left
        way = lists_by_filter(len(narrow), pages=pages, tells_totals=traits.tells_totals, affordable=left)
        if way is Way.FIRST:
            first, include = next(iter(narrow.items()))
            with because(f"the first of {len(narrow)} lists tells whether a walk of all would cost less"):
                total = (await self._answer(first, include)).paging.total
            way = after_first_list(total, len(narrow), traits.page_size(wide.record.path))
        if way is Way.PAGE:
            with because(
                f"{len(narrow)} lists are wanted, and one page tells whether a walk of all costs less"
            ):
                await listing.page(1)
            pages = listing.pages_left(None)
            way = Way.SCAN if pages is not None and pages < len(narrow) else Way.EACH
        if way is Way.SCAN:
            with because(f"a walk of all costs less than {len(narrow)} lists"):
                await listing.all()
        return way is Way.SCAN and listing.total is not None

    async def _answer(self, bare: Call[Any], include: frozenset[str]) -> Answer[Any]:
        asked, running = self.context.asked.get(bare, (frozenset[str](), None))
        if running is None or not include <= asked:
            include |= asked
            running = self.context.start(self._fetch(bare.including(include)))
            self.context.asked[bare] = include, running
        return await asyncio.shield(running)

    async def _fetch(self, call: Call[Any]) -> Answer[Any]:
        answer = await self.context.upstream.get(call, self.context.session)
        self.context.learn(call, answer)
        return answer


async def read_first(context: "Context", call: Call[Any]) -> Answer[Any]:
    """Return the answer to a call at once: there is no batch to wait for, as nobody else wants anything beside it."""
    session = context.session
    session.check(session.lane)
    read = asyncio.get_running_loop().create_future()
    read.add_done_callback(see)
    context.asked[call.including(frozenset())] = call.include, read
    try:
        answer = await context.upstream.ask(call, session)
        context.learn(call, answer)
        read.set_result(answer)
    except Exception as error:
        read.set_exception(error)
        raise
    finally:
        read.cancel()  # where it was given up: nothing else is left to cancel
    return answer


async def read_anew(context: "Context", call: Call[Any]) -> Answer[Any]:
    """Return what PlanDocket answers to a call during this operation: what was kept before it does not count."""
    include, running = context.asked.get(call.including(frozenset()), (frozenset[str](), None))
    if running is not None and call.include <= include:
        return await asyncio.shield(running)
    return await read_first(context, call)


def _by_wider_list(unread: Wants) -> dict[Call[Any], Wants]:
    """Return first pages by the list that holds them: the same without one filter by another row's key.

    Each is in one group at most: where it has several such filters, without the one that most others differ in.
    """
    groups: dict[Call[Any], Wants] = {}
    for bare, include in unread.items():
        for pair in bare.filters if bare.page == 1 else ():
            same = bare.record.exact.get(pair[0])
            if same is not None and same.of is not None:
                groups.setdefault(bare.lacking(pair), {})[bare] = include
    taken: set[Call[Any]] = set()
    found: dict[Call[Any], Wants] = {}
    for wide, narrow in sorted(groups.items(), key=lambda group: -len(group[1])):
        left = {bare: include for bare, include in narrow.items() if bare not in taken}
        if len(left) > 1:
            found[wide] = left
            taken |= left.keys()
    return found
