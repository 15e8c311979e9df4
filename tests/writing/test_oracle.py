# pyright: basic
"""What the caller is told of a write is never contradicted by what PlanDocket did.

A PlanDocket that keeps to HTTP is played with every kind of status, body and way to break, before and after it
carried the write out, and remembers whether it did. Such a server answers 2xx after that and 4xx before it;
anything else either way.
"""

import json
from dataclasses import dataclass
from itertools import product

import httpx
import pytest
from writing.mutations import EACH, answer_to, gid

from gateway.sandbox import Sandbox

MANY = "setParticipantsConfirmed"
WRITES = EACH | {
    "createEvent": {"title": "Fair", "eventKey": "fair"},
    MANY: {"ids": [gid("Participant", 2)], "isConfirmed": True},
}
METHODS = [
    (field, method)
    for field in WRITES
    for method in ("PATCH", "PUT")
    if method == "PATCH" or field.startswith(("update", "set"))
]

DONE = (200, 202, 204)
OTHERS = (301, 302, 304, 307, 308, 400, 401, 402, 403, 404, 408, 409, 410, 418, 422, 429, 500, 502, 503, 599)
BODIES = {
    "row": b'{"data": {"id": 2}}',
    "error": b'{"error": "It says so"}',
    "errors": b'{"error": "Validation failed", "errors": {"title": ["Bad."]}}',
    "html": b"<html><body>Sorry</body></html>",
    "empty": b"",
    "cut": b'{"data": {"id": 2, "tit',
    "text": b"OK",
}
BROKEN = {
    "refused": httpx.ConnectError,
    "no connection in time": httpx.ConnectTimeout,
    "reset": httpx.ReadError,
    "no answer in time": httpx.ReadTimeout,
    "no HTTP": httpx.RemoteProtocolError,
}
NEVER_LEFT = ("refused", "no connection in time")
REFUSING = ("error", "errors")
UNCLEAR = ("html", "cut")


@dataclass(frozen=True)
class Play:
    """What PlanDocket does with a write."""

    answer: int | str
    """Its status, or how the connection ends before there is one."""
    body: str = "empty"
    breaks: bool = False
    """Whether the connection ends within the body."""

    def may_be(self, *, done: bool) -> bool:
        """Return whether a server that keeps to HTTP answers so after it carried a write out, or before."""
        if isinstance(self.answer, str):
            return not (done and self.answer in NEVER_LEFT)
        if 200 <= self.answer < 300:
            is_clear = self.answer == 204 or self.body not in UNCLEAR
            says_no = self.answer != 204 and self.body in REFUSING
            return (done or self.breaks or not is_clear or says_no) and not (done and says_no)
        return not done or not (
            (400 <= self.answer < 500 and self.answer != 408) or self.answer in (307, 308)
        )


PLAYS = [
    *(Play(status, body) for status, body in product(DONE, BODIES)),
    *(Play(status, "row", breaks=True) for status in (*DONE, 404, 422, 500)),
    *map(Play, BROKEN),
]
NO_ROW = ("error", "errors", "html", "empty", "cut")


def plays_of(number):
    """Return what is played with one of the writes: each other status with one body, which differs from write to write.

    Each with each body is played with the writes together: what a refusal says of one resource it says of all.
    """
    others = enumerate(OTHERS)
    return [*PLAYS, *(Play(status, NO_ROW[(place + number) % len(NO_ROW)]) for place, status in others)]


class Cut(httpx.AsyncByteStream):
    """A body that ends with its connection."""

    async def __aiter__(self):
        """Give the beginning."""
        yield BODIES["cut"]
        raise httpx.ReadError("gone")


class PlanDocket(httpx.AsyncBaseTransport):
    """Plays one thing with each write, carried out or not; reads are answered as if nothing had happened."""

    def __init__(self, sandbox):
        self._reads = httpx.ASGITransport(sandbox.app)
        self.play, self.carries_out = Play(200), False
        self.came, self.applied = 0, 0

    def now(self, play, *, carries_out):
        """Play this from now on."""
        self.play, self.carries_out = play, carries_out
        self.came = self.applied = 0

    async def handle_async_request(self, request):
        """Answer."""
        if request.method == "GET":
            return await self._reads.handle_async_request(request)
        self.came += 1
        self.applied += self.carries_out
        if isinstance(self.play.answer, str):
            raise BROKEN[self.play.answer]("")
        headers = {"content-type": "text/html" if self.play.body == "html" else "application/json"}
        if self.play.breaks:
            return httpx.Response(self.play.answer, headers=headers, stream=Cut())
        return httpx.Response(self.play.answer, headers=headers, content=BODIES[self.play.body])


def told(field, answer):
    """Return whether the caller is told that the write was done; None where nobody knows."""
    payload = answer["data"][field]
    if payload is None:
        [error] = answer["errors"]
        return None if error["extensions"]["code"] == "OUTCOME_UNKNOWN" else False
    assert "errors" not in answer
    if field == MANY:
        [payload] = payload["results"]
    done = payload["deletedId"] is not None if field.startswith("delete") else payload["written"]
    codes = [error["code"] for error in payload["userErrors"]]
    assert (done is True) == (codes == [])
    assert (done is None) == (codes == ["OUTCOME_UNKNOWN"])
    return done


def entity_of(field):
    """Return a selection of all that a payload tells."""
    if field.startswith("delete"):
        return "deletedId"
    return f"written writtenId {'participant' if field == MANY else field[6:].lower()} {{ id }}"


@pytest.mark.parametrize(("number", "field", "method"), [(n, *of) for n, of in enumerate(METHODS)])
async def test_what_is_told_is_not_contradicted(gateway, time, number, field, method):
    """Done is told only of what was done, and the rest likewise; nobody knows only where nobody can."""
    sandbox = Sandbox()
    plandocket = PlanDocket(sandbox)
    given = {"update_method": method, "requests_per_hour": "unlimited"}
    ask = gateway(sandbox, transport=plandocket, time=time, **given)
    for play, carries_out in product(plays_of(number), (False, True)):
        if not play.may_be(done=carries_out):
            continue
        plandocket.now(play, carries_out=carries_out)
        time.seconds += 4_000  # neither hour nor breaker remember the one before
        answer = await answer_to(ask, field, WRITES[field], entity_of(field))
        done = told(field, answer)

        about = (play, carries_out, answer)
        assert done in (None, plandocket.applied > 0), about
        is_open = play.may_be(done=not carries_out) and play.answer not in NEVER_LEFT
        assert done is not None or is_open or play.body in UNCLEAR or play.breaks, about
        assert plandocket.came == 1 or play.answer in NEVER_LEFT, about
        text = json.dumps(answer)
        assert plandocket.applied == 0 or ("try again" not in text and "retryAfter" not in text), about
        assert done is not None or ("try again" not in text and "retryAfter" not in text), about
