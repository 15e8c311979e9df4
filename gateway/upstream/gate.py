"""The one way out: every request is counted before it is sent, and its answer tells what the hour has left."""

import math
from typing import Any

from gateway.errors import RateLimitedError
from gateway.upstream.budget import Budget, Lane
from gateway.upstream.http import Http, Query, Reply
from gateway.upstream.session import Session

_LARGEST = 1e10  # more than any count, and any moment of the next centuries in unix seconds


class Gate:
    """HTTP within the budget."""

    def __init__(self, http: Http, budget: Budget) -> None:
        self._http = http
        self._budget = budget

    async def close(self) -> None:
        """Close every connection."""
        await self._http.close()

    async def send(
        self,
        method: str,
        path: str,
        session: Session,
        lane: Lane,
        query: Query = (),
        body: dict[str, Any] | None = None,
    ) -> Reply:
        """Return the answer, whatever its status but 429.

        Raises:
            RateLimitedError: no request is left, by our own count or by PlanDocket's (429).
            TooComplexError: the operation may not send another one.
            UpstreamError: as `Http.send` raises them.
        """
        credential = session.credential

        def spend() -> None:
            session.check(lane)
            self._budget.spend(credential, lane)
            session.count(lane)

        reply = await self._http.send(method, path, credential, query, body, before=spend)
        remaining, reset_at = (_number(reply, f"x-ratelimit-{name}") for name in ("remaining", "reset"))
        self._budget.note_headers(credential, None if remaining is None else int(remaining), reset_at)
        if reply.status == 429:
            raise RateLimitedError(self._budget.close(credential, _number(reply, "retry-after")))
        if reply.status != 401:
            self._budget.accept(credential)
        return reply


def _number(reply: Reply, header: str) -> float | None:
    """Return a header's number; rate-limit headers are announced, not sent yet, and Retry-After may be a date.

    Source: /en/getting-started/rate-limiting.html
    """
    try:
        number = float(reply.headers[header])
    except (KeyError, ValueError):
        return None
    return min(number, _LARGEST) if math.isfinite(number) and number >= 0 else None
