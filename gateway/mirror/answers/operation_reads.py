"""The one way in which an operation reads: what is kept, else the batch, else PlanDocket anew."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

import msgspec

from gateway.errors import NotKeptError
from gateway.mirror.answers.asked import Operation
from gateway.mirror.answers.batch import Batch
from gateway.mirror.answers.seen import Known
from gateway.mirror.answers.walk import Listing
from gateway.mirror.rows.index.index import Index
from gateway.mirror.rows.index.question import Question, Rows, Stretch
from gateway.upstream.call import Call, listing, one
from gateway.upstream.record import Record, RowT
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.reasons import because
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.write import Write, Written

_TO_TELL_S, _SHARE_TO_TELL = 0.5, 0.1
"""What of an operation's time is left to tell that a write was done, whatever comes after it."""


class OperationReads(Operation):
    """An operation's reads and writes, as its loaders and resolvers make them."""

    _batch: Batch | None = None

    async def read(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the answer to `call`, at most one request for all in this operation who ask."""
        if (answer := self.at_hand(call)) is not None:
            return answer
        if self._batch is None:
            self._batch = Batch(self)
        return await self._batch.load(call)

    async def as_it_came(self, call: Call[RowT]) -> Answer[RowT]:
        """Return the read of a single row as PlanDocket answers it now, whatever is kept, with `Answer.raw`.

        The operation does not know the row by this: what is read so is about to be changed.
        """
        self.depends_on_more()
        return await self.mirror.ask_now(msgspec.structs.replace(call, as_it_came=True), self.session)

    async def write(self, write: Write[RowT]) -> Written[RowT]:
        """Send a write, once, and know the row that it tells."""
        self.depends_on_more()
        session = self.session
        with because("the write itself, sent once"):
            written = await self.mirror.write(write, session)
        session.cut_at = session.deadline - min(_TO_TELL_S, self.time_left * _SHARE_TO_TELL)
        if written.row is not None:
            answer = Answer(rows=(written.row,), flaws=written.flaws)
            self.learn(one(write.record, written.row.id), answer)
        return written

    def forget(self) -> None:
        """Forget what the operation read: after a write it may be different."""
        self.known = Known()
        self.asked.clear()
        self.walks.clear()
        self._batch = None

    async def rows(
        self, question: Question, stretch: Stretch, include: frozenset[str]
    ) -> tuple[Rows, tuple[Any, ...]]:
        """Return neighbouring rows that are held: their places, and themselves; the operation knows them from now on.

        Raises:
            MirrorIncompleteError: not all is held that the question looks at.
        """
        self.depends_on_more()
        rows, call, found = await self.mirror.questions.rows(question, stretch, include, self.session)
        self.learn(call, found.answer)
        return rows, found.answer.rows

    async def index(self, question: Question, *counted: str) -> Index:
        """Return what counts the rows of a question, also by what some includes lead to.

        Raises:
            MirrorIncompleteError: not all is held that tells that.
        """
        self.depends_on_more()
        index, _ = await self.mirror.questions.index(question, self.session, *counted)
        return index

    def know(self, record: Record[Any], row_ids: Iterable[int]) -> None:
        """Know rows from now on that are held, where all of these are."""
        call = listing(record)
        found = self.mirror.questions.held(call, row_ids, self.session.oldest_at, self.session)
        if found is not None:
            self.learn(call, found.answer)

    def listing(self, call: Call[RowT]) -> Listing[RowT]:
        """Return the list that `call` begins, to be read page by page."""
        return self.mirror.listing(call, self.session, self.read, self.read_anew)

    def listing_now(self, call: Call[RowT]) -> Listing[RowT]:
        """Return the list that `call` begins as PlanDocket has it now, whatever is kept of it."""
        return self.mirror.listing(call, self.session, self._read_now, self._read_now)

    async def _read_now(self, call: Call[RowT]) -> Answer[RowT]:
        self.depends_on_more()
        if not self.session.asks:
            raise NotKeptError
        self.session.check(self.session.lane)
        answer = await self.mirror.ask_now(call, self.session)
        self.learn(call, answer)
        return answer

    async def walk(self, call: Call[RowT]) -> tuple[RowT, ...]:
        """Return every row of the list that `call` begins.

        Raises:
            TooComplexError: the operation cannot afford its pages after the first; none of them was asked for.
        """
        listing, session = self.listing(call), self.session
        await listing.page(1)
        left = listing.pages_left(None) or 0
        if left > session.calls_left and self.mirror.kept(call.at(2), session) is None:
            session.check(session.lane, left)
        return await listing.all()

    @contextmanager
    def part_of_a_write(self) -> Generator[None]:
        """Let reads count as a write's own: against the hour, before other reads, not against the operation."""
        session: Any = self._session
        if session is None:
            yield
            return
        lane, session.lane = session.lane, Lane.WRITE
        try:
            with because("the write needs it"):
                yield
        finally:
            session.lane = lane

    @contextmanager
    def unasked(self) -> Generator[None]:
        """Let nobody be asked: what is not kept raises NotKeptError."""
        session = self.session
        asks, session.asks = session.asks, False
        try:
            yield
        finally:
            session.asks = asks
