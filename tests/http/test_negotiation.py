"""Which media type an answer is in, and when none will do."""

import pytest
from asking import Ask

QUERY = "{ category(by: {databaseId: 1}) { title } }"
OLD = "application/json"
NEW = "application/graphql-response+json"


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ("", OLD),
        ("*/*", OLD),
        ("application/*", OLD),
        (OLD, OLD),
        (NEW, NEW),
        ("APPLICATION/GraphQL-Response+JSON", NEW),
        (f"{NEW}; charset=utf-8, {OLD}; charset=utf-8", NEW),
        (f"{OLD}, {NEW}", NEW),
        (f"{NEW}, {OLD};q=0.9", NEW),
        (f"{NEW};q=0.5, {OLD};q=0.9", OLD),
        (f"{NEW};q=0, */*", OLD),
        (f"{OLD};q=0, */*;q=0.1", NEW),
        (f"{NEW}, */*", NEW),
        (f"{OLD}, */*", OLD),
        (f"text/html, {NEW};q=0.2, */*;q=0.1", NEW),
        (f"{NEW};q=much, {OLD}", OLD),
        (f"{OLD}, multipart/mixed", OLD),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", OLD),
    ],
)
async def test_the_best_liked_type_is_answered(ask: Ask, accept: str, answer: str) -> None:
    """By weight, then by the more exact range; what names neither gets what every client reads."""
    response = await ask.http.post("/graphql", json={"query": QUERY}, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == answer


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain",
        "application/jsonfoo",
        f"{OLD};q=0",
        "*/*;q=0",
        f"{OLD};q=0, {NEW};q=0.0, */*",
        "nonsense",
    ],
)
async def test_where_neither_will_do_nothing_runs(ask: Ask, accept: str) -> None:
    """406 in JSON that names both types, before anything is asked of PlanDocket."""
    response = await ask.http.post("/graphql", json={"query": QUERY}, headers={"Accept": accept})
    assert response.status_code == 406
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "NOT_ACCEPTABLE"
    assert OLD in error["message"]
    assert NEW in error["message"]
    assert ask.sandbox.calls == []


async def test_several_accept_headers_are_one(ask: Ask) -> None:
    """As RFC 9110 has it for lists."""
    headers = [("Accept", "text/plain"), ("Accept", NEW)]
    response = await ask.http.post("/graphql", json={"query": QUERY}, headers=headers)
    assert response.headers["content-type"] == f"{NEW}; charset=utf-8"


@pytest.mark.parametrize(
    "query",
    ["{ categories {", "{ nonsense }", "query ($first: Int!) { events(first: $first) { totalCount } }"],
)
async def test_only_the_newer_type_tells_by_its_status(ask: Ask, query: str) -> None:
    """400 without data on parse, validation and variable errors; the older one answers 200 to them."""
    for accept, status in ((NEW, 400), (OLD, 200)):
        response = await ask.http.post("/graphql", json={"query": query}, headers={"Accept": accept})
        assert response.status_code == status
        assert list(response.json()) == ["errors"]


async def test_a_refusal_comes_in_the_type_that_is_wanted(ask: Ask) -> None:
    """It is a GraphQL response too."""
    response = await ask.http.post("/graphql", json={}, headers={"Accept": NEW})
    assert response.status_code == 400
    assert response.headers["content-type"] == f"{NEW}; charset=utf-8"


@pytest.mark.parametrize("accept", ["*/*", OLD, f"{OLD}, text/html;q=0.5", "text/html;q=0, */*"])
async def test_nobody_gets_the_page_who_did_not_ask_for_it(ask: Ask, accept: str) -> None:
    """A client that forgot its query is told so."""
    response = await ask.http.get("/graphql", headers={"Accept": accept})
    assert response.status_code == 400
    assert "query" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("name", ["query", "documentId", "extensions"])
async def test_an_operation_is_answered_though_a_page_is_asked_for(ask: Ask, name: str) -> None:
    """An address with an operation in it is that operation's."""
    params = {name: '{"persistedQuery": {"version": 1, "sha256Hash": "x"}}'}
    response = await ask.http.get("/graphql", params=params, headers={"Accept": "text/html, */*;q=0.8"})
    assert response.headers["content-type"] == OLD
