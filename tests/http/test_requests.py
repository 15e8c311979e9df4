"""What is no GraphQL-over-HTTP request, and what it is told."""

# pyright: basic
import gzip
import json
import tracemalloc

import pytest
from asking import Ask
from starlette.requests import Request

from gateway.http.graphql.request import read
from gateway.http.refusal import RequestError

QUERY = "{ category(by: {databaseId: 1}) { title } }"
DATA = {"data": {"category": {"title": "Crafts"}}}
JSON = {"Content-Type": "application/json"}
UNFORGEABLE = {"X-Requested-With": "a test"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (json.dumps({"query": QUERY}).encode("utf-16"), "UTF-8"),
        (b"\xef\xbb\xbf" + json.dumps({"query": QUERY}).encode(), "UTF-8"),
        (b'{"query": "\xff"}', "UTF-8"),
        (b'{"query": "\\ud800"}', "JSON"),
        (b'{"query": "{ a }", "variables": {"x": NaN}}', "JSON"),
        (b'{"query": "{ a }", "variables": {"x": Infinity}}', "JSON"),
        (b'{"query": "{ a }", "variables": {"x": 1e999}}', "JSON"),
        (b'{"query": "{ a }", "variables": {"x": ' + b"9" * 10_000 + b"}}", "JSON"),
        (b'{"query": "{ a }", "variables": ' + b'{"x":' * 7_000 + b"1" + b"}" * 7_001, "JSON"),
        (b'{"query": "{ a }", "variables": ' + b'{"x":' * 101 + b"1" + b"}" * 102, "nested"),
        (b'{"query": "{ a }"} {}', "JSON"),
        (b"[]", "Batches"),
        (b"[1]", "Batches"),
        (b"[" + b",".join([b'{"query": "{ a }"}'] * 101) + b"]", "Batches"),
        (b'{"query": "{ a }", "query": "{ b }"}', "'query' is there twice"),
        (b'{"query": "{ a }", "variables": {"id": 1, "id" : 2}}', "'id' is there twice"),
        (b'{"query": "{ a }", "variables": {"x": [{"id": 1, "i\\u0064": 2}]}}', "'id' is there twice"),
        (b'{"query": "{ a }", "documentId": 7}', "'documentId' must be a text"),
        (b'{"query": "{ a }", "extensions": {"persistedQuery": 1}}', "'persistedQuery'"),
        (
            b'{"query": "{ a }", "extensions": {"persistedQuery": {"version": 2, "sha256Hash": "x"}}}',
            "version",
        ),
        (
            b'{"query": "{ a }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}}',
            "sha256Hash",
        ),
        (b'{"documentId": ""}', "'query' is missing"),
    ],
)
async def test_a_body_that_is_no_request_is_told_what_is_wrong(ask: Ask, body: bytes, told: str) -> None:
    """400 in JSON; nothing is asked of PlanDocket."""
    response = await ask.http.post("/graphql", content=body, headers=JSON)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert told in error["message"]
    assert ask.sandbox.calls == []


@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize("media_type", ["application/json", "application/graphql-response+json"])
async def test_a_batch_is_refused_as_batching_links_show_it(ask: Ask, count: int, media_type: str) -> None:
    """They show the errors of a list as long as what they sent, and of the older media type only with 200."""
    response = await ask.http.post(
        "/graphql", json=[{"query": QUERY}] * count, headers={"Accept": media_type}
    )
    assert response.status_code == (200 if media_type == "application/json" else 400)
    answers = response.json()
    assert len(answers) == count
    for answer in answers:
        [error] = answer["errors"]
        assert error["extensions"] == {"code": "BAD_REQUEST"}
        assert "HttpLink in place of BatchHttpLink" in error["message"]
    assert ask.sandbox.calls == []


@pytest.mark.parametrize(
    "body",
    [
        {"query": QUERY, "variables": {"a": '"b": "c":', "d": [{"e": {"f": '\\"g\\":'}}]}},
        {"query": f'# "a": "b": \n{QUERY}'},
        {"query": QUERY, "operationName": "", "variables": None, "extensions": None, "nonsense": 1},
        {"query": QUERY, "extensions": {"some": "value", "persistedQuery": None}},
    ],
)
async def test_a_body_that_only_looks_odd_is_answered(ask: Ask, body: dict) -> None:
    """Colons in texts are no names, and what is unknown or null is as if it were not there."""
    response = await ask.http.post("/graphql", json=body)
    assert response.json() == DATA


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/json, text/plain",
        "text/plain; application/json",
        "application/json/x",
        "application/graphql",
        "multipart/form-data; boundary=x",
        ";" * 10_000,
    ],
)
async def test_only_json_in_utf_8_is_taken(ask: Ask, kind: str) -> None:
    """Else 415 that says what to send."""
    content = json.dumps({"query": QUERY})
    response = await ask.http.post("/graphql", content=content, headers={"Content-Type": kind})
    assert response.status_code == 415
    assert "application/json" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "kind", ["application/json;charset=UTF-8", 'Application/JSON; Charset="utf-8"', "application/json; x=y"]
)
async def test_parameters_of_the_content_type_are_understood(ask: Ask, kind: str) -> None:
    """Quoted or not, in any case."""
    content = json.dumps({"query": QUERY})
    response = await ask.http.post("/graphql", content=content, headers={"Content-Type": kind})
    assert response.json() == DATA


async def test_a_compressed_body_is_refused(ask: Ask) -> None:
    """415 that says so, instead of a complaint about JSON."""
    content = gzip.compress(json.dumps({"query": QUERY}).encode())
    response = await ask.http.post("/graphql", content=content, headers={**JSON, "Content-Encoding": "gzip"})
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("query=%7Ba%7D&query=%7Bb%7D", "'query' is there twice"),
        ("query=%ff", "UTF-8"),
        ("query=%7Ba%7D&variables=5", "'variables' must be an object"),
        ("query=%7Ba%7D&variables=nonsense", "'variables' is not JSON"),
        ("query=%7Ba%7D&extensions=%5B%5D", "'extensions' must be an object"),
        ("query=%7Ba%7D&" + "&".join(f"p{number}=x" for number in range(100)), "parameters"),
        ("query=", "'query' is missing"),
        ("", "'query' is missing"),
    ],
)
async def test_an_address_that_is_no_request_is_told_what_is_wrong(ask: Ask, query: str, told: str) -> None:
    """400 in JSON, like a body."""
    response = await ask.http.get(f"/graphql?{query}", headers=UNFORGEABLE)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert told in error["message"]


async def test_a_get_changes_nothing(ask: Ask) -> None:
    """405 that says how a mutation is sent."""
    response = await ask.http.get(
        "/graphql", params={"query": "mutation { __typename }"}, headers=UNFORGEABLE
    )
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert "send this mutation by POST" in error["message"]


async def test_an_operation_that_is_not_there_is_told_by_its_name(ask: Ask) -> None:
    """Which is the client's, and may be long."""
    body = {"query": "query A { __typename }", "operationName": "B" * 900}
    [error] = (await ask.http.post("/graphql", json=body)).json()["errors"]
    assert "'" + "B" * 100 + "…'" in error["message"]
    assert "'operationName'" in error["message"]


async def test_head_is_get_without_its_body(ask: Ask) -> None:
    """With the same status and headers."""
    headers = {**UNFORGEABLE, "X-Request-Id": "the-same"}
    for params in ({"query": QUERY}, {"query": "{"}, {}):
        got = await ask.http.get("/graphql", params=params, headers=headers)
        head = await ask.http.head("/graphql", params=params, headers=headers)
        assert (head.status_code, head.headers) == (got.status_code, got.headers)


async def test_options_tells_the_methods(ask: Ask) -> None:
    """In `Allow`, with no body."""
    response = await ask.http.options("/graphql")
    assert (response.status_code, response.content) == (204, b"")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


async def test_a_told_length_is_refused_before_the_body_is_read() -> None:
    """Nothing of it is asked for, and the connection ends."""

    async def receive():
        raise AssertionError("the body was read")

    headers = [(b"content-type", b"application/json"), (b"content-length", b"20000000")]
    http = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with pytest.raises(RequestError) as caught:
        await read(http, 8_000)
    assert (caught.value.status, caught.value.headers) == (413, {"Connection": "close"})


MANY = {
    "empty lists": lambda count: [[]] * count,
    "empty objects": lambda count: [{}] * count,
    "lists below each other": lambda count: [[[1]]] * (count // 3),
    "objects": lambda count: [{"a": 1}] * (count // 2),
    "numbers": lambda count: [1] * count,
    "texts": lambda count: ['a "text", [with] {all} \\ of it'] * count,
}
PAGE = "query ($ids: [ID!]) { __typename }"


@pytest.mark.parametrize("make", MANY.values(), ids=MANY.keys())
async def test_variables_have_as_many_values_as_a_document_tokens(gateway, make):
    """Each member of a list or an object is one, an empty one too; and of texts it does not matter what they hold."""
    ask = gateway(max_tokens=300)
    most, more = await ask.answer(PAGE, ids=make(297)), await ask.answer(PAGE, ids=make(330))

    assert "OPERATION_TOO_COMPLEX" not in str(most)
    assert more["errors"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert "300 values" in more["errors"][0]["message"]


@pytest.mark.parametrize("unit", [b"[]", b"{}", b"1", b'""', b"[[[[]]]]", b'{"":1}'])
async def test_values_are_counted_before_anything_reads_them(gateway, unit):
    """0.9 MB of small lists took 60 MB, and a walk in Python over all of them."""
    ask = gateway()
    members = b",".join([unit] * (900_000 // (len(unit) + 1)))
    body = b'{"query":"{ __typename }","variables":{"v":[%b]}}' % members
    await ask("{ __typename }")
    tracemalloc.start()
    try:
        response = await ask.http.post("/graphql", content=body, headers={"Content-Type": "application/json"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert response.json()["errors"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert peak < 5 * len(body)


async def test_values_in_an_address_count_alike(gateway):
    """Though it holds few."""
    given = {"query": PAGE, "variables": json.dumps({"ids": ["x"] * 400})}
    response = await gateway(max_tokens=300).http.get(
        "/graphql", params=given, headers={"Authorization": "Bearer x"}
    )
    assert response.json()["errors"][0]["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
