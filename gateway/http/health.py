"""Health, for whatever keeps the process running. Asks nothing upstream: a probe must not spend the hour."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def alive(_: Request) -> Response:
    """Answer that the process runs."""
    return JSONResponse({"status": "ok"})


async def ready(_: Request) -> Response:
    """Answer that the gateway is configured: without settings it does not start."""
    return JSONResponse({"status": "ready"})
