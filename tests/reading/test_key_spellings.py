# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Keys are compared whatever Unicode normal form they are in, and sent as they are given."""

from dataclasses import replace
from typing import Any
from unicodedata import normalize

import httpx
import pytest
from asking import Time
from odd import Odd, only
from writing.mutations import answer_to, refusals, sent, told

from gateway.sandbox import Dialect, Sandbox

KEY = "Müller-7"
FORMS = {form: normalize(form, KEY) for form in ("NFC", "NFD")}
assert FORMS["NFC"] != FORMS["NFD"]


COLUMNS = {"events": "event_key", "contacts": "customer_number", "categories": "category_key"}


def sandbox_with(held, **dialect) -> Any:
    """Return a sandbox in which one event, contact and category have the key, in one form."""
    box: Any = Sandbox(Dialect(**dialect))
    for path, column in COLUMNS.items():
        table = box.tables.of(path)
        third = next(row for row in table if row.id == 3)
        table.put(replace(third, **{column: held}))
    return box


@pytest.fixture(params=["NFC", "NFD"])
def held(request):
    """Take the form in which PlanDocket has the key."""
    return FORMS[request.param]


@pytest.fixture(params=["NFC", "NFD"])
def asked(request):
    """Take the form in which it is asked for."""
    return FORMS[request.param]


LOOK_UPS = {"event": "eventKey", "contact": "customerNumber", "category": "categoryKey"}


@pytest.mark.parametrize("search", ["all", "names"])
@pytest.mark.parametrize("field", LOOK_UPS)
async def test_a_row_is_found(gateway, field, held, asked, search):
    """By a search, in the whole list, and again in what is kept."""
    ask = gateway(sandbox_with(held, search=search), mirror="on", time=Time(), max_calls=100)
    query = "query ($key: String!) { %s(by: {%s: $key}) { databaseId %s } }" % (
        field,
        LOOK_UPS[field],
        LOOK_UPS[field],
    )
    found = await ask(query, key=asked)
    assert found == {field: {"databaseId": 3, LOOK_UPS[field]: held}}
    assert await ask(query, key=asked) == found
    assert ask.calls == []
    assert await ask(query, key=held) == found


async def test_several_are_found(gateway, held):
    """In both forms at once."""
    ask = gateway(sandbox_with(held))
    query = """query ($one: String!, $other: String!) {
      a: event(by: {eventKey: $one}) { databaseId } b: event(by: {eventKey: $other}) { databaseId } }"""

    assert await ask(query, one=FORMS["NFC"], other=FORMS["NFD"]) == {
        "a": {"databaseId": 3},
        "b": {"databaseId": 3},
    }


async def test_a_category_leads_to_its_events(gateway, held, asked):
    """Though its list of keys has another form than the event itself."""
    sandbox = sandbox_with(held)
    ask = gateway(sandbox, transport=Odd(sandbox, only("categories", 8, event_keys=[asked])))
    data = await ask("{ category(by: {databaseId: 8}) { events { databaseId } } }")

    assert data == {"category": {"events": [{"databaseId": 3}]}}


async def test_a_filter_of_the_same_key_contradicts_nothing(gateway, held, asked):
    """An event's participants, filtered by its own key, are all of them."""
    ask = gateway(sandbox_with(held))
    query = """query ($key: String) { event(by: {databaseId: 3}) {
      all: participants { totalCount } own: participants(filter: {eventKey: $key}) { totalCount } } }"""
    event = (await ask(query, key=asked))["event"]

    assert event["own"] == event["all"]
    assert event["all"]["totalCount"] > 0


async def test_what_is_sent_stays_as_it_is_given(gateway, asked):
    """PlanDocket may tell the forms apart."""
    ask = gateway(Sandbox())
    await answer_to(ask, "createEvent", {"title": "New", "eventKey": asked})
    assert sent(ask).body["event_key"] == asked

    await ask("query ($key: String) { participants(filter: {eventKey: $key}) { totalCount } }", key=asked)
    assert dict(ask.sandbox.requests[-1].query)["event_key"] == asked


async def test_a_key_that_is_taken_is_told_in_any_form(gateway, held, asked):
    """Where PlanDocket compares keys as databases do, and refuses this one."""
    sandbox = sandbox_with(held)
    body = {"error": "Validation failed", "errors": {"event_key": ["Already taken."]}}

    class Refusing(httpx.AsyncBaseTransport):
        rest = httpx.ASGITransport(sandbox.app)

        async def handle_async_request(self, request):
            if request.method == "POST":
                return httpx.Response(422, json=body)
            return await self.rest.handle_async_request(request)

    ask = gateway(sandbox, transport=Refusing())
    errors = await refusals(ask, "createEvent", {"title": "New", "eventKey": asked})
    assert told(errors) == [("CONFLICT", "eventKey")]
