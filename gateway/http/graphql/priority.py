"""How urgent an operation is, as clients say it in `Priority`. Source: RFC 9218, section 4.1"""

from starlette.requests import Request

_BACKGROUND = "u=7"
"""Of 0 to 7 the least urgent, "for background tasks"."""


def is_background(http: Request) -> bool:
    """Return whether nobody waits for the answer; any other urgency is as none.

    Of a key that comes twice the last counts, and what it does not know it passes over. Source: RFC 8941, 4.2.2
    """
    given = http.headers.get("priority")
    if given is None:
        return False
    members = [member.partition(";")[0].strip() for member in given.split(",")]
    return [one for one in members if one.startswith("u=")][-1:] == [_BACKGROUND]
