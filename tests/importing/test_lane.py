# pyright: basic
"""The lane that an import has: out of what others leave of the hour, and at most half of any sixty minutes."""

from collections import deque

import httpx
from asking import Gateway, Time
from importing.importing import Importing, free, sent, table

from gateway.sandbox import Sandbox

SCREEN = (
    "query($search: String) { participants(filter: {search: $search}, first: 20, orderBy: {field: CONTACT_LAST_NAME}) "
    "{ totalCount nodes { id isConfirmed contact { lastName } event { title } } } }"
)
CONFIRM = "mutation($input: UpdateParticipantInput!) { updateParticipant(input: $input) { written } }"
BACKGROUND = {"Priority": "u=7"}
ONE = "{ category(by: {databaseId: %d}) { title } }"


async def test_at_most_half_of_any_hour_and_all_of_that(gateway: Gateway, time: Time, tmp_path) -> None:
    """Where nobody else asks, half of the hour goes at once, and the rest as that leaves the window."""
    box = Sandbox(now=time, per_hour=40)
    ask = gateway(box, None, time, mirror="on", requests_per_hour=40)
    importing = Importing(tmp_path / "list.csv", ask, time)
    times = watched(box, time)
    assert await importing.run(table(*free(box, 45)))
    assert importing.outcomes == ["created"] * 45
    assert sent(box) == {"POST": 45}
    writes = [at for at, method in times if method == "POST"]
    assert most_in_an_hour(writes) <= 20
    assert writes[-1] - writes[0] <= 3 * 3600


async def test_a_busy_screen_is_never_refused(gateway: Gateway, time: Time, tmp_path) -> None:
    """It searches every half minute and confirms every three, while an import of more than an hour runs beside it."""
    box = Sandbox(now=time, per_hour=1000)
    ask = gateway(box, None, time, mirror="on")
    importing = Importing(tmp_path / "list.csv", ask, time)
    times = watched(box, time)
    screen = Screen(ask, time)
    for _ in range(60):
        time.seconds += 30
        await screen.catch_up()
    rows = free(box, 520)
    importing.beside = screen.catch_up
    before = len(times)
    http = httpx.AsyncClient(transport=Slow(ask.http, screen), base_url="http://localhost")
    assert await importing.run(table(*rows), http)
    assert set(importing.outcomes) == {"created"}
    assert screen.refused == []
    assert screen.asked > 120
    of_import = [at for at, method in list(times)[before:] if method == "POST"]
    assert len(of_import) == len(rows)
    assert most_in_an_hour(of_import) <= 500
    assert most_in_an_hour([at for at, _ in times]) <= 1000


async def test_it_has_no_room_where_others_need_it(gateway: Gateway, time: Time) -> None:
    """It is refused as ever, with when to come again; operations in the foreground are not."""
    ask = gateway(time=time, requests_per_hour=20)
    for n in range(1, 11):
        answer = await ask.answer(ONE % n, BACKGROUND)
        assert "errors" not in answer
    [error] = (await ask.answer(ONE % 11, BACKGROUND))["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
    assert error["extensions"]["retryAfter"] == 3600
    used = (await ask("{ upstream { used usedByReads usedInBackground } }"))["upstream"]
    assert used == {"used": 10, "usedByReads": 0, "usedInBackground": 10}
    await ask(ONE % 11)
    assert len(ask.calls) == 1
    time.seconds += 3600
    assert "errors" not in await ask.answer(ONE % 12, BACKGROUND)


async def test_other_urgencies_are_the_foreground(gateway: Gateway, time: Time) -> None:
    """Browsers send them by themselves; of several the last counts."""
    ask = gateway(time=time)
    told = (("u=3, i", 0), ("i", 0), ("u=7, u=1", 0), ("u=7, i", 1), (" i ,u=7", 2), ("u=1, u=7;x=1", 3))
    for n, (given, background) in enumerate(told, 1):
        await ask.answer(ONE % n, {"Priority": given})
        assert (await ask("{ upstream { usedInBackground } }"))["upstream"] == {
            "usedInBackground": background
        }


def watched(box: Sandbox, time: Time) -> deque[tuple[float, str]]:
    """Return when the sandbox is asked, and by which method, from now on."""
    times = deque[tuple[float, str]]()
    record = box._record

    def noted(request, raw: bytes, status: int) -> None:
        times.append((time.seconds, request.method))
        record(request, raw, status)

    box._record = noted
    return times


def most_in_an_hour(times: list[float]) -> int:
    """Return how many the fullest sixty minutes hold."""
    return max(sum(begin <= at < begin + 3600 for at in times) for begin in times)


class Slow(httpx.AsyncBaseTransport):
    """Takes half a second for each request, in which the screen goes on."""

    def __init__(self, http: httpx.AsyncClient, screen: "Screen") -> None:
        self._to = http._transport
        self._screen = screen

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it on."""
        self._screen.time.seconds += 0.5
        await self._screen.catch_up()
        return await self._to.handle_async_request(request)


class Screen:
    """A screen beside an import: it asks for every half minute that goes by."""

    def __init__(self, ask, time: Time) -> None:
        self.time = time
        self._ask = ask
        self._next_at = time.seconds
        self.asked = 0
        self.refused = []

    async def catch_up(self) -> None:
        """Ask as often as the time has come for it."""
        while self._next_at <= self.time.seconds:
            self._next_at += 30
            await self.ask()

    async def ask(self) -> None:
        """Search; and confirm what was found, each sixth time."""
        self.asked += 1
        answer = await self._ask.answer(SCREEN, search="abcdefghij"[self.asked % 10])
        self.refused += answer.get("errors", [])
        nodes = answer["data"]["participants"]["nodes"] if answer.get("data") else []
        if self.asked % 6 == 0 and nodes:
            given = {"id": nodes[0]["id"], "isConfirmed": not nodes[0]["isConfirmed"]}
            answer = await self._ask.answer(CONFIRM, input=given)
            self.refused += answer.get("errors", [])
