"""How long, wide and deep a document is, told from its text alone in a tenth of the time that parsing it takes."""

import re
from collections.abc import Iterator

from graphql import GraphQLError

from gateway.errors import TooComplexError
from gateway.execution.limits import MOST_FRAGMENTS
from gateway.settings.limits import LimitSettings

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


def excess_of_text(text: str, limits: LimitSettings) -> GraphQLError | None:
    """Return the error for a text that is too long, wide or deep to be parsed; None for others."""
    if len(text) > _LONGEST:
        return _excess(f"has more than {_LONGEST:,} characters: send long texts as variables")
    depth = definitions = 0
    for number, word in enumerate(_tokens(text), start=1):
        definitions += word == "{" and depth == 0
        depth += _STEPS.get(word, 0)
        if number > limits.max_tokens:
            return _excess(
                f"has more than {limits.max_tokens:,} tokens (names, braces, values): send values as variables, "
                "lists of ids to 'nodes', and ask for the rest in another operation"
            )
        if definitions > MOST_FRAGMENTS + limits.max_operations:
            return _excess(
                f"has more than {MOST_FRAGMENTS:,} fragments and {limits.max_operations:,} operations: send each "
                "operation in a request of its own, with the fragments that it spreads"
            )
        if depth > _DEEPEST:
            return too_deep()
        if len(word) > _MOST_DIGITS and word[0] in _DIGITS:
            return _excess(f"has a number of more than {_MOST_DIGITS} characters: no field takes one")
    return None


def too_deep() -> GraphQLError:
    """Return the error for a document that is nested deeper than it could be read."""
    return _excess(f"is nested over {_DEEPEST} levels deep: ask for what lies deeper in another operation")


def _tokens(text: str) -> Iterator[str]:
    return (found[1] for found in _TOKEN.finditer(text) if found[1])


def _excess(what: str) -> GraphQLError:
    return GraphQLError(f"The document {what}.", extensions={"code": TooComplexError.code})
