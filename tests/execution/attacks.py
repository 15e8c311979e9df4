# pyright: basic
"""Documents that are sent to wear a GraphQL server out."""

from graphql import get_introspection_query


def _bomb(levels, body="...f{next} ...f{next}"):
    """Return fragments that each spread the next one twice."""
    fragments = [
        f"fragment f{n} on Participant {{ {body.replace('{next}', str(n + 1))} }}" for n in range(levels)
    ]
    return " ".join(
        ["{ participants { nodes { ...f0 } } }", *fragments, f"fragment f{levels} on Participant {{ id }}"]
    )


def _numbered(text, count):
    """Return a text repeated, each with its number in place of N."""
    return " ".join(text.replace("N", str(n)) for n in range(count))


ATTACKS = {
    "a fragment bomb of 60 levels": _bomb(60),
    "a fragment bomb of nested fields": _bomb(
        25,
        "a: event { participants { nodes { ...f{next} } } } b: event { participants { nodes { ...f{next} } } }",
    ),
    "aliases": f"{{ {_numbered('aN: categories { id }', 300)} }}",
    "aliases of __typename": f"{{ {_numbered('aN: __typename', 400)} }}",
    "80,000 times __typename": "{" + "__typename " * 80_000 + "}",
    "one field 490 times": "{ categories {" + "title " * 490 + "} }",
    "one field 1,900 times": "{ categories {" + "title " * 1_900 + "} }",
    "one field 1,990 times": "{ categories {" + "title " * 1_990 + "} }",
    "ten fields 190 times each": "{ categories {"
    + "id databaseId title content level sortOrder isVisible categoryKey createdAt updatedAt " * 190
    + "} }",
    "one subtree 120 times": "{" + "categories { children { title } } " * 120 + "}",
    "one subtree in 60 fragments": "{ categories {"
    + _numbered("...gN", 60)
    + " } } "
    + _numbered("fragment gN on Category { children { id title } }", 60),
    "a field of its own in each of 190 fragments": "{ categories {"
    + _numbered("...gN", 190)
    + " } } "
    + _numbered("fragment gN on Category { aN: id }", 190),
    "known directives": "{ categories " + "@include(if: true) " * 200 + "{ id } }",
    "unknown directives": "{ categories " + "@a " * 1_900 + "{ id } }",
    "fragments in a circle": "{ categories { ...a } } "
    "fragment a on Category { ...b } fragment b on Category { ...a }",
    "a fragment in its own children": "{ categories { ...a } } fragment a on Category { children { ...a ...a } }",
    "fields of types of fields": "{ __schema { types { fields {"
    + "type { fields { " * 8
    + "name"
    + " } }" * 8
    + "} } } }",
    "2,000 braces": "{ a" * 1_000 + "}" * 1_000,
    "8,001 values": "{ nodes(ids: [" + '"x" ' * 8_001 + "]) { id } }",
    "a text that never ends": '{ nodes(ids: ["""' + '\\"""' * 20_000 + "]) { id } }",
    "100,000 open braces": "{" * 100_000,
    "a list in lists": "{ nodes(ids: " + "[" * 900 + "]" * 900 + ") { id } }",
    "a chain of fragments": "{ categories { ...f0 } } "
    + " ".join(f"fragment f{n} on Category {{ ...f{n + 1} }}" for n in range(240))
    + " fragment f240 on Category { id }",
    "fragments that nobody spreads": "{ categories { id } } "
    + _numbered("fragment gN on Category { title }", 240),
    "1,000 fragments that nobody spreads": "{ categories { id } } "
    + _numbered("fragment gN on Category { title }", 1_000),
    "one argument 600 times": "{ participants(" + "first: 1 " * 600 + ") { totalCount } }",
    "480 variables": "query q(" + _numbered("$aN: Int", 480) + ") { categories { id } }",
    "300 operations": _numbered("query qN { categories { id } }", 300),
    "490 unknown fields": "{" + _numbered("partcipantsN", 490) + "}",
    "300 inline fragments in each other": "{ categories {"
    + "... on Category {" * 300
    + "id"
    + "}" * 300
    + "} }",
    "lists in lists in lists": "{ events { nodes { contacts { nodes { events { contacts { nodes { id } } } } } } } }",
    "pages of pages": "{ events(first: 100) { nodes { participants(first: 100) { nodes { id } } } } }",
    "a text of 900 kB": '{ nodes(ids: ["' + "x" * 900_000 + '"]) { id } }',
    "100,000 comments": "{ categories { id } } " + "#\n" * 100_000,
    "an input of 480 unknown fields": "mutation { createEvent(input: {"
    + _numbered("aN: 1", 480)
    + "}) { event { id } } }",
}
"""Refused, each of them."""

_COMPONENT = (
    "on Participant { id __typename isConfirmed "
    "contact { id __typename email firstName lastName } event { id __typename title } }"
)
_LOOKUP = "contact(by: {databaseId: 1}) { id email firstName lastName companyName city country phone website rating }"

HARMLESS = {
    "the introspection of GraphiQL": get_introspection_query(),
    "50 fragments with the same field": "{ categories {"
    + _numbered("...gN", 50)
    + " } } "
    + _numbered("fragment gN on Category { id }", 50),
    "30 components with a fragment each": "{ participants { nodes {"
    + _numbered("...gN", 30)
    + " } } } "
    + " ".join(f"fragment g{n} {_COMPONENT}" for n in range(30)),
    "200 aliases": f"{{ {_numbered('aN: __typename', 200)} }}",
    "100 aliases of ten fields": f"{{ {' '.join(f'a{n}: {_LOOKUP}' for n in range(100))} }}",
    "12 levels": "{ event(by: {databaseId: 1}) { participants(first: 1) { nodes { contact { participations(first: 1) "
    "{ nodes { event { participants(first: 1) { nodes { contact { participations { totalCount } } } } } } } } } } } }",
}
"""Answered, each of them: the most that clients may send."""
