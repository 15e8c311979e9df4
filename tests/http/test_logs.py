# pyright: basic
"""What an operation leaves in the log: a line that says what came of it, and nothing of what was in it."""

import asyncio
import io
import json
import logging
import re
import sys
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from gateway.http.request_id import Reporting
from gateway.sandbox import SANDBOX_KEY
from gateway.telemetry.log_lines import log_loop_error, logging_to

CANARY = "canary-9d1c"
QUERY = "query Titles { category(by: {databaseId: 1}) { title } }"
REFUSED = json.dumps({"error": CANARY, "meta": {"request_id": "req_abc123"}})


class Answering(httpx.AsyncBaseTransport):
    """Gives one answer, or raises."""

    def __init__(self, status=200, body="", error=None):
        self._answer = status, body, error

    async def handle_async_request(self, request):
        """Answer."""
        status, body, error = self._answer
        if error is not None:
            raise error
        return httpx.Response(status, text=body)


@contextmanager
def logged(style: Any = "json", level: Any = "info"):
    """Yield a list that holds the log's lines afterwards, decoded where they are JSON."""
    stream = io.StringIO()
    lines = []
    with logging_to(stream, style, level):
        yield lines
    printed = stream.getvalue().splitlines()
    lines += [json.loads(line) for line in printed] if style == "json" else printed


async def test_an_operation_has_a_line(ask):
    """With who asked for what, what came of it, and what it cost; none of the query, none of the data."""
    with logged() as lines:
        response = await ask.http.post("/graphql", json={"query": QUERY})

    [line] = lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("timestamp"))
    assert 0 < line.pop("duration_ms") < 10_000
    assert line == {
        "event": "operation",
        "level": "info",
        "logger": "gateway.operations",
        "request_id": response.headers["x-request-id"],
        "operation": "Titles",
        "kind": "query",
        "outcome": "ok",
        "calls": 1,
        "cache_hits": 0,
    }


async def test_what_is_kept_is_told(gateway):
    """A hit costs no call, and the line says both."""
    ask = gateway(mirror="on")
    with logged() as lines:
        await ask(QUERY)
        await ask(QUERY)

    assert [(line["calls"], line["cache_hits"]) for line in lines] == [(1, 0), (0, 1)]


@pytest.mark.parametrize(
    ("body", "kind", "outcome"),
    [
        ({"query": "{ nonsense }"}, None, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{"}, None, "GRAPHQL_PARSE_FAILED"),
        ({"query": 5}, None, "BAD_REQUEST"),
        ({"query": '{ node(id: "x") { id } }'}, "query", "BAD_USER_INPUT"),
        (
            {"query": "mutation M($id: ID!) { deleteEvent(input: {id: $id}) { deletedId } }"},
            "mutation",
            "BAD_USER_INPUT",
        ),
    ],
)
async def test_what_was_refused_has_a_line_too(ask, body, kind, outcome):
    """By the code that its sender got."""
    with logged() as lines:
        await ask.http.post("/graphql", json=body)

    assert [(line["kind"], line["outcome"]) for line in lines] == [(kind, outcome)]


async def test_several_errors_are_all_named(gateway):
    """The first is the outcome, and the others stand beside it, each once."""
    ask = gateway(transport=Answering(503))
    with logged() as lines:
        await ask.answer('{ a: categories { id } b: categories { id } node(id: "x") { id } }')

    assert lines[-1]["outcome"] == lines[-1]["codes"][0]
    assert sorted(lines[-1]["codes"]) == ["BAD_USER_INPUT", "UPSTREAM_UNAVAILABLE"]


async def test_plandockets_own_id_of_a_failed_request_is_told(gateway):
    """So that its support can be asked; but nothing else of its answer."""
    ask = gateway(transport=Answering(500, REFUSED))
    with logged() as lines:
        await ask.answer(QUERY)

    assert lines[-1]["plandocket_request_ids"] == ["req_abc123"]
    assert CANARY not in json.dumps(lines)


@pytest.mark.parametrize("name", ["x" * 65, "a b", 'a"b', "a\nb", "ä", "", 7, None, {"a": 1}])
async def test_an_id_that_is_none_is_not_told(gateway, name):
    """Whatever PlanDocket, or who stands before it, puts there."""
    ask = gateway(transport=Answering(500, json.dumps({"meta": {"request_id": name}})))
    with logged() as lines:
        await ask.answer(QUERY)

    assert "plandocket_request_ids" not in lines[-1]


async def test_every_call_has_a_line_at_debug(ask):
    """With the id of the request that it was for, and no address."""
    with logged(level="debug") as lines:
        await ask("{ participants(first: 2) { nodes { contact { email } } } }")

    [call, operation] = lines
    assert (call["call"], call["outcome"], call["attempt"]) == ("GET participants", "200", 1)
    assert call["request_id"] == operation["request_id"]


@pytest.mark.parametrize("given", ["abc-123", "0" * 64, "f47ac10b-58cc-4372-a567-0e02b2c3d479"])
async def test_a_callers_request_id_is_taken_over(ask, given):
    """It is answered and logged, so that one id leads through everything in between."""
    with logged() as lines:
        response = await ask.http.post("/graphql", json={"query": QUERY}, headers={"X-Request-Id": given})

    assert response.headers["x-request-id"] == given == lines[0]["request_id"]


@pytest.mark.parametrize("given", ["", "0" * 65, "a b", "a;b", b"\xe4", "user@example.org", "a/b?c=d"])
async def test_what_is_no_request_id_is_not(ask, given):
    """A new one is made in its place."""
    responses = [
        await ask.http.post("/graphql", json={"query": QUERY}, headers={"X-Request-Id": given}) for _ in "12"
    ]
    ids = [response.headers["x-request-id"] for response in responses]

    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/nowhere", "/schema.graphql"])
async def test_every_answer_has_an_id_and_only_operations_a_line(ask, path):
    """A probe every second would bury what matters."""
    with logged() as lines:
        response = await ask.http.get(path)

    assert response.headers["x-request-id"]
    assert lines == []


async def test_the_ides_page_is_no_operation(ask):
    """It asks nothing yet."""
    with logged() as lines:
        await ask.http.get("/graphql", headers={"Accept": "text/html"})

    assert lines == []


async def test_operations_at_the_same_time_keep_their_ids(gateway):
    """What is logged on the way belongs to the operation that it happened in."""
    ask = gateway(transport=Answering(error=ZeroDivisionError(CANARY)))
    with logged() as lines:
        responses = await asyncio.gather(
            *(
                ask.http.post(
                    "/graphql",
                    json={"query": f"{{ category(by: {{databaseId: {n}}}) {{ title }} }}"},
                    headers={"X-Request-Id": f"id-{n}"},
                )
                for n in range(1, 21)
            )
        )

    told = {response.json()["errors"][0]["extensions"]["reference"] for response in responses}
    failures = [line for line in lines if line["level"] == "error"]
    assert told == {f"id-{n}" for n in range(1, 21)} == {line["request_id"] for line in failures}
    assert all(f"reference {line['request_id']}" in line["event"] for line in failures)


@pytest.mark.parametrize("style", ["json", "console"])
async def test_a_failure_of_the_gateway_is_logged_without_its_text(gateway, style):
    """The type, the stack, and the field by its own name: an alias is the caller's."""
    ask = gateway(transport=Answering(error=ZeroDivisionError(CANARY)))
    with logged(style) as lines:
        error = await ask.error("{ canary_alias: category(by: {databaseId: 1}) { title } }")

    printed = str(lines)
    assert error["extensions"]["reference"] in printed
    assert "ZeroDivisionError at category" in printed
    assert "handle_async_request" in printed
    assert CANARY not in printed
    assert "canary_alias" not in printed


async def test_what_fails_around_the_endpoint_is_told_and_logged_once():
    """Middleware, say: a JSON 500 with a reference, though nothing of it runs in an operation."""

    async def broken(scope, receive, send):
        raise ZeroDivisionError(CANARY)

    app = Reporting(broken, "/graphql")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x.test") as client:
        with logged() as lines:
            response = await client.get("/anything")

    [error] = response.json()["errors"]
    assert (response.status_code, response.headers["content-type"]) == (500, "application/json")
    assert error["extensions"] == {
        "code": "INTERNAL_SERVER_ERROR",
        "reference": response.headers["x-request-id"],
    }
    [line] = lines
    assert error["extensions"]["reference"] in line["event"]
    assert CANARY not in response.text + str(lines)


async def test_what_fails_in_a_page_is_told_likewise(ask, monkeypatch):
    """The app that is served has this around all of it, and Starlette's own page is not shown."""

    async def broken(*_):
        raise ZeroDivisionError(CANARY)

    for route in ask.http._transport.app.routes:
        if route.path == "/schema.graphql":
            monkeypatch.setattr(route, "app", broken)
    with logged() as lines:
        response = await ask.http.get("/schema.graphql")

    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(lines) == 1
    assert CANARY not in response.text + str(lines)


async def test_an_answer_that_fails_halfway_is_not_answered_twice():
    """It has begun: the server closes the connection, and the log says why."""

    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError(CANARY)

    sent = []

    async def send(message):
        sent.append(message["type"])

    async def receive():
        return {"type": "http.disconnect"}

    with logged() as lines:
        await Reporting(broken, "/graphql")({"type": "http", "path": "/", "headers": []}, receive, send)

    assert sent == ["http.response.start"]
    assert "ZeroDivisionError" in lines[0]["event"]


@pytest.mark.parametrize("name", ["httpx", "httpcore", "aiohttp.client", "asyncio", "hpack", "uvicorn.error"])
def test_other_libraries_do_not_chatter(name):
    """Below "warning" they print addresses and headers, whatever level the gateway's own lines have."""
    with logged(level="debug") as lines:
        logging.getLogger(name).debug("Authorization: %s", CANARY)
        logging.getLogger(name).warning("worth knowing")

    assert [(line["logger"], line["level"]) for line in lines] == [(name, "warning")]


def test_an_exception_in_a_line_is_its_type_and_stack():
    """Whoever logs it, with whatever in it."""
    with logged() as lines:
        try:
            raise ValueError(CANARY)
        except ValueError:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")

    [line] = lines
    assert line["error"] == "ValueError"
    assert "test_an_exception_in_a_line" in line["stack"]
    assert CANARY not in str(lines)


async def test_what_nobody_waits_for_fails_without_its_text():
    """Asyncio's own handler prints the exception, and the task with it."""

    async def broken():
        raise ValueError(CANARY)

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(log_loop_error)
    with logged() as lines:
        task = loop.create_task(broken())
        await asyncio.wait([task])
        del task
        loop.call_exception_handler({"message": "Task failed", "exception": ValueError(CANARY)})

    assert {line["error"] for line in lines} == {"ValueError"}
    assert CANARY not in str(lines)


def test_what_is_raised_where_nobody_can_catch_it_is_logged_without_its_text():
    """A destructor, say."""

    class Broken:
        def __del__(self):
            raise ValueError(CANARY)

    with logged() as lines:
        thing = Broken()
        del thing

    assert {line["error"] for line in lines} == {"ValueError"}
    assert CANARY not in str(lines)


def test_the_level_is_the_settings():
    """At "warning" there is no line for an operation."""
    for level, count in (("debug", 4), ("info", 3), ("warning", 2), ("error", 1)):
        with logged(level=level) as lines:
            for name in ("debug", "info", "warning", "error"):
                logging.getLogger("gateway.some.module").log(getattr(logging, name.upper()), "x")
        assert len(lines) == count


def test_a_line_is_a_line():
    """Where no person sits before it: what has line breaks in it looks like no other line."""
    with logged("console") as lines:
        logging.getLogger("gateway").warning("one\nlevel=error event=forged")

    assert len(lines) == 1
    assert "level='warning'" in lines[0]


def test_a_reader_that_stops_reading_holds_up_nobody():
    """Lines beyond ten thousand are counted, and the count is told once it reads again."""

    class Slow(io.StringIO):
        def __init__(self):
            super().__init__()
            self.lock = __import__("threading").Lock()

        def write(self, text):
            with self.lock:
                return super().write(text)

    stream = Slow()
    with logging_to(stream, "json", "info"), stream.lock:
        log = logging.getLogger("gateway")
        for _ in range(25_000):
            log.info("x")
    lines = stream.getvalue().splitlines()

    assert 10_000 <= len(lines) < 25_000
    assert any("lines are missing" in line for line in lines)


def test_a_reader_that_is_gone_ends_nothing():
    """A closed pipe."""
    stream = io.StringIO()
    with logging_to(stream, "json", "info"):
        stream.close()
        logging.getLogger("gateway").warning("x")


def test_everything_is_as_before_afterwards():
    """Nothing is configured for longer than the servers run, and nothing by an import."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.getLogger("gateway").level, sys.unraisablehook
    with logged():
        assert root.handlers != before[0]

    assert (root.handlers, root.level, logging.getLogger("gateway").level, sys.unraisablehook) == before


async def test_no_key_is_logged_with_a_caller(gateway):
    """Callers with keys of their own have no name."""
    ask = gateway(api_key=None)
    with logged(level="debug") as lines:
        await ask.answer(QUERY, headers={"Authorization": f"Bearer {SANDBOX_KEY}"})

    assert "caller" not in lines[-1]
    assert SANDBOX_KEY not in json.dumps(lines)
