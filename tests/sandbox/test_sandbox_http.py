# pyright: basic
"""Keys, scopes, errors, the rate limit, and what the sandbox remembers."""

import pytest

from gateway.sandbox import ALL_SCOPES, SANDBOX_KEY


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {SANDBOX_KEY}"}, {"X-API-Key": SANDBOX_KEY}])
async def test_a_key_may_come_in_either_header(open_box, headers):
    """Bearer and X-API-Key are both documented."""
    assert (await open_box(headers=headers).get("events")).status_code == 200


async def test_a_key_may_come_in_the_query(open_box):
    """`?api_key=` is documented, though discouraged."""
    assert (await open_box(headers={}).get("events", params={"api_key": SANDBOX_KEY})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"X-API-Key": "wrong"}, {"Authorization": "Basic eDp5"}],
)
async def test_no_key_or_a_wrong_one_is_401(open_box, headers):
    """Without a known key nothing is answered, not even whether a path exists."""
    answer = await open_box(headers=headers).get("nonsense")
    assert answer.status_code == 401
    assert list(answer.json()) == ["error"]


async def test_of_several_keys_the_bearer_counts(open_box):
    """A wrong bearer is not made good by a right header."""
    headers = {"Authorization": "Bearer wrong", "X-API-Key": SANDBOX_KEY}
    assert (await open_box(headers=headers).get("events")).status_code == 401


@pytest.mark.parametrize("resource", sorted(ALL_SCOPES))
async def test_a_missing_scope_is_403(open_box, resource):
    """Each path needs the scope of its name, and only that."""
    box = open_box(keys={SANDBOX_KEY: ALL_SCOPES - {resource}})
    answers = {name: (await box.get(name)).status_code for name in ALL_SCOPES}
    assert answers == {name: 403 if name == resource else 200 for name in ALL_SCOPES}


@pytest.mark.parametrize(
    "path",
    ["participants/9999", "participants/x", "participants/-1", "participants/", "invoices", "events/1/x"],
)
async def test_what_is_not_there_is_404(box, path):
    """Unknown rows, ids that are no integers and unknown paths have the documented body."""
    answer = await box.get(path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "Resource not found"}


async def test_a_path_outside_the_version_is_404(box):
    """Only /api/v1 is served."""
    assert (await box.get("http://box/api/v2/events")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "events", "GET, POST"),
        ("POST", "events/1", "GET, PUT, PATCH, DELETE"),
        ("HEAD", "events", "GET, POST"),
    ],
)
async def test_an_undocumented_method_is_405(box, method, path, allow):
    """The Allow header names the documented ones."""
    answer = await box.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[]", b'"x"', b'{"title": NaN}', b'{"title": "\\ud800"}']
)
async def test_a_body_that_is_no_json_object_is_400(box, body):
    """Broken JSON, other JSON, and JSON that could not be written back."""
    answer = await box.post("events", content=body)
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]


async def test_every_answer_has_a_request_id_of_its_own(box):
    """`meta.request_id` counts the requests."""
    ids = [(await box.get(path)).json()["meta"]["request_id"] for path in ("events", "events/1")]
    assert ids == ["req_000001", "req_000002"]


async def test_the_request_beyond_the_limit_is_429(open_box):
    """With the documented body, and no header that would tell when to come back."""
    box = open_box(per_hour=2)
    assert [(await box.get("events/1")).status_code for _ in range(3)] == [200, 200, 429]
    answer = await box.get("events/1")
    assert answer.json() == {"error": "Rate limit exceeded"}
    assert set(answer.headers) == {"content-length", "content-type"}


async def test_the_hour_slides(open_box, clock):
    """A request is free again sixty minutes after the one it waits for, not at the full hour."""
    box = open_box(per_hour=2)
    await box.get("events/1")
    clock.seconds += 1800
    await box.get("events/1")
    clock.seconds += 1799
    assert (await box.get("events/1")).status_code == 429
    clock.seconds += 1
    assert [(await box.get("events/1")).status_code for _ in range(2)] == [200, 429]


async def test_failed_requests_count_against_the_limit(open_box):
    """A 404 spends a call too."""
    box = open_box(per_hour=1)
    assert [(await box.get("events/99")).status_code for _ in range(2)] == [404, 429]


async def test_each_key_has_its_own_hour(open_box):
    """One key's requests do not use up another's."""
    box = open_box(per_hour=1, keys={"a": ALL_SCOPES, "b": ALL_SCOPES}, headers={})
    codes = [(await box.get("events/1", headers={"X-API-Key": key})).status_code for key in "aabb"]
    assert codes == [200, 429, 200, 429]


async def test_a_call_is_one_line(box):
    """Parameters by name, includes as one sorted list, no first page, no size of a page."""
    await box.get("participants?include=event,contact&event_key=spring-fair-2026&page=1&per_page=50")
    await box.get("participants?page=2&confirmed=1")
    await box.get("events/1")
    assert box.sandbox.calls == [
        "GET participants?event_key=spring-fair-2026&include=contact,event",
        "GET participants?confirmed=1&page=2",
        "GET events/1",
    ]


@pytest.mark.parametrize(
    ("include", "query"),
    [
        ("comma", "include=event,contact"),
        ("repeated", "include=event&include=contact"),
        ("brackets", "include[]=event&include[]=contact"),
    ],
)
async def test_a_call_reads_the_same_in_every_dialect(open_box, include, query):
    """Names of parameters and the way of includes do not show."""
    box = open_box(include=include, page_param="p", per_page_param="n")
    await box.get(f"participants?{query}&p=3&n=10")
    assert box.sandbox.calls == ["GET participants?include=contact,event&page=3"]


async def test_refused_requests_are_remembered(open_box):
    """With their status, and whoever sent them."""
    box = open_box(headers={})
    await box.get("events/1")
    assert [(r.method, r.path, r.status) for r in box.sandbox.requests] == [("GET", "events/1", 401)]
    assert box.sandbox.count == 1


async def test_a_body_is_remembered(box):
    """As parsed JSON; None where it is not JSON."""
    await box.patch("participants/1", json={"is_confirmed": True})
    await box.post("events", content=b"[1]")
    await box.post("events", content=b"{")
    assert [r.body for r in box.sandbox.requests] == [{"is_confirmed": True}, [1], None]


async def test_a_key_is_never_remembered(open_box):
    """Not even one that came in the query."""
    box = open_box(headers={})
    await box.get("events", params={"api_key": SANDBOX_KEY, "search": "fair"})
    assert SANDBOX_KEY not in repr(box.sandbox.requests)
    assert box.sandbox.requests[0].query == (("search", "fair"),)
