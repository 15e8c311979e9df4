"""The schema as tools that judge schemas see it."""

from clients.projects import NewProject
from npm import needs_npm

pytestmark = needs_npm

# The presets' rules, schema-recommended and schema-relay.
RULES = 24


def test_graphql_eslint_finds_nothing(project: NewProject) -> None:
    """By its rules for schemas and for Relay; the exceptions stand with their reasons in its config."""
    assert project("schema").script("lint.mjs") == {"rules": RULES, "findings": []}


def test_the_exceptions_let_nothing_else_pass(project: NewProject) -> None:
    """A key with the type's name before it is PlanDocket's own; another field is not, nor a type without id."""
    schema = project("schema")
    file = schema.folder / "schema.graphql"
    file.write_text(
        file.read_text() + '"""A fair."""\ntype Fair { fairKey: String }\nextend type Query { fair: Fair }\n'
    )
    rules = {finding.split(" ")[1] for finding in schema.script("lint.mjs")["findings"]}
    assert {"@graphql-eslint/no-typename-prefix:", "@graphql-eslint/strict-id-in-types:"} <= rules


def test_file_and_served_schema_are_the_same(project: NewProject, address: str) -> None:
    """As graphql-inspector compares them: what `/schema.graphql` serves and what introspection tells."""
    found = project("schema").script("compare.mjs", "schema.graphql", address)
    assert found["types"] > 70
    assert (found["served"], found["introspected"]) == ([], [])
