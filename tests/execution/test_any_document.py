# pyright: basic
"""No document and no variables, whatever they hold, end as an internal error: Hypothesis writes them by the schema.

GATEWAY_FUZZ_EXAMPLES says how many are tried; without it few, for a quick run.
"""

import json
import os
from base64 import b64encode

import pytest
from asking import Ask, Gateway
from graphql import (
    NameNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableNode,
    Visitor,
    parse_value,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from gateway.schema import SCHEMA

GRAPH = SCHEMA._schema
ANY_SIZE = {"max_depth": 50, "max_fields": 10_000, "max_rows": 1_000_000}
MOMENTS = (
    *("2027-03-19", "2027-03-19T09:00:00Z", "2027-02-30", "1704067200", "nonsense", "", "\u0662027-03-19"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2027-W11-5"),
)

IDS = [b64encode(f"{kind}:1".encode()).decode() for kind in ("Event", "Contact", "Category", "Participant")]

names = st.sampled_from(["from", "to", "__proto__", "\u00e9"]) | st.text(max_size=5)
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain | st.text(max_size=8) | st.sampled_from(MOMENTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


def _object(fields: dict[str, ValueNode]) -> ValueNode:
    return nodes.Object([ObjectFieldNode(name=NameNode(value=name), value=fields[name]) for name in fields])


leaves = [
    st.integers().map(nodes.Int),
    st.floats(allow_nan=False, allow_infinity=False).map(nodes.Float),
    st.text(max_size=5).map(nodes.String),
    st.booleans().map(nodes.Boolean),
    st.just(nodes.Null),
    st.sampled_from("AB").map(nodes.Enum),
    st.sampled_from(["1e999", "-1e999", "9" * 5000]).map(parse_value),
]
literals = st.recursive(
    st.one_of(leaves),
    lambda inner: (
        st.lists(inner, max_size=3).map(nodes.List)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(_object)
    ),
    max_leaves=6,
)
moments = (st.just("2027-03-19") | st.sampled_from(MOMENTS)).map(nodes.String)


def operations(fields: list[str] | None = None) -> st.SearchStrategy:
    """Return what makes documents of these root fields, or of all."""
    return from_schema(
        GRAPH,
        fields=fields,
        custom_scalars={"JSON": literals, "DateTime": moments, "DateOrDateTime": moments},
        print_ast=lambda document: document,
    )


# Those two alone take JSON. What makes them is dear to make, so that it is made by whoever draws.
documents = st.deferred(lambda: operations() | operations(["createEvent", "updateEvent"]))


class Opening(Visitor):
    """Puts variables in place of some literals, wherever they stand, and gives them right values, wrong or none."""

    def __init__(self, draw: st.DrawFn, types: TypeInfo) -> None:
        super().__init__()
        self._draw, self._types = draw, types
        self.declared: list[str] = []
        self.given: dict[str, object] = {}

    def enter(self, node, *_):
        """Leave a value as it stands, or put a variable in its place."""
        if not isinstance(node, ValueNode):
            return None
        wanted = str(self._types.get_input_type() or "JSON")
        if wanted.strip("!") == "ID" and self._draw(st.integers(0, 3)):
            node = nodes.String(self._draw(st.sampled_from(IDS)))
        if self._draw(st.integers(0, 3)):
            return node
        name = f"v{len(self.declared)}"
        self.declared.append(f"${name}: {wanted}")
        match self._draw(st.sampled_from(["right", "right", "left out", "any"])):
            case "right":
                self.given[name] = json_of(node)
            case "any":
                self.given[name] = self._draw(values)
        return VariableNode(name=NameNode(value=name))


def json_of(node: ValueNode) -> object:
    """Return a literal as JSON has it, null for what it cannot hold."""
    try:
        return json.loads(json.dumps(value_from_ast_untyped(node), allow_nan=False))
    except ValueError:
        return None


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """Write a document, and its variables."""
    document, types = draw(documents), TypeInfo(GRAPH)
    opening = Opening(draw, types)
    [operation] = visit(document, TypeInfoVisitor(types, opening)).definitions
    assert isinstance(operation, OperationDefinitionNode)
    declared = f"({', '.join(opening.declared)})" if opening.declared else ""
    return f"{operation.operation.value} {declared} {print_ast(operation.selection_set)}", opening.given


@settings(
    max_examples=int(os.environ.get("GATEWAY_FUZZ_EXAMPLES", "100")),
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(asked())
async def test_no_operation_ends_as_an_internal_error(open_gateway: Ask, operation) -> None:
    """Reads and writes, with literals and with variables, that are right, wrong or left out."""
    query, variables = operation
    body = json.dumps({"query": query, "variables": variables})
    response = await open_gateway.http.post(
        "/graphql", content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 200, response.text
    assert {"data", "errors"} & response.json().keys()
    assert "INTERNAL_SERVER_ERROR" not in response.text, response.text


@pytest.fixture
def open_gateway(gateway: Gateway) -> Ask:
    """Make a gateway that refuses nothing for its size."""
    return gateway(requests_per_hour="unlimited", mirror="on", **ANY_SIZE)


def update(literal: str, **defaults: str) -> str:
    """Write a mutation that sends a literal, with the variables that are in it."""
    declared = [f"${name}: JSON{defaults.get(name, '')}" for name in "xy" if f"${name}" in literal]
    head = f"mutation ({', '.join(declared)})" if declared else "mutation"
    fields = "event { openingHours } userErrors { message }"
    return (
        f'{head} {{ updateEvent(input: {{id: "RXZlbnQ6MQ==", openingHours: [{literal}]}}) {{ {fields} }} }}'
    )


LEFT_OUT = {
    "a key of an object": ("{from: $x, to: 5}", {"to": 5}),
    "all keys of an object": ("{from: $x, to: $y}", {}),
    "a key further in": ("{a: {b: {from: $x}}, c: [{from: $x}]}", {"a": {"b": {}}, "c": [{}]}),
    "an item of a list": ("{a: [1, $x, 2], b: [[$x]]}", {"a": [1, None, 2], "b": [[None]]}),
    "a list and an object": ("{a: [$x, {from: $x, to: [$y]}]}", {"a": [None, {"to": [None]}]}),
}


@pytest.mark.parametrize(("literal", "expected"), LEFT_OUT.values(), ids=LEFT_OUT)
async def test_a_variable_left_out_within_a_literal(ask: Ask, literal: str, expected: object) -> None:
    """Its key is left out, and in a list it is null, as in any input."""
    data = await ask(update(literal))
    assert data["updateEvent"] == {"event": {"openingHours": [expected]}, "userErrors": []}


async def test_variables_within_a_literal_are_what_was_given(ask: Ask) -> None:
    """Null too; a default stands in for one that is left out."""
    query = update("{from: $x, to: [$y]}", x=" = {b: [1]}")
    for given_, expected in (
        ({}, {"from": {"b": [1]}, "to": [None]}),
        ({"x": None, "y": {"z": 1}}, {"from": None, "to": [{"z": 1}]}),
    ):
        data = await ask(query, **given_)
        assert data["updateEvent"]["event"]["openingHours"] == [expected]


@pytest.mark.parametrize("literal", ["1e999", "{a: -1e999}", "[[1e999]]"])
async def test_a_number_that_json_cannot_hold_is_refused(ask: Ask, literal: str) -> None:
    """It would go out as something else."""
    errors = (await ask.answer(update(literal)))["errors"]
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert "must be a value that JSON can hold (JSON)" in errors[0]["message"]
    assert ask.calls == []
