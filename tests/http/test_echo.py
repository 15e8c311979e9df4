# pyright: basic
"""A caller's text is told back in a hundred characters at most, in messages and in the log."""

import json
from itertools import product
from urllib.parse import quote

import pytest
from asking import in_turn

LONG = 4_000
UNITS = {"a name": "Name", "words": "a few words ", "quoted": "it's \\\" so ", "beyond ASCII": "größe 😀 "}
NAME = "Name" * (LONG // 4)
MOST = 100

NAMES = {
    "a field": "{ %s }",
    "a field of an object": "{ events { nodes { %s } } }",
    "an alias": "{ %s: nothing }",
    "an argument": "{ events(%s: 1) { totalCount } }",
    "an argument's alias": "{ %s: events(first: true) { totalCount } }",
    "two of one alias": "{ %s: events { totalCount } %s: contacts { totalCount } }",
    "a variable": "query ($%s: Int) { __typename }",
    "a variable twice": "query ($%s: Int, $%s: Int) { events(first: $%s) { totalCount } }",
    "a variable that is missing": "query ($%s: Int!) { events(first: $%s) { totalCount } }",
    "a variable of another type": "query ($%s: String) { events(first: $%s) { totalCount } }",
    "a variable not declared": "{ events(first: $%s) { totalCount } }",
    "a type": "query ($a: %s) { events(first: $a) { totalCount } }",
    "a fragment": "{ ...%s }",
    "a fragment unused": "{ __typename } fragment %s on Query { __typename }",
    "a fragment twice": "{ ...%s } fragment %s on Query { __typename } fragment %s on Query { __typename }",
    "a fragment in itself": "{ ...%s } fragment %s on Query { ...%s }",
    "a fragment's type": "{ ... on %s { id } }",
    "a directive": "{ __typename @%s }",
    "a directive's argument": "{ __typename @skip(%s: true) }",
    "an operation": "query %s { nothing }",
    "an operation twice": "query %s { __typename } query %s { __typename }",
    "an enum's value": "{ events(orderBy: {field: %s}) { totalCount } }",
    "an enum's value for a number": "{ events(first: %s) { totalCount } }",
    "an input's field": "{ events(filter: {%s: 1}) { totalCount } }",
    "a mutation's field": 'mutation { createContact(input: {%s: "x"}) { userErrors { message } } }',
    "a word of the grammar": "%s { __typename }",
    "a subscription": "subscription { %s }",
    "a definition": "type %s { id: ID }",
}
TEXTS = {
    "a number": '{ events(first: "%s") { totalCount } }',
    "a cursor": '{ events(after: "%s") { totalCount } }',
    "an id": '{ node(id: "%s") { id } }',
    "ids": '{ nodes(ids: ["%s"]) { id } }',
    "a key": '{ event(by: {eventKey: "%s"}) { title } }',
    "a filter": '{ participants(filter: {eventKey: "%s"}) { totalCount } }',
    "a search": '{ contacts(filter: {search: "%s"}) { totalCount } }',
    "a moment": 'mutation { createEvent(input: {title: "x", dateFrom: "%s"}) { userErrors { message path } } }',
    "an id to write": 'mutation { deleteContact(contact: {id: "%s"}) { userErrors { message path } } }',
    "a key to write": 'mutation { deleteEvent(event: {eventKey: "%s"}) { userErrors { message path } } }',
    "what is written": 'mutation { createContact(input: {rating: "%s", country: "%s"}) { userErrors { message } } }',
    "a type's name": '{ __type(name: "%s") { name } }',
    "a list": '{ events(first: ["%s"]) { totalCount } }',
    "an object": '{ events(first: {a: "%s"}) { totalCount } }',
    "in the wrong place": '"%s" { __typename }',
    "where a name should be": '{ events { "%s" } }',
    "a block": '{ events(first: """%s""") { totalCount } }',
    "a comment": "{ #%s\n nothing }",
}


VARIABLES = {
    "a number": ("query ($v: Int) { events(first: $v) { totalCount } }", lambda text: text),
    "an id": ("query ($v: ID!) { node(id: $v) { id } }", lambda text: text),
    "a list": ("query ($v: Int) { events(first: $v) { totalCount } }", lambda text: [text]),
    "an object": ("query ($v: Int) { events(first: $v) { totalCount } }", lambda text: {text: 1}),
    "a name of an input": (
        "mutation ($v: CreateContactInput!) { createContact(input: $v) { userErrors { message path } } }",
        lambda text: {text: 1, "rating": {text: text}},
    ),
    "a moment": (
        "mutation ($v: CreateEventInput!) { createEvent(input: $v) { userErrors { message path } } }",
        lambda text: {"title": "x", "dateFrom": text, "isVisible": text},
    ),
    "a name": ("{ __typename }", lambda text: {text: text}),
    "a missing one": ("query ($a: Int!) { events(first: $a) { totalCount } }", lambda text: text),
}


def texts(value):
    """Return all texts of an answer, but for what the response's shape owes the caller: names and paths of fields."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    if isinstance(value, dict):
        return [text for name, one in value.items() if name not in ("path", "data") for text in texts(one)]
    return []


def longest_echo(sent, told):
    """Return how many characters in a row of a told text are a caller's, at most."""
    found = 0
    for start in range(len(told)):
        while told[start : start + found + 1] in sent and start + found < len(told):
            found += 1
    return found


def assert_cut(sent, answer, caplog):
    """Fail where anything that was told holds more of what was sent than it may."""
    told = [*texts(answer), *(record.getMessage() for record in caplog.records)]
    told += [str(vars(record).get("told")) for record in caplog.records]
    worst = max(told, key=lambda one: longest_echo(sent, one))
    assert longest_echo(sent, worst) <= MOST + 1, worst


@pytest.fixture
def logged(caplog):
    """Look at the gateway's own lines: what hears them may log what it is sent."""
    caplog.set_level("CRITICAL", "asyncio")
    return caplog


@pytest.mark.parametrize("document", NAMES.values(), ids=NAMES.keys())
async def test_names_of_a_document(gateway, logged, document):
    """However long they are, and wherever they stand."""
    answer = await gateway().answer(document.replace("%s", NAME))
    assert answer["errors"]
    assert_cut(NAME, answer, logged)


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
@pytest.mark.parametrize("document", TEXTS.values(), ids=TEXTS.keys())
async def test_texts_of_a_document(gateway, logged, document, unit):
    """Also such as hold spaces and quotes."""
    text = unit * (LONG // len(unit))
    answer = await gateway().answer(document.replace("%s", text))
    answer["data"] = dict.fromkeys(answer.get("data") or ())
    assert_cut(text + text.replace("\\", ""), answer, logged)
    assert len(json.dumps(answer.get("errors"))) < 2_500


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
@pytest.mark.parametrize(("document", "value"), VARIABLES.values(), ids=VARIABLES.keys())
async def test_texts_of_variables(gateway, logged, document, value, unit):
    """Their values, and the names in them."""
    text = unit * (LONG // len(unit))
    answer = await gateway().answer(document, v=value(text))
    answer["data"] = dict.fromkeys(answer.get("data") or ())
    assert_cut(text, answer, logged)


REQUESTS = {
    "the address": lambda text: {"url": f"/{quote(text)}"},
    "a parameter": lambda text: {"url": f"/graphql?{quote(text)}=1&{quote(text)}=2"},
    "what a parameter holds": lambda text: {"url": f"/graphql?query={quote(text)}&variables={quote(text)}"},
    "the method": lambda text: {"method": text.replace(" ", "")},
    "a type": lambda text: {"headers": {"Content-Type": text}},
    "what is accepted": lambda text: {"headers": {"Accept": text}},
    "a coding": lambda text: {"headers": {"Content-Encoding": text}, "content": b"x"},
    "a name of the request's": lambda text: {"headers": {"X-Request-Id": text}},
    "a token": lambda text: {"headers": {"Authorization": text}},
    "a key": lambda text: {"headers": {"X-API-Key": text}},
    "a page that asks": lambda text: {"headers": {"Origin": text}},
    "a host": lambda text: {"headers": {"Host": text}},
    "a client": lambda text: {"headers": {"apollographql-client-name": text}},
    "names given twice": lambda text: {"content": json.dumps({text: 1})[:-1] + json.dumps({text: 1})[1:]},
    "an operation's name": lambda text: {"json": {"query": "{ __typename }", "operationName": text}},
    "a document's name": lambda text: {"json": {"documentId": text}},
    "a hash": lambda text: {"json": {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": text}}}},
    "another kind": lambda text: {"json": {"query": [text]}},
}


@pytest.mark.parametrize(
    ("name", "unit", "settings"),
    in_turn(product(REQUESTS, ["a name", "words"]), [{}, {"api_key": None}, {"documents": "prefer"}]),
)
async def test_texts_of_a_request(gateway, logged, name, unit, settings):
    """Beside the operation, too: the address and the headers."""
    request_of, unit = REQUESTS[name], UNITS[unit]
    text = unit * (LONG // len(unit))
    given = {"method": "POST", "url": "/graphql", "json": {"query": "{ __typename }"}, **request_of(text)}
    if "content" in given:
        del given["json"]
        given["headers"] = {"Content-Type": "application/json", **given.get("headers", {})}
    response = await gateway(**settings).http.request(**given)
    assert_cut(text, [response.text, *response.headers.values()], logged)
