# pyright: basic
"""How a field's needs follow from the schema, and what becomes of one that has none."""

import pytest
import strawberry
from asking import Ask
from graphql import get_operation_ast, parse

from gateway.contacts.schema import Contact
from gateway.errors import ForbiddenError
from gateway.execution.requirements import Rules
from gateway.graph.caller import Access, Declared
from gateway.graph.scalars import CONFIG
from gateway.resources import RESOURCES


@strawberry.type
class Statistics:
    """Leads to no resource."""

    rows: int = 0


@strawberry.type
class Found:
    """Leads to a resource, by two ways, and to itself."""

    one: Contact | None = None
    again: "Found | None" = None


@strawberry.type
class Query:
    """A schema that grew without a thought of access."""

    statistics: Statistics = strawberry.field(default_factory=Statistics)
    count: int = 0
    found: Found = strawberry.field(default_factory=Found)
    about: Statistics = strawberry.field(default_factory=Statistics, metadata={"access": Declared.OPEN})


@strawberry.type
class Mutation:
    """A write of no resource."""

    reset: bool = True


@pytest.fixture(scope="module")
def rules() -> Rules:
    """Derive rules from that schema."""
    return Rules(strawberry.Schema(Query, Mutation, config=CONFIG), RESOURCES)


def required(rules: Rules, text: str):
    """Return what a document's only operation needs."""
    ast = parse(text)
    operation = get_operation_ast(ast)
    assert operation is not None
    return rules.required(ast, operation)


def test_root_fields_that_lead_to_no_resource_must_declare_what_they_need(rules: Rules) -> None:
    """A new one is named, so that the test of the real schema fails."""
    assert rules.without_rule == ["Query.statistics", "Query.count", "Mutation.reset"]


@pytest.mark.parametrize(
    "text", ["{ count }", "{ about { rows } statistics { rows } }", "mutation { reset }"]
)
def test_a_field_without_a_rule_is_refused_to_everybody(rules: Rules, text: str) -> None:
    """Even to who may do everything."""
    with pytest.raises(ForbiddenError, match="no rule"):
        required(rules, text).check(Access(), {})


def test_a_declared_field_is_open(rules: Rules) -> None:
    """To who may do nothing else."""
    required(rules, "{ about { rows } }").check(Access(frozenset()), {})


@pytest.mark.parametrize("text", ["{ found { __typename } }", "{ found { again { again { one { id } } } } }"])
def test_what_leads_to_a_resource_needs_it(rules: Rules, text: str) -> None:
    """Through any type, in circles too."""
    required(rules, text).check(Access(frozenset({"contacts"})), {})
    with pytest.raises(ForbiddenError, match="'contacts'"):
        required(rules, text).check(Access(frozenset({"events"})), {})


def test_fragments_are_walked_once() -> None:
    """Sixty that spread the next one twice are sixty, not 2 to the sixtieth."""
    from gateway.schema import RULES

    spread = [f"fragment F{i} on Event {{ ...F{i + 1} a: title ...F{i + 1} }}" for i in range(60)]
    text = "{ event(by: {databaseId: 1}) { ...F0 } } " + " ".join(spread) + " fragment F60 on Event { title }"
    assert required(RULES, text).needs.resources == {"events"}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([], None),
        (["sensitive", "events"], None),
        (["read"], Access(None, may_write=False, sees_sensitive=False)),
        (["write", "offline_access"], Access(None, may_write=True, sees_sensitive=False)),
        (["read", "write", "sensitive"], Access()),
        (["read", "events", "contacts"], Access(frozenset({"events", "contacts"}), False, False)),
    ],
)
def test_roles_become_access(roles: list[str], expected: Access | None) -> None:
    """`write` includes `read`, resources limit, what is unheard of grants nothing."""
    assert Access.of(roles, ["participants", "events", "contacts", "categories"]) == expected


async def test_an_operation_is_walked_once(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks it, and with whatever variables."""
    walked: list[object] = []
    required = Rules.required
    monkeypatch.setattr(Rules, "required", lambda *given: walked.append(given[-1]) or required(*given))
    for id in (1, 2, 1):
        await ask("query ($id: Int!) { category(by: {databaseId: $id}) { title } }", id=id)
    assert len(walked) == 1
