"""What one document may come to: told from its text, and once that is parsed in one pass before it is validated.

The text is looked through in a tenth of the time that parsing takes.
Fragments count as often as they are spread, but each is looked at once: what it comes to is
remembered, so a document that spreads fragments in fragments sixty levels deep costs no more than
its text is long. Validation is safe only behind this, and with `MergeableFields` in it: else it compares all fields
of a selection with each other.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationContext,
)
from graphql.validation.validate import ValidationAbortedError

from gateway.errors import TooComplexError
from gateway.settings.limits import LimitSettings

Json = Mapping[str, Any]

_CODE = {"code": TooComplexError.code}
_MOST_COMPARED = 18_000  # units
_INTROSPECTION = frozenset({"__schema", "__type"})
_LONGEST = 100_000  # characters, to be read one by one
_DEEPEST = 200  # graphql-core's parser takes no more
_MOST_DIGITS = 400  # a float has 308 before its point; Python reads no whole number of over 4,300

# What opens and is not closed goes to the end, so that nothing is read twice: the parser says what is wrong with it.
_TOKEN = re.compile(
    r"""
    [\s,\ufeff]++ | \#[^\r\n]*+
    | ( \"{3}(?:[^"\\]|\\\"{3}|\\|"(?!""))*+(?:\"{3}|\Z)
      | "(?:[^"\\\r\n]|\\.)*+"?
      | \.\.\. | [A-Za-z_][A-Za-z0-9_]*+ | -?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?
      | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_DIGITS = "-0123456789"
_STEPS = {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}

_MOST_FRAGMENTS = 250
"""No setting: validation takes a tenth of a millisecond for each, and big pages have half as many."""


def excess_of_text(text: str, limits: LimitSettings) -> GraphQLError | None:
    """Return the error for a text that is too long, wide or deep to be parsed; None for others."""
    if len(text) > _LONGEST:
        return _too_large(f"has more than {_LONGEST:,} characters: send long texts as variables")
    depth = definitions = 0
    for number, word in enumerate(_tokens(text), start=1):
        definitions += word == "{" and depth == 0
        depth += _STEPS.get(word, 0)
        if number > limits.max_tokens:
            return _too_large(
                f"has more than {limits.max_tokens:,} tokens (names, braces, values): send values as variables, "
                "lists of ids to 'nodes', and ask for the rest in another operation"
            )
        if definitions > _MOST_FRAGMENTS + limits.max_operations:
            return _too_large(
                f"has more than {_MOST_FRAGMENTS:,} fragments and {limits.max_operations:,} operations: send each "
                "operation in a request of its own, with the fragments that it spreads"
            )
        if depth > _DEEPEST:
            return too_deep()
        if len(word) > _MOST_DIGITS and word[0] in _DIGITS:
            return _too_large(f"has a number of more than {_MOST_DIGITS} characters: no field takes one")
    return None


def too_deep() -> GraphQLError:
    """Return the error for a document that is nested deeper than it could be read."""
    return _too_large(f"is nested over {_DEEPEST} levels deep: ask for what lies deeper in another operation")


def _tokens(text: str) -> Iterator[str]:
    return (found[1] for found in _TOKEN.finditer(text) if found[1])


class Size(msgspec.Struct, frozen=True):
    """What a selection comes to, with its fragments in their places."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspects: bool = False

    def beside(self, other: "Size") -> "Size":
        """Return what two selections of the same object come to."""
        return Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.introspects or other.introspects,
        )


class Sizes:
    """The sizes of a document's operations and fragments, each found once."""

    def __init__(self, ast: DocumentNode) -> None:
        self.operations = [one for one in ast.definitions if isinstance(one, OperationDefinitionNode)]
        self.fragments = {
            one.name.value: one for one in ast.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str | int, Size] = {}

    def of(self, operation: OperationDefinitionNode) -> Size:
        """Return what an operation comes to."""
        if id(operation) not in self._known:
            on_variables = sum(len(one.directives or ()) for one in operation.variable_definitions or ())
            below = self._below(operation, operation.selection_set)
            self._known[id(operation)] = below.beside(Size(directives=on_variables))
        return self._known[id(operation)]

    def of_fragment(self, name: str) -> Size:
        """Return what a fragment comes to; nothing where there is none, or inside itself."""
        if name not in self._known:
            self._known[name] = Size()  # a circle: validation refuses it
            if name in self.fragments:
                fragment = self.fragments[name]
                self._known[name] = self._below(fragment, fragment.selection_set)
        return self._known[name]

    def _below(self, node: Any, selection: SelectionSetNode | None) -> Size:
        found = Size(directives=len(node.directives or ()))
        for one in selection.selections if selection else ():
            found = found.beside(self._one(one))
        return found

    def _one(self, node: Node) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return self.of_fragment(node.name.value).beside(Size(directives=len(node.directives or ())))
        if isinstance(node, InlineFragmentNode):
            return self._below(node, node.selection_set)
        field = cast(FieldNode, node)
        below = self._below(field, field.selection_set)
        is_introspection = field.name.value in _INTROSPECTION
        return Size(
            1 if is_introspection else below.depth + 1,
            below.fields + 1,
            below.aliases + (field.alias is not None),
            below.directives,
            below.introspects or is_introspection,
        )


def excesses(sizes: Sizes, limits: LimitSettings) -> Iterator[GraphQLError]:
    """Yield an error for each limit that a document goes beyond."""
    if len(sizes.operations) > limits.max_operations:
        yield excess(
            "operations", len(sizes.operations), limits.max_operations, "send them in several requests"
        )
    found = [*map(sizes.of, sizes.operations)]
    depth = max((size.depth for size in found), default=0)
    # A fragment that nobody spreads is validated too; how deep it lies, only its operation tells.
    found += map(sizes.of_fragment, sizes.fragments)
    most = {name: max((getattr(size, name) for size in found), default=0) for name in _MEND}
    for name, seen in {**most, "depth": depth}.items():
        if seen > getattr(limits, f"max_{name}"):
            yield excess(name, seen, getattr(limits, f"max_{name}"), _MEND[name])


class TooManyComparisonsError(GraphQLError):
    """A document selects the same names very often in one place, and validation would compare each with each."""


class MergeableFields(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule, which compares fields of one name in one place, each with each; held to so many units.

    graphql-core counts a comparison as two units and stops after 500,000, which is a second. Thirty components that
    each bring a fragment with a dozen fields for the same entity come to 15,000.
    """

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _MOST_COMPARED

    def enter_selection_set(
        self, selection_set: SelectionSetNode, _key: Any, parent: Any, *_args: Any
    ) -> None:
        """Compare the fields of one place; TooManyComparisonsError where more of them are than may be compared."""
        try:
            super().enter_selection_set(selection_set, _key, parent, *_args)
        except ValidationAbortedError:
            if self.rule_context.remaining_complexity_budget < 0:
                text = "This selects the same fields very often in one place"
                mend = "select each once there, and spread a fragment once"
                raise TooManyComparisonsError(f"{text}: {mend}.", extensions=_CODE) from None
            raise


_MEND = {
    "depth": "ask for what lies deeper in another operation",
    "fields": "ask for less, or for the rest in another operation",
    "aliases": "ask for several by one field, such as 'nodes', or in another operation",
    "directives": "send the fields you want instead",
}


def excess(name: str, seen: int, most: int, mend: str) -> GraphQLError:
    """Return the error for what goes beyond a limit."""
    what = "levels of fields" if name == "depth" else name
    return GraphQLError(
        f"This comes to {min(seen, 10**9):,} {what}, and {most:,} are the most: {mend}.", extensions=_CODE
    )


def _too_large(what: str) -> GraphQLError:
    return GraphQLError(f"The document {what}.", extensions=_CODE)
