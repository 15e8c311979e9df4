# pyright: basic
"""Documents are parsed once, and kept within a size: not for strangers, and not where they are refused."""

import pytest

from gateway.execution.documents import Documents
from gateway.schema import SCHEMA
from gateway.settings.limits import LimitSettings

QUERY = "{ events(first: 3) { nodes { title } } }"


def documents(**given):
    """Return where documents are kept."""
    return Documents(SCHEMA._schema, LimitSettings(), suggests=False, **given)


def padded(number):
    """Return a document of about a thousand characters, of its own."""
    return f"query Q{number} {QUERY} #" + "x" * 1_000


def test_a_document_is_parsed_once():
    """Its text is all that it goes by."""
    sut = documents()

    assert sut.get(QUERY) is sut.get(QUERY)


@pytest.mark.parametrize("text", ["{ nothing }", "{", "{ " + "a: __typename " * 300 + "}"])
def test_what_is_refused_is_not_kept(text):
    """Nobody sends it again for a good reason."""
    sut = documents()

    assert sut.get(text).errors
    assert sut.get(text) is not sut.get(text)


def test_nothing_is_kept_for_strangers():
    """But they may use what is kept for others."""
    sut = documents()
    assert sut.get(QUERY, is_kept=False) is not sut.get(QUERY, is_kept=False)

    assert sut.get(QUERY) is sut.get(QUERY, is_kept=False)


def test_all_together_are_kept_within_a_size():
    """The least recently used ones go: a document takes some hundred bytes for each character."""
    sut = documents(most_bytes=1_500_000)
    kept = [sut.get(padded(number)) for number in range(10)]
    assert [sut.get(padded(number)) for number in range(10)] == kept
    for number in range(10, 100):
        sut.get(padded(number))

    assert sut.get(padded(99)) is sut.get(padded(99))
    assert sut.get(padded(0)) is not kept[0]


def test_a_large_document_pushes_out_no_others():
    """It is parsed each time."""
    sut = documents(most_bytes=1_500_000)
    kept = sut.get(QUERY)
    large = QUERY + " #" + "x" * 20_000

    assert sut.get(large) is not sut.get(large)
    assert sut.get(QUERY) is kept
