# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Where nothing is kept, rows are read with the columns that a document can ask for, and no others."""

import asyncio
import gc
import itertools

import pytest
from execution.test_same_as_plain import CREDENTIAL, SETTINGS
from execution.worlds import World
from graphql import parse
from keeping.wires import Wire

from gateway.access import Caller
from gateway.contacts.record import CONTACTS, ContactRow
from gateway.context import Context
from gateway.events.record import EVENTS, EventRow
from gateway.execution.operation import Executor, Request
from gateway.execution.selected import selected_columns
from gateway.sandbox import Sandbox
from gateway.schema import RULES, SCHEMA
from gateway.upstream import fast, sparse
from gateway.upstream.client import Upstream
from gateway.upstream.sparse import ALL, row_of


def columns(text):
    """Return the columns that a document needs."""
    needed = selected_columns(SCHEMA._schema, parse(text))
    assert needed is not None
    return needed


def names(record, text):
    """Return the columns of rows that are read for a document."""
    return set(row_of(record, columns(text)).__struct_fields__)


async def test_what_is_wrong_with_a_column_does_not_matter_where_nobody_asks_for_it(gateway):
    """An event without a title has a city all the same; where rows are kept they are read whole."""
    ask = gateway(transport=World("schema", "missing_columns"))
    keeps = gateway(transport=World("schema", "missing_columns"), cache="on")

    assert len((await ask("{ events { nodes { city } } }"))["events"]["nodes"]) == 5
    for refused in (
        ask.error("{ events { nodes { title } } }"),
        keeps.error("{ events { nodes { city } } }"),
    ):
        assert (await refused)["extensions"]["code"] == "UPSTREAM_UNREADABLE"


async def test_reads_of_other_columns_are_one_request(gateway):
    """Who joins one that runs takes what it wants from the same answer."""
    wire = Wire(Sandbox())
    ask = gateway(transport=wire)
    query = "{ participants(first: 5) { nodes { contact { %s } } } }"
    wanted = ["email", "lastName phone", "email lastName phone createdAt"]
    answers = await asyncio.gather(*(ask(query % some) for some in wanted))

    emails, others, all_of_them = (
        [row["contact"] for row in one["participants"]["nodes"]] for one in answers
    )
    joined = [one | other for one, other in zip(emails, others, strict=True)]
    assert wire.begun == ["GET participants"]
    assert joined == [{name: row[name] for name in ("email", "lastName", "phone")} for row in all_of_them]


def test_a_document_needs_what_it_selects_and_what_leads_on():
    """By whatever alias, fragment or condition; the gateway's own columns come with every row."""
    text = """query ($no: Boolean!) { participants { edges { node { event { ...Named } } } } }
        fragment Named on Event { called: title city @include(if: $no) }"""

    assert columns(text) == {("Participant", "event_id"), ("Event", "title"), ("Event", "city")}
    assert names(EVENTS, text) == {"id", "event_key", "is_visible", "title", "city"}
    assert names(CONTACTS, text) == {"id", "customer_number"}


def test_behind_an_interface_every_type_may_be_asked():
    """What is selected of one type alone is needed of it alone."""
    text = '{ node(id: "x") { id databaseId ... on Contact { email } } }'

    assert {kind for kind, _ in columns(text)} == {"Participant", "Event", "Contact", "Category"}
    assert names(CONTACTS, text) == {"id", "customer_number", "email"}


@pytest.mark.parametrize("field", ["participants { totalCount }", "participantCount"])
def test_a_resolver_gets_the_whole_row(field):
    """Nobody can tell what it looks at."""
    text = f"{{ events {{ nodes {{ {field} }} }} }}"

    assert ("Event", ALL) in columns(text)
    assert row_of(EVENTS, columns(text)) is EventRow


def test_a_document_that_writes_gets_whole_rows():
    """A write may send what a row holds along."""
    text = 'mutation { deleteEvent(input: {id: "x"}) { deletedId } }'

    assert selected_columns(SCHEMA._schema, parse(text)) is None
    assert row_of(CONTACTS, None) is ContactRow


async def ask_for_many():
    """Ask for six different pairs of columns, each with a document of its own, and return how many classes live."""
    executor = Executor(SCHEMA, RULES)
    async with Upstream(SETTINGS["off"], World("schema", "none")) as upstream:
        for some in itertools.combinations(["email", "fax", "phone", "createdAt"], 2):
            text = "{ participants { nodes { createdAt contact { %s } event { dateFrom } } } }" % " ".join(
                some
            )
            outcome = await executor.run(Request(text), Context(upstream, Caller(CREDENTIAL)))
            assert "errors" not in outcome.body
    return len(sparse._classes)


async def classes_left():
    """Return how many classes of rows live on without the readers, and with no operation running."""
    fast._reader.cache_clear()
    await asyncio.sleep(0)  # tasks that have ended let go in the loop's next turn
    gc.collect()
    return len(sparse._classes)


async def test_classes_of_rows_go_with_the_documents_and_readers_that_use_them():
    """Clients choose columns, so there is no end of them."""
    before = await classes_left()
    assert await ask_for_many() >= before + 6
    assert await classes_left() == before
