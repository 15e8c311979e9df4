"""Whatever bytes come, a gateway as it is served answers 4xx or less, and stays.

GATEWAY_FUZZ_EXAMPLES says how many requests of each kind are tried; without it few, for a quick run.
"""

# pyright: basic
import json
import os
import re
import socket
import string
from collections.abc import Iterator

import httpx
import pytest
from fuzzing import Fuzzed, fuzzed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_ANSWER_S = 0.25  # a request whose body never comes gets no answer in that time, which is right
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")

some = settings(
    max_examples=int(os.environ.get("GATEWAY_FUZZ_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)


class Wire:
    """Sends bytes to a gateway, and holds what comes back to the rule."""

    def __init__(self, gateway: Fuzzed) -> None:
        self.gateway = gateway

    def send(self, sent: bytes) -> bytes:
        """Return what comes back for some bytes."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=_ANSWER_S) as connection:
            try:
                connection.sendall(sent)
                while more := connection.recv(65_536):
                    got += more
            except OSError:
                pass  # timed out, or the gateway had enough
        assert all(int(status) < 500 for status in _STATUS.findall(got)), got[:2000]
        assert b"INTERNAL_SERVER_ERROR" not in got, got[:2000]
        return got


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """Serve a gateway that holds the sandbox's key."""
    with fuzzed(tmp_path_factory.mktemp("fuzz") / "log") as gateway:
        yield Wire(gateway)


texts = (
    st.text(max_size=30)
    | st.text(string.printable, max_size=30)
    | st.sampled_from(["", "\ud800", "\0", "__proto__"])
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(-(2**80), 2**80) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
QUERIES = [
    "{ __typename }",
    "query ($v: Int) { participants(first: $v) { nodes { id } } }",
    "query ($v: String) { participants(after: $v, first: 1) { nodes { id } } }",
    "query ($v: ID!) { node(id: $v) { id } }",
    "query ($v: ParticipantFilter) { participants(filter: $v, first: 1) { nodes { id } } }",
    "query ($v: [ID!]!) { nodes(ids: $v) { id } }",
    "mutation ($v: UpdateContactInput!) { updateContact(input: $v) { userErrors { code } } }",
    "mutation ($v: CreateEventInput!) { createEvent(input: $v) { userErrors { code } } }",
]
queries = st.sampled_from(QUERIES) | texts | st.text('{}()[]:$!@#"\\ \n.ab1', max_size=60)
requests = st.fixed_dictionaries(
    {},
    optional={
        "query": queries | values,
        "variables": st.dictionaries(st.sampled_from(["v", "w"]), values, max_size=2) | values,
        "operationName": texts | values,
        "extensions": st.fixed_dictionaries({"persistedQuery": values}) | values,
        "documentId": texts | values,
    },
)
bodies = (
    requests.map(json.dumps).map(str.encode)
    | values.map(json.dumps).map(str.encode)
    | st.binary(max_size=200)
)
raw = st.binary(max_size=40).filter(lambda value: b"\n" not in value and b"\r" not in value)
types = st.sampled_from(
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/json; charset*=x''%ff",
        b"text/plain",
    ]
)
accepts = st.sampled_from(
    [
        b"*/*",
        b"application/json",
        b"application/graphql-response+json;q=0.5, */*;q=.1",
        b"text/html, */*;q=0.8",
    ]
)
names = st.sampled_from(
    b"Accept Authorization X-API-Key Origin Content-Encoding Cookie X-Requested-With Access-Control-Request-Method "
    b"Range If-None-Match Upgrade Expect TE X-Forwarded-For".split()
)
headers = st.lists(st.tuples(names, raw) | st.tuples(st.just(b"Accept"), accepts), max_size=5)
paths = st.sampled_from(
    ["/graphql", "/", "/schema.graphql", "/healthz", "/graphiql/own/start.js", "/nowhere"]
)
methods = st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])


def message(start: bytes, fields: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return the bytes of a request, which asks for the connection's end."""
    own = [(b"Host", b"localhost"), (b"Connection", b"close"), *fields]
    return b"\r\n".join([start, *(b": ".join(field) for field in own), b"", body])


@some
@given(bodies, types | raw, headers)
def test_no_body_is_answered_with_5xx(served: Wire, body: bytes, kind: bytes, fields: list) -> None:
    """JSON of any shape, or anything else, of any type."""
    length = [(b"Content-Type", kind), (b"Content-Length", str(len(body)).encode())]
    served.send(message(b"POST /graphql HTTP/1.1", [*length, *fields], body))


@some
@given(requests)
def test_no_well_typed_body_is_answered_with_5xx(served: Wire, body: dict) -> None:
    """Requests that come as far as the schema, and PlanDocket."""
    content = json.dumps(body).encode()
    fields = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(content)).encode())]
    got = served.send(message(b"POST /graphql HTTP/1.1", fields, content))
    assert _STATUS.match(got)


@some
@given(
    methods, paths | texts.map(lambda text: f"/{text}"), st.dictionaries(texts, texts, max_size=3), headers
)
def test_no_address_is_answered_with_5xx(
    served: Wire, method: str, path: str, params: dict, fields: list
) -> None:
    """Any method, any path, any parameters."""
    try:
        target = httpx.URL("http://localhost", path=path, params=params).raw_path
    except (httpx.InvalidURL, UnicodeEncodeError):
        target = path.encode("utf-8", "surrogatepass")
    served.send(message(method.encode() + b" " + target + b" HTTP/1.1", fields, b""))


@some
@given(queries, st.dictionaries(st.sampled_from(["variables", "extensions", "documentId"]), texts))
def test_no_operation_in_an_address_is_answered_with_5xx(served: Wire, query: str, more: dict) -> None:
    """Down to the schema."""
    try:
        target = httpx.URL("http://localhost/graphql", params={"query": query, **more}).raw_path
    except UnicodeEncodeError:
        return
    fields = [(b"X-Requested-With", b"x")]
    assert _STATUS.match(served.send(message(b"GET " + target + b" HTTP/1.1", fields, b"")))


@settings(some, max_examples=some.max_examples // 5)
@given(
    st.lists(st.tuples(raw, raw), max_size=4),
    st.binary(max_size=60),
    st.sampled_from([b"5", b"0", b"-1", b"", b"1e9"]),
)
def test_no_broken_framing_is_answered_with_5xx(
    served: Wire, fields: list, body: bytes, length: bytes
) -> None:
    """Lengths that lie, chunks that are none, headers of any bytes."""
    for framing in ((b"Content-Length", length), (b"Transfer-Encoding", b"chunked")):
        sent = [framing, (b"Content-Type", b"application/json"), *fields]
        served.send(message(b"POST /graphql HTTP/1.1", sent, body))


@settings(some, max_examples=some.max_examples // 5)
@given(st.binary(max_size=300))
def test_no_bytes_are_answered_with_5xx(served: Wire, sent: bytes) -> None:
    """Not even HTTP."""
    served.send(sent)


DEEP = 100_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"query": "{ a }", "variables": {"v": ' + b"[" * DEEP + b"]" * DEEP + b"}}",
        b'{"query": "' + b"{a" * DEEP + b'"}',
        b'{"query": "{ a(x: ' + b"[" * DEEP + b"]" * DEEP + b') }"}',
        *(
            json.dumps({"query": query}).encode()[:-1]
            + b', "variables": {"v": {"openingHours": '
            + b'{"a":' * depth
            + b"1"
            + b"}" * depth
            + b"}}}"
            for query in QUERIES[-2:]
            for depth in (100, 200, 300, 500, 700, 900, 950, 990)
        ),
        *(
            json.dumps({"query": QUERIES[1]}).encode()[:-1]
            + b', "variables": {"v": '
            + b"[" * depth
            + b"]" * depth
            + b"}}"
            for depth in (100, 300, 600, 900, 950, 990)
        ),
        *(b'{"query": "' + b"{a" * depth + b"}" * depth + b'"}' for depth in (50, 150, 250, 350, 450)),
    ],
    ids=len,
)
def test_no_depth_is_answered_with_5xx(served: Wire, body: bytes) -> None:
    """Of JSON, of a document, of a variable's value: where a parser goes as deep, what comes after may not."""
    fields = [(b"Content-Type", b"application/json"), (b"Content-Length", str(len(body)).encode())]
    assert _STATUS.match(served.send(message(b"POST /graphql HTTP/1.1", fields, body)))


@pytest.fixture(autouse=True)
def settled(served: Wire) -> Iterator[None]:
    """Look at the gateway after each test."""
    yield
    served.gateway.settle()
