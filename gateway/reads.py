"""Every upstream read of an operation goes through here, so that no two ask the same."""

import asyncio
from typing import TYPE_CHECKING, Any

from gateway.loader import Loader, settle
from gateway.upstream.call import Call
from gateway.upstream.wire import Answer

if TYPE_CHECKING:
    from gateway.context import Context


class Reads(Loader[Call[Any], Answer[Any]]):
    """Calls to answers.

    Calls that differ only in their includes become one request with all of them, and a later call
    whose includes were already asked for costs none.
    """

    def __init__(self, context: "Context") -> None:
        super().__init__(context)
        self._asked: dict[Call[Any], tuple[frozenset[str], asyncio.Task[Answer[Any]]]] = {}

    async def load_batch(self, keys: list[Call[Any]]) -> list[Answer[Any] | Exception]:
        """Return an answer or an exception for each call, in their order."""
        wanted: dict[Call[Any], frozenset[str]] = {}
        for call in keys:
            bare = call.including(frozenset())
            wanted[bare] = wanted.get(bare, frozenset()) | call.include
        results = await settle(self._answer(bare, include) for bare, include in wanted.items())
        answers = dict(zip(wanted, results, strict=True))
        return [answers[call.including(frozenset())] for call in keys]

    async def _answer(self, bare: Call[Any], include: frozenset[str]) -> Answer[Any]:
        asked, running = self._asked.get(bare, (frozenset[str](), None))
        if running is None or not include <= asked:
            include |= asked
            running = self.context.start(self._fetch(bare.including(include)))
            self._asked[bare] = include, running
        return await asyncio.shield(running)

    async def _fetch(self, call: Call[Any]) -> Answer[Any]:
        answer = await self.context.upstream.get(call, self.context.credential)
        self.context.known.add(call, answer)
        return answer
