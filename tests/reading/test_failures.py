# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Keys, and a PlanDocket that fails: a code for what the caller can do, and nothing from the inside."""

import asyncio
import json
import logging

import httpx
import pytest
from asking import Time

from gateway.sandbox import ALL_SCOPES, SANDBOX_KEY, Sandbox

CANARY = "canary-7f3a91"
HTML = f"<html><body>{CANARY}</body></html>"
JSON = "application/json"
BOTH = "{ events(first: 1) { nodes { title } } categories { databaseId } }"


class Scripted(httpx.AsyncBaseTransport):
    """Plays one answer, or raises, for paths that begin so; the sandbox answers all others."""

    def __init__(self, sandbox, path, play):
        self.asked = []  # (path, key), the headers as they came
        self._rest = httpx.ASGITransport(sandbox.app)
        self._path = f"/api/v1/{path}"
        self._play = play

    async def handle_async_request(self, request):
        """Answer as the script says."""
        self.asked.append((request.url.path, request.headers.get("authorization")))
        if not request.url.path.startswith(self._path):
            return await self._rest.handle_async_request(request)
        return await self._play(request)


def respond(status, body, media_type=JSON, **headers):
    """Return a play that answers so each time."""

    async def play(_):
        content = body if isinstance(body, bytes) else body.encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.Response(status, headers={"content-type": media_type, **named}, content=content)

    return play


def fail(error):
    """Return a play that raises so each time."""

    async def play(_):
        raise error

    return play


async def hang(_):
    """Never answer."""
    await asyncio.Event().wait()


FAULTS = {
    "connect time-out": (fail(httpx.ConnectTimeout(CANARY)), "UPSTREAM_TIMEOUT"),
    "read time-out": (fail(httpx.ReadTimeout(CANARY)), "UPSTREAM_TIMEOUT"),
    "pool time-out": (fail(httpx.PoolTimeout(CANARY)), "UPSTREAM_TIMEOUT"),
    "no end": (hang, "UPSTREAM_TIMEOUT"),
    "refused connection": (fail(httpx.ConnectError(CANARY)), "UPSTREAM_UNAVAILABLE"),
    "broken connection": (fail(httpx.RemoteProtocolError(CANARY)), "UPSTREAM_UNAVAILABLE"),
    "read error": (fail(httpx.ReadError(CANARY)), "UPSTREAM_UNAVAILABLE"),
    "500": (respond(500, json.dumps({"error": CANARY})), "UPSTREAM_UNAVAILABLE"),
    "502 in HTML": (respond(502, HTML, "text/html"), "UPSTREAM_UNAVAILABLE"),
    "503": (respond(503, json.dumps({"error": CANARY})), "UPSTREAM_UNAVAILABLE"),
    "405": (respond(405, json.dumps({"error": CANARY})), "UPSTREAM_UNAVAILABLE"),
    "302": (respond(302, "", location=f"http://plandocket.test/{CANARY}"), "UPSTREAM_UNAVAILABLE"),
    "301 elsewhere": (respond(301, "", location=f"https://{CANARY}.test/login"), "UPSTREAM_UNAVAILABLE"),
    "402": (respond(402, json.dumps({"error": CANARY})), "UPSTREAM_FORBIDDEN"),
    "403": (respond(403, json.dumps({"error": CANARY})), "UPSTREAM_FORBIDDEN"),
    "401": (respond(401, json.dumps({"error": CANARY})), "UPSTREAM_FORBIDDEN"),
    "422": (respond(422, json.dumps({"error": CANARY, "errors": {}})), "UPSTREAM_UNREADABLE"),
    "400": (respond(400, json.dumps({"error": CANARY})), "UPSTREAM_UNREADABLE"),
    "200 in HTML": (respond(200, HTML, "text/html"), "UPSTREAM_UNREADABLE"),
    "empty": (respond(200, ""), "UPSTREAM_UNREADABLE"),
    "broken JSON": (respond(200, '{"data": [{"title": "%s"' % CANARY), "UPSTREAM_UNREADABLE"),
    "broken text": (respond(200, b'{"data": "\xff' + CANARY.encode()), "UPSTREAM_UNREADABLE"),
    "broken gzip": (respond(200, HTML, content_encoding="gzip"), "UPSTREAM_UNREADABLE"),
    "deep JSON": (respond(200, "[" * 100_000), "UPSTREAM_UNREADABLE"),
    "a text": (respond(200, json.dumps(CANARY)), "UPSTREAM_UNREADABLE"),
    "null": (respond(200, "null"), "UPSTREAM_UNREADABLE"),
    "data null": (respond(200, json.dumps({"data": None, "x": CANARY})), "UPSTREAM_UNREADABLE"),
    "data a text": (respond(200, json.dumps({"data": CANARY})), "UPSTREAM_UNREADABLE"),
    "an object without rows": (respond(200, json.dumps({"data": {"x": CANARY}})), "UPSTREAM_UNREADABLE"),
    "rows that are no objects": (respond(200, json.dumps({"data": [CANARY]})), "UPSTREAM_UNREADABLE"),
    "an error with 200": (respond(200, json.dumps({"error": CANARY})), "UPSTREAM_UNREADABLE"),
}
# Of a list an odd row loses itself alone: see test_odd_rows.py.
FAULTS_OF_ONE = {
    **FAULTS,
    "204": (respond(204, ""), "UPSTREAM_UNREADABLE"),
    "a row without id": (
        respond(200, json.dumps({"data": {"title": CANARY, "event_key": "x", "is_visible": True}})),
        "UPSTREAM_UNREADABLE",
    ),
    "a row with another's id": (
        respond(200, json.dumps({"data": {"contact_id": 1, "title": CANARY, "event_key": "x"}})),
        "UPSTREAM_UNREADABLE",
    ),
    "a row with an id beyond 2^31": (
        respond(200, json.dumps({"data": {"id": 2**31, "title": CANARY, "event_key": "x"}})),
        "UPSTREAM_UNREADABLE",
    ),
}


def assert_discreet(answer):
    """Hold that an answer tells nothing of the upstream's body, address or key."""
    text = json.dumps(answer)
    for secret in (CANARY, "plandocket.test", "api/v1", SANDBOX_KEY, "Traceback", "httpx"):
        assert secret not in text


@pytest.mark.parametrize(("play", "code"), FAULTS.values(), ids=FAULTS.keys())
async def test_faults_of_a_list(gateway, play, code):
    """A list that fails is null with a code; the operation's other fields answer."""
    sandbox = Sandbox()
    settings = {"total_timeout": 0.01} if play is hang else {}
    ask = gateway(sandbox, transport=Scripted(sandbox, "events", play), **settings)
    answer = await ask.answer(BOTH)

    assert answer["data"] == {"events": None, "categories": [{"databaseId": n} for n in range(1, 21)]}
    [error] = answer["errors"]
    assert error["path"] == ["events"]
    assert error["extensions"] == {"code": code}
    assert_discreet(answer)


@pytest.mark.parametrize(("play", "code"), FAULTS_OF_ONE.values(), ids=FAULTS_OF_ONE.keys())
async def test_faults_of_one(gateway, play, code):
    """A single row that fails is an error, not an entity that does not exist."""
    sandbox = Sandbox()
    settings = {"total_timeout": 0.01} if play is hang else {}
    ask = gateway(sandbox, transport=Scripted(sandbox, "events", play), **settings)
    answer = await ask.answer("{ event(by: {databaseId: 1}) { title } categories { databaseId } }")

    assert answer["data"]["event"] is None
    assert len(answer["data"]["categories"]) == 20
    [error] = answer["errors"]
    assert error["path"] == ["event"]
    assert error["extensions"] == {"code": code}
    assert_discreet(answer)


@pytest.mark.parametrize(("play", "code"), FAULTS.values(), ids=FAULTS.keys())
async def test_faults_with_includes(gateway, play, code):
    """Includes change nothing of that: where they might be what is refused, the read is tried without."""
    sandbox = Sandbox()
    settings = {"total_timeout": 0.01} if play is hang else {}
    scripted = Scripted(sandbox, "participants", play)
    ask = gateway(sandbox, transport=scripted, **settings)
    answer = await ask.answer(
        "{ participants { nodes { contact { email } event { title } } } events { totalCount } }"
    )

    assert answer["data"] == {"participants": None, "events": {"totalCount": 12}}
    [error] = answer["errors"]
    assert error["extensions"] == {"code": code}
    assert len(scripted.asked) <= 4
    assert_discreet(answer)


async def test_a_page_for_a_missing_entity(gateway):
    """A 404 in HTML comes from a wrong host: it is not PlanDocket's "not found"."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Scripted(sandbox, "events", respond(404, HTML, "text/html")))
    answer = await ask.answer("{ event(by: {databaseId: 1}) { title } }")

    assert answer["data"] == {"event": None}
    assert answer["errors"][0]["extensions"] == {"code": "UPSTREAM_UNREADABLE"}
    assert_discreet(answer)


async def test_a_missing_list(gateway):
    """A 404 for a list is an address without this API."""
    sandbox = Sandbox()
    play = respond(404, json.dumps({"error": CANARY}))
    ask = gateway(sandbox, transport=Scripted(sandbox, "events", play))
    answer = await ask.answer(BOTH)

    assert answer["errors"][0]["extensions"] == {"code": "UPSTREAM_UNAVAILABLE"}
    assert_discreet(answer)


async def test_a_redirect_is_not_followed(gateway):
    """The key must not travel to another address."""
    sandbox = Sandbox()
    play = respond(302, "", location="http://plandocket.test/api/v1/categories")
    scripted = Scripted(sandbox, "events", play)
    await gateway(sandbox, transport=scripted).answer("{ events { nodes { title } } }")

    assert [path for path, _ in scripted.asked] == ["/api/v1/events"]


async def test_a_relation_that_fails_spares_its_row(gateway):
    """Where only the relation cannot be read, the row itself answers."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Scripted(sandbox, "contacts", respond(503, HTML, "text/html")))
    answer = await ask.answer(
        "{ event(by: {databaseId: 1})"
        " { title contacts { nodes { id } } participants(first: 1) { nodes { databaseId } } } }"
    )

    assert answer["data"]["event"]["title"] == "Spring Fair 2026"
    assert answer["data"]["event"]["contacts"] is None
    assert len(answer["data"]["event"]["participants"]["nodes"]) == 1
    assert [error["path"] for error in answer["errors"]] == [["event", "contacts"]]


async def test_an_unreadable_row_of_nodes_spares_the_others(gateway):
    """Each of several ids fails on its own."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Scripted(sandbox, "events/2", respond(500, "")))
    data = (await ask("{ events(first: 2) { nodes { id } } }"))["events"]["nodes"]
    answer = await ask.answer(
        "query($ids: [ID!]!) { nodes(ids: $ids) { databaseId } }", ids=[node["id"] for node in data]
    )

    assert answer["data"]["nodes"] == [{"databaseId": 1}, None]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [
        (["nodes", 1], "UPSTREAM_UNAVAILABLE")
    ]


async def test_a_failure_is_not_kept(gateway):
    """The next operation asks again; in one operation a read is repeated twice."""
    sandbox, plays = Sandbox(), [*[fail(httpx.ConnectError(""))] * 3, respond(200, '{"data": []}')]

    async def play(request):
        return await plays.pop(0)(request)

    ask = gateway(sandbox, transport=Scripted(sandbox, "events", play))
    assert (await ask.error("{ events { totalCount } }"))["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert await ask("{ events { totalCount } }") == {"events": {"totalCount": 0}}


async def test_rate_limit(gateway):
    """PlanDocket's spent hour is a code of its own that says when to come back, and passes."""
    time = Time()
    ask = gateway(Sandbox(per_hour=1, now=time), time=time)
    await ask("{ categories { id } }")
    error = await ask.error("{ categories { id } }")
    assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
    assert f"try again in {error['extensions']['retryAfter']} s" in error["message"]

    time.seconds += 3600
    await ask("{ categories { id } }")


async def test_the_words_of_a_rate_limit_stay_behind(gateway):
    """Neither its body nor the key is in the reply."""
    sandbox = Sandbox()
    ask = gateway(sandbox, transport=Scripted(sandbox, "events", respond(429, json.dumps({"error": CANARY}))))
    answer = await ask.answer("{ events { totalCount } }")
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
    assert_discreet(answer)


async def test_rate_limit_amid_an_operation(gateway):
    """What was answered before the hour was spent stays."""
    ask = gateway(Sandbox(per_hour=1, now=Time()))
    answer = await ask.answer("{ event(by: {databaseId: 1}) { title participants { nodes { id } } } }")

    assert answer["data"] == {"event": {"title": "Spring Fair 2026", "participants": None}}
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"


def bearer(key):
    """Return the header a caller sends a key with."""
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def shared(gateway):
    """Make a gateway without a key of its own, in front of two keys: `ada` for all, `bo` for events."""
    return gateway(Sandbox(keys={"ada": ALL_SCOPES, "bo": frozenset({"events"})}), api_key=None)


@pytest.mark.parametrize(
    "headers",
    [
        bearer("ada"),
        {"Authorization": "bearer ada"},
        {"X-API-Key": "ada"},
        {"Authorization": "Basic eDp5", "X-API-Key": "ada"},
        {"Authorization": "Bearer ada", "X-API-Key": "wrong"},
    ],
)
async def test_a_callers_own_key(shared, headers):
    """A key is taken from either header, as PlanDocket takes it."""
    answer = await shared.answer("{ categories { databaseId } }", headers=headers)

    assert len(answer["data"]["categories"]) == 20
    assert shared.calls == ["GET categories"]


@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": ""}, {"Authorization": "Bearer "}, {"Authorization": "Basic ada"}]
)
async def test_no_key(shared, headers):
    """Without a key nothing is read, and the message says how to send one."""
    answer = await shared.answer("{ categories { id } __typename }", headers=headers)

    assert answer["data"] == {"categories": None, "__typename": "Query"}
    [error] = answer["errors"]
    assert error["extensions"] == {"code": "UNAUTHENTICATED"}
    assert "Authorization: Bearer KEY" in error["message"]
    assert "X-API-Key: KEY" in error["message"]
    assert shared.calls == []


@pytest.mark.parametrize("headers", [{"X-API-Key": "a b"}, {"X-API-Key": b"k\xc3\xbf"}, bearer("a b")])
async def test_what_cannot_be_a_key(shared, headers):
    """Characters that no key has are refused before anything is sent."""
    answer = await shared.answer("{ categories { id } }", headers=headers)

    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert shared.calls == []


async def test_a_wrong_key(shared):
    """A key that PlanDocket does not know is the caller's to mend."""
    answer = await shared.answer("{ categories { id } }", headers=bearer(CANARY))

    assert answer["data"] == {"categories": None}
    assert answer["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert_discreet(answer)


async def test_a_key_in_the_address_is_not_taken(shared):
    """Addresses end up in logs."""
    response = await shared.http.post("/graphql?api_key=ada", json={"query": "{ categories { id } }"})

    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_missing_scope(shared):
    """The message names the scope; what the key may read still answers."""
    answer = await shared.answer(
        "{ events(first: 1) { nodes { title } } contacts { totalCount } }", headers=bearer("bo")
    )

    assert answer["data"] == {"events": {"nodes": [{"title": "Spring Fair 2026"}]}, "contacts": None}
    [error] = answer["errors"]
    assert error["path"] == ["contacts"]
    assert error["extensions"] == {"code": "UPSTREAM_FORBIDDEN"}
    assert "'contacts'" in error["message"]


async def test_a_missing_scope_with_includes(shared):
    """The scope of the list itself is named, whatever was to be embedded."""
    answer = await shared.answer(
        "{ participants { nodes { contact { email } event { title } } } }", headers=bearer("bo")
    )

    [error] = answer["errors"]
    assert error["extensions"] == {"code": "UPSTREAM_FORBIDDEN"}
    assert "'participants'" in error["message"]


async def test_a_missing_scope_of_a_relation(shared):
    """An event answers where its participants may not be read."""
    answer = await shared.answer(
        "{ event(by: {databaseId: 1}) { title participants { nodes { id } } } }", headers=bearer("bo")
    )

    assert answer["data"] == {"event": {"title": "Spring Fair 2026", "participants": None}}
    assert answer["errors"][0]["extensions"] == {"code": "UPSTREAM_FORBIDDEN"}


async def test_the_held_key_is_refused(gateway, caplog):
    """That is the operator's to mend: the log says so, and never the key."""
    caplog.set_level(logging.DEBUG)
    answer = await gateway(api_key="wrong-held-key").answer("{ categories { id } }")

    [error] = answer["errors"]
    assert error["extensions"] == {"code": "UPSTREAM_FORBIDDEN"}
    assert "operator" in error["message"]
    assert "PLANDOCKET_API_KEY" not in json.dumps(answer)
    assert [record.levelname for record in caplog.records if "PLANDOCKET_API_KEY" in record.message] == [
        "ERROR"
    ]
    assert "wrong-held-key" not in caplog.text
    assert "wrong-held-key" not in json.dumps(answer)


async def test_the_held_key_lacks_a_scope(gateway, caplog):
    """The log names the scope, and never the key."""
    ask = gateway(Sandbox(keys={"held-key": frozenset({"events"})}), api_key="held-key")
    answer = await ask.answer(BOTH)

    assert answer["errors"][0]["extensions"] == {"code": "UPSTREAM_FORBIDDEN"}
    assert "categories" in caplog.text
    assert "held-key" not in caplog.text


async def test_the_held_key_is_used_for_all(gateway):
    """Where the gateway holds a key, what callers send is not looked at."""
    scripted = Scripted(sandbox := Sandbox(), "none", hang)
    answer = await gateway(sandbox, transport=scripted).answer(
        "{ categories { id } }", headers=bearer("other")
    )

    assert "errors" not in answer
    assert scripted.asked == [("/api/v1/categories", f"Bearer {SANDBOX_KEY}")]


async def test_no_log_line_holds_a_callers_key(shared, caplog):
    """Not at any level."""
    caplog.set_level(logging.DEBUG)
    await shared.answer("{ categories { id } }", headers=bearer(CANARY))
    await shared.answer("{ contacts { totalCount } }", headers={"X-API-Key": f"{CANARY}-2"})

    assert CANARY not in caplog.text


async def test_two_callers_never_share(gateway):
    """Equal reads at the same moment are one request for each caller's key, and no answer crosses."""
    sandbox = Sandbox(keys={"ada": ALL_SCOPES, "bo": frozenset({"events"})})
    scripted = Scripted(sandbox, "none", hang)
    ask = gateway(sandbox, transport=scripted, api_key=None)
    query = "{ contact(by: {databaseId: 1}) { email } }"
    answers = await asyncio.gather(
        *(ask.answer(query, headers=bearer(key)) for key in ("ada", "bo", "ada", "bo"))
    )

    assert [answer["data"]["contact"] is None for answer in answers] == [False, True, False, True]
    assert sorted(key for _, key in scripted.asked) == ["Bearer ada", "Bearer bo"]


async def test_one_callers_limit_is_not_the_others(gateway):
    """Keys are counted by PlanDocket one by one, and the gateway remembers neither's end."""
    sandbox = Sandbox(keys={"ada": ALL_SCOPES, "bo": ALL_SCOPES}, per_hour=1, now=Time())
    ask = gateway(sandbox, api_key=None)
    query = "{ categories { id } }"
    answers = [await ask.answer(query, headers=bearer(key)) for key in ("ada", "ada", "bo")]

    codes = [[error["extensions"]["code"] for error in answer.get("errors", [])] for answer in answers]
    assert codes == [[], ["UPSTREAM_RATE_LIMITED"], []]


async def test_an_include_refused_to_one_key_is_sent_for_another(gateway):
    """What is noticed of includes with one key says nothing of another."""
    sandbox = Sandbox(keys={"ada": ALL_SCOPES, "bo": ALL_SCOPES})
    rest = httpx.ASGITransport(sandbox.app)

    async def play(request):
        if request.headers["authorization"] == "Bearer bo" and "include" in request.url.params:
            return httpx.Response(403, json={"error": "Forbidden"})
        return await rest.handle_async_request(request)

    ask = gateway(sandbox, transport=Scripted(sandbox, "participants", play), api_key=None)
    query = "{ participants(first: 5) { nodes { contact { email } } } }"
    answers = [await ask.answer(query, headers=bearer(key)) for key in ("bo", "ada")]

    assert answers[0] == answers[1]
    assert ask.calls == ["GET participants?include=contact"]
