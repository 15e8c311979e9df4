"""Health, for whatever keeps the process running. Asks nothing upstream: a probe must not spend the hour."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_FORGETS = "GATEWAY_MIRROR_DIR cannot be written, so the next start counts the hour as spent: see the log."


async def alive(_: Request) -> Response:
    """Answer that the process runs."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Whether more may be sent here."""

    def __init__(
        self,
        is_remembered: Callable[[], bool],
        degraded: Callable[[], str | None],
        is_filled: Callable[[], bool],
    ) -> None:
        """`is_remembered` tells whether the next start will know the hour's requests, `degraded` what else fails.

        `is_filled` tells whether what other processes hold is held here, so that nothing is asked for again.
        """
        self.is_stopping = False
        self._is_filled = is_filled
        self._is_remembered = is_remembered
        self._degraded = degraded

    @property
    def is_ready(self) -> bool:
        """Whether so."""
        return not self.is_stopping and self._is_filled()

    def stop(self) -> None:
        """Tell from now on that the gateway ends."""
        self.is_stopping = True

    async def answer(self, _: Request) -> Response:
        """Answer that the gateway is configured, for without settings it does not start; 503 once it ends."""
        if self.is_stopping:
            return JSONResponse({"status": "stopping"}, 503)
        if not self._is_filled():
            return JSONResponse({"status": "filling"}, 503)
        warnings = (None if self._is_remembered() else _FORGETS, self._degraded())
        if warning := " ".join(filter(None, warnings)):
            return JSONResponse({"status": "ready", "warning": warning})
        return JSONResponse({"status": "ready"})
