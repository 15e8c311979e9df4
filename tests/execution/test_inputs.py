# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Wrong values in inputs: all of them are told at once, each with its place, in GraphQL's words."""

import json
import re
from functools import cache
from typing import cast

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLNonNull,
    OperationDefinitionNode,
    Undefined,
    coerce_input_literal,
    coerce_input_value,
    parse,
    parse_value,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.execution.input_check import InputLiterals, faults_of_variables
from gateway.schema import SCHEMA

CREATE_EVENT = "mutation ($input: CreateEventInput!) { createEvent(input: $input) { userErrors { code } } }"
PYTHON = re.compile(r"None|True|False|Undefined|<|'[^']*'(?=[:,}\]])|\b(dict|datetime|NoneType|object at)\b")

EVENT = {
    "title": 5,
    "dateFrom": "yesterday",
    "dateTo": None,
    "applicationDeadline": 20260501,
    "isVisible": "true",
    "openingHours": [{"from": "09:00"}, None],
    "eventkey": "x",
}
EVENT_FAULTS = {
    "title": "must be a text (String), not 5",
    "dateFrom": "must be a date or an instant by ISO 8601, such as 2026-05-01 or 2026-05-01T09:00:00+00:00 "
    '(DateOrDateTime), not "yesterday"',
    "applicationDeadline": "must be a date or an instant by ISO 8601, such as 2026-05-01 or "
    "2026-05-01T09:00:00+00:00 (DateOrDateTime), not 20260501",
    "isVisible": 'must be true or false (Boolean), not "true"',
    "openingHours[1]": "must be non-null: JSON! is wanted",
    "eventkey": "is unknown: CreateEventInput has no such field",
}
CONTACT = {
    "rating": 2**31,
    "events": [{"eventKey": "a"}, {"eventKey": 7}, {}, {"id": "x", "databaseId": 1}, {"databaseId": None}, 5],
    "email": ["a@example.org"],
}
CONTACT_FAULTS = {
    "rating": "must be a whole number from -2147483648 to 2147483647 (Int), not 2147483648",
    "events[1].eventKey": "must be a text (String), not 7",
    "events[2]": "must have exactly one key, as any EventBy, not 0",
    "events[3]": "must have exactly one key, as any EventBy, not 2",
    "events[4].databaseId": "must be non-null: it is the one key of EventBy",
    "events[5]": "must be an object (EventBy), not 5",
    "email": 'must be a text (String), not ["a@example.org"]',
}


def literal(value):
    """Return a JSON value as GraphQL writes it."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {literal(member)}' for name, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value)


def told(answer):
    """Return the messages of an answer, sorted."""
    return sorted(error["message"] for error in answer["errors"])


@pytest.mark.parametrize(
    ("field", "kind", "value", "faults"),
    [
        ("createEvent", "CreateEventInput", EVENT, EVENT_FAULTS),
        ("createContact", "CreateContactInput", CONTACT, CONTACT_FAULTS),
    ],
)
async def test_all_faults_of_an_input_are_told_at_once(ask, field, kind, value, faults):
    """In a variable and in a literal alike, each with its place: as text and as `userErrors` have it."""
    sent = await ask.answer(
        f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ userErrors {{ code }} }} }}", input=value
    )
    written = await ask.answer(f"mutation {{ {field}(input: {literal(value)}) {{ userErrors {{ code }} }} }}")

    assert told(sent) == sorted(f"'$input.{path}' {fault}." for path, fault in faults.items())
    assert told(written) == sorted(f"'input.{path}' of '{field}' {fault}." for path, fault in faults.items())
    fields = sorted(["input", *re.findall(r"\w+", path)] for path in faults)
    for answer, code in ((sent, "BAD_USER_INPUT"), (written, "GRAPHQL_VALIDATION_FAILED")):
        assert sorted(error["extensions"]["field"] for error in answer["errors"]) == fields
        assert {error["extensions"]["code"] for error in answer["errors"]} == {code}
        assert "data" not in answer
    assert ask.sandbox.calls == []


@pytest.mark.parametrize(
    ("query", "variables", "messages"),
    [
        (
            "query ($a: Int!, $b: [EventOrder!], $c: [ID!]!) { events(first: $a, orderBy: $b) { totalCount } "
            "nodes(ids: $c) { id } }",
            {"b": {"field": "TITEL", "direction": None}, "c": ["x", None, {"a": True}]},
            [
                "'$a' is missing: Int! is wanted.",
                "'$b.direction' must be non-null: OrderDirection! is wanted.",
                "'$b.field' must be a value of the enum EventOrderField, not \"TITEL\".",
                "'$c[1]' must be non-null: ID! is wanted.",
                "'$c[2]' must be a text or a whole number (ID), not {a: true}.",
            ],
        ),
        (
            '{ events(first: 1.5, orderBy: {field: "TITLE", direction: UP}) { totalCount @skip(if: "no") } }',
            {},
            [
                "'first' of 'events' must be a whole number from -2147483648 to 2147483647 (Int), not 1.5.",
                "'if' of '@skip' must be true or false (Boolean), not \"no\".",
                "'orderBy.direction' of 'events' must be a value, without quotes, of the enum OrderDirection, "
                "not UP.",
                "'orderBy.field' of 'events' must be a value, without quotes, of the enum EventOrderField, "
                'not "TITLE".',
            ],
        ),
        (
            'query ($a: Int = "x", $b: [ID!]! = [1.5]) { events(first: $a) { totalCount } nodes(ids: $b) { id } }',
            {},
            [
                "The default of '$a' must be a whole number from -2147483648 to 2147483647 (Int), not \"x\".",
                "The default of '$b[0]' must be a text or a whole number (ID), not 1.5.",
            ],
        ),
        (
            "query ($a: Int) { ...F } fragment F on Query { event(by: {databaseId: $a}) { id } }",
            {"a": 1},
            ["'$a' must be declared non-null, Int!: it is the one key of EventBy!."],
        ),
        (
            "query ($a: Boolean = true) { ... { ... @skip(if: $a) { events { totalCount } } } }",
            {"a": None},
            ["'$a' must be non-null where it is used here: leave it out for its default."],
        ),
        (
            'query ($a: ID = "x") { node(id: $a) { id } }',
            {"a": None},
            ["'$a' must be non-null where it is used here: leave it out for its default."],
        ),
    ],
)
async def test_wherever_a_value_is_wrong(ask, query, variables, messages):
    """Enums, lists, defaults, directives, fragments, and null for a variable that has a default."""
    assert told(await ask.answer(query, **variables)) == messages
    assert ask.sandbox.calls == []


async def test_one_key_may_be_a_variable_of_a_fragment(ask):
    """Wherever the fragment stands."""
    query = "fragment F on Query { event(by: {databaseId: $a}) { title } } query ($a: Int!) { ...F }"
    assert await ask(query, a=1) == {"event": {"title": "Spring Fair 2026"}}


async def test_long_values_and_names_are_cut(ask):
    """A message stays one that a person reads."""
    answer = await ask.answer(CREATE_EVENT, input={"title": ["x" * 10_000], "y" * 10_000: 1})

    for error in answer["errors"]:
        assert len(error["message"]) < 400
        assert max(map(len, error["extensions"]["field"])) <= 101


@pytest.mark.parametrize("count", [100, 101])
async def test_so_many_faults_are_told_one_by_one(ask, count):
    """Of more, which nobody mends one by one, the first, and that there are more."""
    for answer in (
        await ask.answer(CREATE_EVENT, input={"title": "x", **{f"a{n}": 1 for n in range(count)}}),
        await ask.answer(
            'mutation { createEvent(input: {title: "x", %s}) { userErrors { code } } }'
            % ", ".join(f"a{n}: 1" for n in range(count))
        ),
    ):
        assert len(answer["errors"]) == (100 if count == 100 else 5)
        assert ("over 100 faults" in answer["errors"][-1]["message"]) == (count == 101)


async def test_faults_of_the_document_and_of_its_inputs_come_together(ask):
    """Five of the first kind, all of the second."""
    unknown = " ".join(f"unknown{n}" for n in range(9))
    numbers = " ".join(f'a{n}: events(first: "{n}") {{ totalCount }}' for n in range(9))
    answer = await ask.answer(f"{{ {unknown} {numbers} }}")

    assert sum("unknown" in error["message"] for error in answer["errors"]) == 5
    assert sum("'first' of 'events'" in error["message"] for error in answer["errors"]) == 9


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 2**31, -(2**31) - 1, 1.5, 60.0, 2**64]),
    st.sampled_from(
        ["", "x", "ASC", "TITLE", "2026-05-01", "2026-02-30", "2026-05-01T09:00:00Z", "1", 'a"b']
    ),
)
NAMES = st.sampled_from(
    ["id", "databaseId", "eventKey", "title", "dateFrom", "field", "direction", "nonsense"]
)
VALUES = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3)
)
ARGUMENTS = [
    (kind, field, argument, definition.type)
    for kind, root in (("query", SCHEMA._schema.query_type), ("mutation", SCHEMA._schema.mutation_type))
    for field, of in (root.fields.items() if root else ())
    for argument, definition in of.args.items()
    if not any(str(other.type).endswith("!") for name, other in of.args.items() if name != argument)
]


def later(wanted):
    """Return the same of a type that may hold itself, once it is drawn."""
    return st.deferred(lambda: like(wanted))


@cache
def like(wanted):
    """Return values that are nearly of a type: most of their fields are right."""
    if isinstance(wanted, GraphQLNonNull):
        return like(wanted.of_type)
    if isinstance(wanted, GraphQLEnumType):
        return VALUES | st.sampled_from([*wanted.values])
    if hasattr(wanted, "of_type"):
        return VALUES | st.lists(like(wanted.of_type), max_size=3)
    if hasattr(wanted, "fields"):
        fields = {name: later(field.type) for name, field in wanted.fields.items()}
        return VALUES | st.fixed_dictionaries({}, optional=fields)
    return VALUES


@st.composite
def asked(draw):
    """Return a root field with one argument, the argument's type, and a value for it."""
    kind, field, argument, wanted = draw(st.sampled_from(ARGUMENTS))
    return kind, field, argument, wanted, draw(like(wanted))


@given(asked())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_graphql_refuses_is_told_without_a_word_of_python(ask, asked):
    """Any wrong value of any argument: with its place, and before PlanDocket is asked."""
    kind, field, name, wanted, value = asked
    answers = []
    if coerce_input_value(value, wanted) is Undefined:
        query = f"{kind} ($v: {wanted}) {{ {field}({name}: $v) {{ __typename }} }}"
        answers.append(("BAD_USER_INPUT", "v", await ask.answer(query, v=value)))
    if coerce_input_literal(parse_value(literal(value)), wanted) is Undefined:
        query = f"{kind} {{ {field}({name}: {literal(value)}) {{ __typename }} }}"
        answers.append(("GRAPHQL_VALIDATION_FAILED", name, await ask.answer(query)))

    for code, first, answer in answers:
        assert "data" not in answer
        for error in answer["errors"]:
            assert error["extensions"]["code"] == code
            assert error["extensions"]["field"][0] == first
            assert not PYTHON.search(error["message"]), error["message"]
    assert ask.sandbox.calls == []


@given(asked())
@settings(max_examples=300, deadline=None)
def test_no_fault_is_found_in_what_graphql_takes(asked):
    """Neither in a variable nor in a literal."""
    kind, field, name, wanted, value = asked
    if coerce_input_value(value, wanted) is not Undefined:
        document = parse(f"{kind} ($v: {wanted}) {{ {field}({name}: $v) }}")
        operation = cast(OperationDefinitionNode, document.definitions[0])
        assert faults_of_variables(SCHEMA._schema, operation, {"v": value}, suggests=True) == []
    if coerce_input_literal(parse_value(literal(value)), wanted) is not Undefined:
        document = parse(f"{kind} {{ {field}({name}: {literal(value)}) }}")
        assert validate(SCHEMA._schema, document, [InputLiterals]) == []
