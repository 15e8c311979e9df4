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

    def __init__(self, is_remembered: Callable[[], bool]) -> None:
        """`is_remembered` tells whether the next start will know the hour's requests."""
        self.is_stopping = False
        self._is_remembered = is_remembered

    @property
    def is_ready(self) -> bool:
        """Whether so."""
        return not self.is_stopping

    def stop(self) -> None:
        """Tell from now on that the gateway ends."""
        self.is_stopping = True

    async def answer(self, _: Request) -> Response:
        """Answer that the gateway is configured, for without settings it does not start; 503 once it ends."""
        if self.is_stopping:
            return JSONResponse({"status": "stopping"}, 503)
        if not self._is_remembered():
            return JSONResponse({"status": "ready", "warning": _FORGETS})
        return JSONResponse({"status": "ready"})
