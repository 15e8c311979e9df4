"""The schema as front-end developers and their tools see it."""

from pathlib import Path
from typing import Any, cast

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOneOfDirective,
    build_schema,
)

from gateway.schema import print_schema

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema(print_schema())
OWN_TYPES = [named for name, named in SCHEMA.type_map.items() if not name.startswith("__")]
BUILT_IN = {"Int", "Float", "String", "Boolean", "ID"}


def test_the_committed_file_is_the_schema() -> None:
    """On a difference run `gateway schema --output schema.graphql`, and read the diff as an API change."""
    assert (ROOT / "schema.graphql").read_text(encoding="utf-8") == print_schema()


def test_what_has_an_id_is_a_node() -> None:
    """And the other way round: clients keep by `id`, so no two entities may share one."""
    objects = [named for named in OWN_TYPES if isinstance(named, GraphQLObjectType)]
    with_id = {named.name for named in objects if "id" in cast(dict[str, Any], named.fields)}
    nodes = {named.name for named in objects if any(of.name == "Node" for of in named.interfaces)}

    assert with_id == nodes
    assert nodes  # the schema has some


def described(named: Any) -> dict[str, str | None]:
    """Return everything of a type that wants a description, by its coordinate."""
    found: dict[str, str | None] = {named.name: named.description}
    if isinstance(named, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        for name, field in cast(dict[str, Any], named.fields).items():
            found[f"{named.name}.{name}"] = field.description
            if isinstance(field, GraphQLField):
                args = field.args.items()
                found |= {f"{named.name}.{name}({arg}:)": given.description for arg, given in args}
    if isinstance(named, GraphQLEnumType):
        found |= {f"{named.name}.{name}": value.description for name, value in named.values.items()}
    return found


@pytest.mark.parametrize(
    "named", [named for named in OWN_TYPES if named.name not in BUILT_IN], ids=lambda named: named.name
)
def test_everything_has_a_description(named: Any) -> None:
    """Types, fields, arguments, enum values and input fields."""
    assert [place for place, text in described(named).items() if not text] == []


def test_exactly_one_of_these() -> None:
    """Most documentation generators drop `@oneOf`: its inputs say so themselves."""
    one_of = [named for named in OWN_TYPES if isinstance(named, GraphQLInputObjectType) and named.is_one_of]
    assert {named.name for named in one_of} == {"ParticipantBy", "EventBy", "ContactBy", "CategoryBy"}
    assert all("Exactly one of these." in (named.description or "") for named in one_of)


def test_the_directive_is_described() -> None:
    """As the specification does."""
    described = f'"""\n{GraphQLOneOfDirective.description}\n"""\ndirective @oneOf on INPUT_OBJECT'
    assert described in print_schema()


def test_the_status_is_no_entity() -> None:
    """Clients that keep entities by their ids are told that it has none."""
    assert "keys: { UpstreamStatus: () => null }" in (SCHEMA.type_map["UpstreamStatus"].description or "")
