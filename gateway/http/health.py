"""Health, for whatever keeps the process running. Asks nothing upstream: a probe must not spend the hour."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def alive(_: Request) -> Response:
    """Answer that the process runs."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Whether more may be sent here."""

    def __init__(self) -> None:
        self.is_stopping = False

    def stop(self) -> None:
        """Tell from now on that the gateway ends."""
        self.is_stopping = True

    async def answer(self, _: Request) -> Response:
        """Answer that the gateway is configured, for without settings it does not start; 503 once it ends."""
        if self.is_stopping:
            return JSONResponse({"status": "stopping"}, 503)
        return JSONResponse({"status": "ready"})
