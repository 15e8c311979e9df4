"""How the commands tell that they cannot go on."""

import os
import sys
from typing import NoReturn

import typer

from gateway.telemetry.log_lines import saying_to


def refuse_to_start(error: Exception) -> NoReturn:
    """Say why the gateway does not start, and end with 1."""
    fail(f"The gateway cannot start.\n{error}")


def fail(text: str) -> NoReturn:
    """Say something as a line of the log, and end with 1."""
    # The settings, which say how lines are written, may be what is wrong.
    style = "json" if os.environ.get("GATEWAY_LOG_FORMAT", "").lower() == "json" else "console"
    with saying_to(sys.stderr, style, "error") as say:
        say(text)
    raise typer.Exit(1) from None
