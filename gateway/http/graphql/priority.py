"""How urgent an operation is, as clients say it in `Priority`. Source: RFC 9218, section 4.1"""

from starlette.requests import Request

_BACKGROUND = "u=7"
"""Of 0 to 7 the least urgent, "for background tasks"."""


def is_background(http: Request) -> bool:
    """Return whether nobody waits for the answer; any other urgency is as none."""
    given = http.headers.get("priority")
    return given is not None and _BACKGROUND in [one.strip() for one in given.split(",")]
