"""The one way out: each attempt passes the breaker and is counted before it is sent; not one that never left.

What came of it tells whether PlanDocket works, what the hour has left, and whether it is repeated.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from gateway.errors import (
    GatewayError,
    OperationTimeoutError,
    RateLimitedError,
    TimedOutError,
    UnavailableError,
    UnreadableError,
)
from gateway.upstream.way.breaker import Attempt, Breaker, State
from gateway.upstream.way.budget import Budget, Lane
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.http import Http, Query, Request
from gateway.upstream.way.in_flight import Places
from gateway.upstream.way.retry import Retries, is_repeatable
from gateway.upstream.way.session import Session
from gateway.upstream.wire.outcomes import Reply
from gateway.upstream.wire.retry_headers import number, resets_in, retry_after

log = logging.getLogger(__name__)


class _Ask(msgspec.Struct, frozen=True):
    """A request, and whose it is."""

    session: Session
    request: Request


class Gate:
    """HTTP within the budget, repeated where that is safe and may help."""

    def __init__(
        self, http: Http, budget: Budget, clock: Clock, on_refused: Callable[[Credential], None]
    ) -> None:
        """`on_refused` is told of a key that PlanDocket does not know, or not any more."""
        self.http = http
        self._on_refused = on_refused
        self._budget = budget
        self._clock = clock
        self._breaker = Breaker()
        self._retries = Retries()
        self._hoping: set[asyncio.Timeout] = set()

    @property
    def breaker_state(self) -> State:
        """Whether requests go to PlanDocket."""
        return self._breaker.state(self.now())

    @property
    def works(self) -> bool:
        """Whether PlanDocket is asked as ever."""
        return self.breaker_state is State.CLOSED

    @property
    def era(self) -> int:
        """How often PlanDocket began to fail, or to answer again."""
        return self._breaker.era

    @property
    def admits(self) -> bool:
        """Whether a request could be sent now: all while PlanDocket works, one now and then while it fails."""
        return self._breaker.admits(self.now())

    @asynccontextmanager
    async def while_it_works(self) -> AsyncGenerator[None]:
        """End what runs inside once PlanDocket is found to fail, for who has something else to answer with.

        Raises:
            UnavailableError: it was ended.
        """
        hope = asyncio.timeout(None)
        self._hoping.add(hope)
        try:
            async with hope:
                yield
        except TimeoutError:
            if not hope.expired():
                raise
            raise UnavailableError("PlanDocket fails: it is not waited for any longer.") from None
        finally:
            self._hoping.discard(hope)

    def now(self) -> float:
        """Return the seconds in which deadlines are given."""
        return self._clock.monotonic()

    def unix(self) -> float:
        """Return the time as others tell it."""
        return self._clock.unix()

    @property
    def places(self) -> Places:
        """What is in flight, and what waits."""
        return self.http.places

    async def send(
        self,
        method: str,
        path: str,
        session: Session,
        lane: Lane,
        query: Query = (),
        body: dict[str, Any] | None = None,
    ) -> Reply:
        """Return the answer, whatever its status but 429; `gateway.upstream.way.retry` says what is repeated.

        Raises:
            RateLimitedError: no request is left, by our own count or by PlanDocket's (429).
            TooComplexError: the operation may not send another one.
            OverloadedError: too many requests wait already.
            UpstreamError: as `Http.send` raises them, or PlanDocket fails too often to be asked.
        """
        # Deadlines are told by the gateway's clock, which stands still in tests; time-outs run by the loop's.
        ends_at = asyncio.get_running_loop().time() + session.cut_at - self.now()
        ask = _Ask(session, Request(method, path, session.credential, lane, query, body, ends_at))
        self._retries.count(self.now())
        outcome = await self._attempt(ask)
        while (pause := self._pause(ask, outcome)) is not None:
            await self._clock.sleep(pause)
            sent = ask.request.attempt
            try:
                outcome = await self._attempt(ask)
            except GatewayError:
                if ask.request.attempt > sent:
                    raise
                break  # it may not be sent again: what came of it before stands
        if isinstance(outcome, UnavailableError):
            raise outcome
        return outcome

    def refusal(self, session: Session, lane: Lane, requests: int = 1) -> RateLimitedError:
        """Return what an operation is told that needs so many more requests than the hour has.

        It may come again when those can be sent, and besides what it would have to ask again by then.
        """
        lane = session.in_hour(lane)
        seconds = self._budget.wait(session.credential, lane, requests)
        if again := session.to_repeat(self.now() + seconds):
            seconds = self._budget.wait(session.credential, lane, requests + again)
        return RateLimitedError(seconds)

    async def _attempt(self, ask: _Ask) -> Reply | UnavailableError:
        """Send it once, and return the answer, or the error that stands for one that never came.

        Raises:
            GatewayError: it may not be sent, or the answer is none to repeat a request for.
        """
        # Or it would wait for a place only to be refused.
        self._breaker.check(self.now())
        self._check_key(ask.session)
        async with self.http.place(ask.request):
            attempt, spent_at = await self._admit(ask)
            try:
                reply = await self.http.send(ask.request)
            except UnavailableError as error:
                self._take_back(ask, spent_at)
                if isinstance(error, TimedOutError) and self.now() >= ask.session.cut_at:
                    # The operation gave up, which says nothing of PlanDocket.
                    self._breaker.give_back(attempt)
                else:
                    self._fail(attempt)
                return error
            except UnreadableError:
                self._breaker.succeed(attempt, self.now())
                raise
            except BaseException:
                self._take_back(ask, spent_at)
                self._breaker.give_back(attempt)  # the caller gave up, which says nothing of PlanDocket
                raise
        if reply.status >= 500:
            self._fail(attempt, self._asked_to_wait(reply))
        else:
            self._breaker.succeed(attempt, self.now())
        self._note(reply, ask)
        return reply

    def _take_back(self, ask: _Ask, spent_at: float) -> None:
        """Take an attempt back that certainly never left."""
        if ask.request.never_left:
            lane = ask.session.in_hour(ask.request.lane)
            self._budget.give_back(ask.session.credential, lane, spent_at)
            ask.session.give_back(ask.request.lane)

    def _fail(self, attempt: Attempt, wait_s: float = 0.0) -> None:
        self._breaker.fail(attempt, self.now(), wait_s)
        if self._hoping and not self.works:
            now = asyncio.get_running_loop().time()
            for hope in self._hoping:
                hope.reschedule(now)
            self._hoping.clear()

    async def _admit(self, ask: _Ask) -> tuple[Attempt, float]:
        """Count an attempt that is about to be sent, and return what the breaker and the budget know it by."""
        if self.now() >= ask.session.cut_at:
            raise OperationTimeoutError("Nothing was sent for this: send it on its own.")
        lane = ask.request.lane
        ask.session.check(lane)
        self._check_key(ask.session)  # others may have been refused meanwhile
        attempt = self._breaker.admit(self.now())
        ask.session.count(lane)  # before it is waited for, so that no others take its place
        try:
            spent_at = await self._budget.take(ask.session.credential, ask.session.in_hour(lane))
        except BaseException as error:
            self._breaker.give_back(attempt)
            ask.session.give_back(lane)
            if isinstance(error, RateLimitedError) and ask.session.to_repeat(self.now() + error.retry_after):
                raise self.refusal(ask.session, lane) from None
            raise
        ask.request.attempt += 1
        return attempt, spent_at

    def _check_key(self, session: Session) -> None:
        """Return if the session's key may be tried: one that PlanDocket accepted before always may."""
        if session.throttle is not None and not self._budget.is_accepted(session.credential):
            session.throttle.check()

    def _note(self, reply: Reply, ask: _Ask) -> None:
        credential = ask.session.credential
        headers, now = reply.headers, self._clock.unix()
        left, reset = number(headers.get("x-ratelimit-remaining", "")), resets_in(headers, now)
        if left is not None and reset is not None:
            self._budget.note_headers(credential, int(left), now + reset)
        if reply.status == 429:
            pause_s = self._budget.close(credential, retry_after(headers, now))
            log.warning("PlanDocket says that the hour is spent (429): it is not asked for %.0f s", pause_s)
            raise self.refusal(ask.session, ask.request.lane)
        ask.session.answered(ask.request.method, ask.request.path, self.now())
        if reply.status == 401:
            self._refuse(ask.session)
        elif reply.status < 500:  # what fails has not looked at the key
            self._budget.accept(credential)
            ask.session.is_accepted = True

    def _refuse(self, session: Session) -> None:
        self._on_refused(session.credential)
        self._budget.refuse(session.credential)
        if session.throttle is not None:
            session.throttle.note_refused()

    def _pause(self, ask: _Ask, outcome: Reply | UnavailableError) -> float | None:
        is_reply = isinstance(outcome, Reply)
        if is_reply and outcome.status < 500:
            return None  # nearly always
        if not is_repeatable(ask.request.method, outcome.status if is_reply else outcome):
            return None
        if self.breaker_state is State.OPEN:
            return None
        wanted = self._asked_to_wait(outcome) if is_reply else 0.0
        return self._retries.pause(ask.request.attempt - 1, self.now(), ask.session.deadline, wanted)

    def _asked_to_wait(self, reply: Reply) -> float:
        return retry_after(reply.headers, self._clock.unix()) or 0.0
