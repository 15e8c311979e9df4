"""graphql-codegen's client preset over every root field, compiled by TypeScript and run."""

from clients.projects import SCHEMA, NewProject, operations
from graphql import FieldNode, build_schema
from npm import needs_npm

pytestmark = needs_npm


def test_the_operations_cover_every_root_field() -> None:
    """What is generated from them has been tried for each field that a client can begin with."""
    schema = build_schema(SCHEMA.read_text())
    roots = [root for root in (schema.query_type, schema.mutation_type) if root]
    fields = {f"{root.name}.{name}" for root in roots for name in root.fields}
    asked = {
        f"{operation.operation.value.title()}.{field.name.value}"
        for operation in operations()
        for field in operation.selection_set.selections
        if isinstance(field, FieldNode)
    }
    assert asked == fields


def test_what_it_generates_compiles_strictly_and_runs(project: NewProject, address: str) -> None:
    """Every operation, each with typed variables and a typed answer; and what is wrong does not compile."""
    codegen = project("codegen")
    codegen.run("graphql-codegen")
    codegen.run("tsc")
    told = codegen.script("built/tour.js", address)

    assert told["ran"] == sorted(operation.name.value for operation in operations() if operation.name)
    assert told["event"]["city"] == "Leipzig"
    assert told["event"]["events"] == 5
    assert told["contact"] == {**told["contact"], "same": True, "refusal": ["input", "rating"], "contacts": 1}
    assert told["participant"] == {
        "confirmed": [False, True],
        "node": "Participant",
        "nodes": ["Participant", "Contact", "Event"],
        "gone": True,
    }
    assert told["category"] == {"title": "Typed", "categories": 21, "gone": True}
    assert told["participants"] == 10
