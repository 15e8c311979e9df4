"""Whether PlanDocket still accepts a caller's key: found out before what is kept goes to who shows it.

PlanDocket answers 401 to a key that it does not know, or no longer does, whatever is asked for.
Source: /en/getting-started/errors.html
"""

from gateway.errors import OverloadedError, RateLimitedError, UnavailableError, UnreadableError
from gateway.mirror.rows.moments import STALE_S
from gateway.upstream.client import Upstream
from gateway.upstream.way.budget import Lane
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.session import Session
from gateway.upstream.way.shared_reads import Flights
from gateway.upstream.wire.outcomes import refusal

_PATH = "categories"  # the least there is: a tenant has few


class KeyCheck:
    """An acceptance is fresh for a while, and renewed by every answer that PlanDocket gives to the key.

    The gateway's own key needs none: nobody chooses it.
    """

    def __init__(self, upstream: Upstream, fresh_s: float) -> None:
        self._gate = upstream.gate
        self._budget = upstream.budget
        self._tasks = upstream.tasks
        self._query = upstream.shortest_list
        self._fresh_s = fresh_s
        self._flights = Flights[None]()

    def is_fresh(self, credential: Credential) -> bool:
        """Return whether the key was accepted lately."""
        return credential.is_held or self._budget.accepted_ago(credential) < self._fresh_s

    async def renew(self, session: Session) -> None:
        """Ask PlanDocket, one request for all who wait. While it cannot be asked, the last acceptance counts on.

        Raises:
            UnauthenticatedError: it does not know the key.
            TooManyFailuresError: nor many others that came from the same place, so that it is not asked.
            UpstreamError, OverloadedError: it cannot be asked, and accepted the key too long ago, or never.
        """
        try:
            await self._ask(session)
        except (UnavailableError, RateLimitedError, OverloadedError, UnreadableError):
            if self._budget.accepted_ago(session.credential) >= STALE_S:
                raise

    async def _ask(self, session: Session) -> None:
        if not self._gate.works:
            if self._gate.admits:
                self._tasks.start(self._send(session))
            raise UnavailableError("PlanDocket fails: it is not asked about the key.", never_left=True)
        async with self._gate.while_it_works():
            await self._flights.join(session.credential, lambda: self._send(session))

    async def _send(self, session: Session) -> None:
        reply = await self._gate.send("GET", _PATH, session, Lane.CHECK, self._query)
        if reply.status == 401 or reply.status >= 500:
            raise refusal(reply.status, _PATH, is_held=session.credential.is_held)
