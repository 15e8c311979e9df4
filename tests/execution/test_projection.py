# pyright: basic
"""What is projected, what steps aside, and what stays in memory."""

import gc
import itertools
import weakref

import msgspec
import pytest
from execution.documents import Run, coded
from execution.test_same_as_plain import ANY_SIZE, CREDENTIAL, SETTINGS, mirror_of, plain
from execution.worlds import World
from graphql import parse

from gateway.execution import operation
from gateway.execution.compiled_selections import ProjectingExecutor
from gateway.execution.operation import Executor, Request
from gateway.graph.caller import Caller
from gateway.graph.context import Context
from gateway.schema import RULES, SCHEMA

BARE = """{ participants(first: 5) { nodes {
    id isConfirmed createdAt contact { id firstName email } event { id title dateFrom }
} } }"""
RELAY = """query Page($n: Int) { participants(first: $n) { __typename totalCount
    pageInfo { hasNextPage endCursor __typename }
    edges { cursor __typename node { ...Row __typename } } } }
fragment Row on Participant { __typename id isConfirmed
    guest: contact { __typename id ... on Contact { firstName } lastName @include(if: true) }
    event { __typename id title isVisible } category { id databaseId } }"""
MOST_PROJECTIONS = 200  # what one document may come to, whatever variables are sent with it


class Counting(ProjectingExecutor):
    """Notes the types whose fields graphql-core itself executes."""

    executed: list
    seen: list

    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.seen += (weakref.ref(self), weakref.ref(self.context_value))

    def execute_fields(self, parent_type, *given, **named):
        """Execute them."""
        self.executed.append(parent_type.name)
        return super().execute_fields(parent_type, *given, **named)


class Asking:
    """A gateway's own execution, and the types that it left to graphql-core."""

    def __init__(self, counting):
        self.executor = Executor(SCHEMA, RULES, ANY_SIZE)
        self._counting = counting

    async def __call__(self, text, world=None, variables=None, kept="off"):
        """Return `data`; it is what plain execution gives."""
        del self._counting.executed[:]
        async with mirror_of(kept, world or World("schema", "none")) as mirror:
            return await self.through(mirror, text, variables)

    async def through(self, mirror, text, variables=None):
        """Return `data` as read through this mirror."""
        request = Request(text, variables)
        body = (await self.executor.run(request, Context(mirror, Caller(CREDENTIAL)))).body
        wanted, _, _ = await plain(parse(text), Run(None, variables), mirror)
        assert msgspec.json.encode(body["data"]) == wanted
        return msgspec.json.decode(wanted)

    @property
    def left(self):
        """The types below the root that graphql-core executed, each once."""
        return sorted(set(self._counting.executed) - {"Query"})

    @property
    def seen(self):
        """Weak references to every executor and context there was."""
        return self._counting.seen


@pytest.fixture
def asking(monkeypatch):
    """Make an execution that is counted."""
    counting = type("Counting", (Counting,), {"executed": [], "seen": []})
    monkeypatch.setattr(operation, "ProjectingExecutor", counting)
    return Asking(counting)


async def test_the_bare_page_is_projected(asking):
    """No field of a row, nor of the page, is graphql-core's."""
    data = await asking(BARE)

    assert len(data["participants"]["nodes"]) == 5
    assert asking.left == []


async def test_the_page_as_relay_sends_it_is_projected(asking):
    """Type names, cursors, edges, fragments, aliases and constant conditions cost nothing."""
    data = await asking(RELAY, variables={"n": 5})

    assert len(data["participants"]["edges"]) == 5
    assert asking.left == []


async def test_one_row_is_projected(asking):
    """Also where it is found by a field of the root."""
    await asking(
        "{ participant(by: {databaseId: 1}) { id isConfirmed } events(first: 1) { nodes { title } } }"
    )

    assert asking.left == []


async def test_rows_behind_an_interface_are_projected_one_by_one(asking):
    """A list of an interface is graphql-core's, its rows are not."""
    ids = [coded("Event", 1), coded("Contact", 1)]
    await asking(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Event { title } } }",
        variables={"ids": ids},
    )

    assert asking.left == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (
            "{ participants(first: 2) { nodes { event { participants(first: 1) { totalCount } } } } }",
            ["Event", "Participant", "ParticipantConnection"],
        ),
        ("{ categories { applicantVisibility } }", ["Category"]),
        ("{ categories { children { title } } }", ["Category"]),
    ],
    ids=["arguments", "an enum's resolver", "a resolver"],
)
async def test_what_no_declaration_explains_steps_aside(asking, text, left):
    """Arguments and resolvers are graphql-core's, and so is what they stand in; what is below is not."""
    await asking(text)

    assert asking.left == left


async def test_unknown_rows_step_aside(asking):
    """An excerpt of a row is none: it is loaded, and projected then."""
    await asking(BARE, World("brief", "none"))

    assert asking.left == ["Participant", "ParticipantConnection"]


async def test_rows_that_are_gone_step_aside(asking):
    """Null once deleted: a row that is known not to be there is graphql-core's to tell."""
    data = await asking(
        "{ participants(first: 30) { nodes { event { title } } } }", World("schema", "dangling")
    )

    assert None in [row["event"] for row in data["participants"]["nodes"]]
    assert "Participant" in asking.left


async def test_ids_alone_need_no_row(asking):
    """Ids stand in the foreign keys: rows that are gone, or unknown, are projected."""
    await asking(
        "{ participants(first: 30) { nodes { event { id databaseId } } } }", World("brief", "dangling")
    )

    assert asking.left == []


async def test_an_ignored_include_steps_aside(asking):
    """Null, and named as unavailable."""
    text = "{ participants(first: 2) { nodes { category { title } } } }"
    await asking(text, World("links", "none"))

    assert "Participant" in asking.left


async def test_other_conditions_are_another_projection(asking):
    """What is compiled for one set of their values holds for no other."""
    text = "query ($x: Boolean!) { events(first: 1) { nodes { id title @include(if: $x) } } }"
    for value in (True, False, True):
        data = await asking(text, variables={"x": value})
        assert ("title" in data["events"]["nodes"][0]) is value
        assert asking.left == []


async def test_operations_of_a_document_have_defaults_of_their_own(asking):
    """A fragment that two operations share is read with the defaults of the one that runs."""
    text = """query On($x: Boolean = true) { ...All } query Off($x: Boolean = false) { ...All }
        fragment All on Query { events(first: 1) { nodes { id title @include(if: $x) } } }"""
    async with mirror_of("off", World("schema", "none")) as mirror:
        for name, is_told in (("On", True), ("Off", False), ("On", True)):
            context = Context(mirror, Caller(CREDENTIAL))
            body = (await asking.executor.run(Request(text, None, name), context)).body
            [row] = msgspec.json.decode(msgspec.json.encode(body["data"]))["events"]["nodes"]
            assert ("title" in row) is is_told, name


async def test_what_is_compiled_holds_no_operation(asking):
    """Executors and contexts are gone with their operation; the document's projections stay."""
    for text, variables in ((BARE, None), (RELAY, {"n": 5})):
        for kept in SETTINGS:
            await asking(text, variables=variables, kept=kept)
    gc.collect()

    assert len(asking.seen) == 8
    assert [seen() for seen in asking.seen if seen() is not None] == []


async def test_a_documents_projections_are_bounded(asking):
    """A client may send a document with endless different values of its conditions."""
    names = [f"v{n}" for n in range(8)]
    declared = ", ".join(f"${name}: Boolean!" for name in names)
    chosen = " ".join(f"a{name}: title @include(if: ${name})" for name in names)
    text = f"query ({declared}) {{ events(first: 1) {{ nodes {{ id {chosen} }} }} }}"
    async with mirror_of("on", World("schema", "none")) as mirror:
        for values in itertools.product([True, False], repeat=len(names)):
            request = Request(text, dict(zip(names, values, strict=True)))
            body = (await asking.executor.run(request, Context(mirror, Caller(CREDENTIAL)))).body
            assert "errors" not in body

    document = asking.executor._documents.get(text)
    assert len(document.projections) <= MOST_PROJECTIONS
    assert len(document.lookahead) <= MOST_PROJECTIONS
