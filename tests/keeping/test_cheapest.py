# pyright: basic
# ruff: noqa: UP031 - GraphQL is full of braces
"""Many lists or rows of one collection: what holds them all is read where that costs less, each on its own where not.

The sandbox has 1,500 participations on 15 pages, 300 contacts on three, of which every tenth has no customer number.
"""

import pytest
from asking import in_turn

from gateway.sandbox import Dialect

TOTALS, PLAIN, WHOLE = Dialect(), Dialect(paging="plain"), Dialect(paging="none")
PARTICIPATIONS = "participations(first: 5) { nodes { event { title } } }"
SEARCH = '{ contacts(filter: {search: "e"}, first: %d) { nodes { %s } } }'
BOTH = "a: participations { nodes { id } } b: participations(isConfirmed: true) { nodes { id } }"


def walks(ask):
    """Return the pages of participants that were asked for, whatever they came with."""
    return [call for call in ask.calls if call.startswith("GET participants")]


WANTED = [
    # None without a number: a page told that a walk costs more.
    (TOTALS, 9, PARTICIPATIONS, 1 + 9 + 1),
    # One without: all are read in any case, and hold the others' as well.
    (TOTALS, 14, PARTICIPATIONS, 1 + 15),
    (TOTALS, 25, PARTICIPATIONS, 1 + 15),
    (TOTALS, 60, PARTICIPATIONS, 1 + 15),  # more lists than one operation may ask for
    (TOTALS, 14, BOTH, 1 + 15),  # both lists of each are in the wider of two
    # An empty page tells the end, another that it is near enough.
    (PLAIN, 14, PARTICIPATIONS, 1 + 15 + 2),
    (PLAIN, 25, PARTICIPATIONS, 1 + 15 + 2),
    (PLAIN, 60, PARTICIPATIONS, 1 + 15 + 1),
    (WHOLE, 14, BOTH, 1 + 1),
]


@pytest.mark.parametrize(("dialect", "first", "selection", "most", "mirror"), in_turn(WANTED, ["on", "off"]))
async def test_contacts_with_their_participations(gateway, dialect, first, selection, most, mirror):
    """However many contacts there are, with and without a customer number."""
    ask = gateway(dialect, mirror=mirror)
    data = await ask(SEARCH % (first, f"databaseId {selection}"))

    assert len(ask.calls) <= most
    tables = ask.sandbox.tables
    for node in data["contacts"]["nodes"]:
        of_contact = [row for row in tables.participants if row.contact_id == node["databaseId"]]
        if selection is PARTICIPATIONS:
            titles = [{"event": {"title": tables.events.get(row.event_id).title}} for row in of_contact[:5]]
            assert node["participations"]["nodes"] == titles
        else:
            assert len(node["a"]["nodes"]) == min(25, len(of_contact))
            assert len(node["b"]["nodes"]) == min(25, sum(row.is_confirmed for row in of_contact))


async def test_what_a_walk_cannot_reach_takes_nothing_from_the_others(gateway):
    """15 pages are too many for ten requests: the contact without a number fails alone."""
    for dialect in (TOTALS, PLAIN):
        ask = gateway(dialect, max_calls=13)
        answer = await ask.answer(SEARCH % (10, PARTICIPATIONS))

        assert [error["path"] for error in answer["errors"]] == [["contacts", "nodes", 9, "participations"]]
        assert len(ask.calls) <= 13


async def test_a_list_kept_whole_answers_what_is_narrower_for_nothing(gateway):
    """Also where the operation may send fewer requests than there are lists."""
    ask = gateway(mirror="on", max_calls=16)
    await ask(SEARCH % (14, PARTICIPATIONS))
    await ask("{ events(first: 12) { nodes { participants(first: 5) { nodes { id } } } } }")

    assert ask.calls == ["GET events"]


async def test_a_wider_list_that_is_asked_for_as_well_is_asked_for_once(gateway, time):
    """Beside several lists that it holds: nobody waits for anybody."""
    ask = gateway(mirror="on", time=time)
    await ask("{ events { nodes { eventKey } } }")
    keys = [event.event_key for event in ask.sandbox.tables.events]
    lists = " ".join(
        f'e{n}: participants(filter: {{eventKey: "{key}"}}) {{ nodes {{ contact {{ email }} }} }}'
        for n, key in enumerate(keys)
    )
    await ask("{ participants { nodes { event { title } } } %s }" % lists)

    assert len(ask.calls) <= 14
    assert len([call for call in walks(ask) if "event_key" not in call]) == 1


@pytest.mark.parametrize(
    ("dialect", "numbers", "calls"),
    [
        (TOTALS, [1], 1),
        (TOTALS, [1, 2], 1),
        (TOTALS, [1, 299], 2),
        (TOTALS, [101, 199, 299], 3),
        (PLAIN, [1, 299], 2),
        (WHOLE, [1, 299], 1),
    ],
)
async def test_contacts_by_their_numbers(gateway, dialect, numbers, calls):
    """A search for each, unless the list is as short."""
    ask = gateway(dialect)
    data = await ask(
        "{ %s }"
        % " ".join(
            f'c{n}: contact(by: {{customerNumber: "C-{10_000 + n}"}}) {{ databaseId }}' for n in numbers
        )
    )

    assert [contact["databaseId"] for contact in data.values()] == numbers
    assert len(ask.calls) == calls


async def test_keys_are_found_in_a_collection_too_large_to_walk(gateway):
    """Several at once as one alone."""
    ask = gateway(max_calls=3, page_size=10)
    data = await ask(
        '{ a: contact(by: {customerNumber: "C-10123"}) { databaseId }'
        ' b: contact(by: {customerNumber: "C-10234"}) { databaseId } }'
    )

    assert data == {"a": {"databaseId": 123}, "b": {"databaseId": 234}}
    assert len(ask.calls) == 3


async def test_rows_that_were_met_on_the_way_are_answered(gateway):
    """Of more rows than there are requests for, where nothing tells how many pages there are."""
    ask = gateway(PLAIN, max_calls=3, page_size=10)
    ids = [f"c{n}: contact(by: {{databaseId: {n}}}) {{ city }}" for n in (1, 12, 23, 134, 245, 256)]
    answer = await ask.answer("{ %s }" % " ".join(ids))

    assert [name for name, contact in answer["data"].items() if contact] == ["c1", "c12", "c23"]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"OPERATION_TOO_COMPLEX"}


@pytest.mark.parametrize("participants", [99, 100, 200])
async def test_the_end_of_a_full_last_page_is_seen(gateway, participants):
    """Where nothing tells totals: an empty page after a full one ends the list."""
    ask = gateway(PLAIN)
    for row in list(ask.sandbox.tables.participants)[participants:]:
        ask.sandbox.tables.participants.drop(row.id)
    await ask(SEARCH % (60, PARTICIPATIONS))

    assert len(walks(ask)) == participants // 100 + 1
