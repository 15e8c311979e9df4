# pyright: basic
"""Lists after writes through the gateway, and after others wrote behind its back: never told as fresh untruly."""

from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lists.drawn import FILTERS, gid, orders
from lists.standing import KINDS, LISTED, Standing, ids_of, standing
from lists.tenants import CITIES, COUNTRIES, TEXTS
from mirror.mirroring import quiet, told

TEXT = st.sampled_from(TEXTS)
CONTACT = st.fixed_dictionaries(
    {"id": st.integers(1, 40).map(lambda n: gid("Contact", n))},
    optional={
        **dict.fromkeys(("lastName", "companyName", "notes", "address"), TEXT),
        "city": st.sampled_from(CITIES),
        "country": st.sampled_from(COUNTRIES),
        "rating": st.integers(1, 5),
        "categories": st.lists(st.integers(1, 7).map(lambda n: {"databaseId": n}), max_size=2, unique_by=str),
    },
)
EVENT = st.fixed_dictionaries(
    {"id": st.integers(1, 8).map(lambda n: gid("Event", n))},
    optional={"title": TEXT.map(lambda text: text or "Fair"), "city": TEXT, "isVisible": st.booleans()},
)
TAKEN = st.fixed_dictionaries(
    {
        "event": st.integers(1, 8).map(lambda n: {"databaseId": n}),
        "contact": st.integers(1, 40).map(lambda n: {"databaseId": n}),
    }
)
WRITES = st.one_of(
    st.tuples(st.just("updateContact"), CONTACT),
    st.tuples(st.just("updateEvent"), EVENT),
    st.tuples(st.just("createParticipant"), TAKEN),
    st.tuples(st.just("updateParticipant"), st.builds(lambda flag: {"isConfirmed": flag}, st.booleans())),
    st.tuples(st.just("updateParticipant"), TAKEN.map(lambda taken: {"event": taken["event"]})),
    st.tuples(st.just("deleteParticipant"), st.just({})),
    st.tuples(st.just("deleteContact"), st.integers(1, 40).map(lambda n: {"id": gid("Contact", n)})),
)
ASKED = st.one_of([st.tuples(st.just(kind), FILTERS[kind], orders(kind)) for kind in KINDS])
ROUNDS = st.lists(st.tuples(WRITES, ASKED, st.booleans()), min_size=3, max_size=8)
MANY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)


async def written(held: Standing, name: str, given: dict) -> None:
    """Write, by the first participation where it is one that changes."""
    if "articipant" in name and name != "createParticipant":
        given = {**given, "id": gid("Participant", next(iter(held.oracle.tables.participants)).id)}
    kind = f"{name[0].upper()}{name[1:]}Input!"
    query = f"mutation($input: {kind}) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
    await held.ask(query, input=given)


async def told_of(held: Standing, asked) -> bool:
    """Ask for a list; return whether it is told as fresh, and then it is true."""
    kind, wanted, order = asked
    answer = await held.ask.answer(LISTED[kind], filter=wanted, orderBy=order, first=100)
    assert "errors" not in answer, answer
    if told(answer)["stale"]:
        return False
    page, expected = answer["data"][kind], held.expected(kind, wanted, order)
    assert ids_of(page) == expected[:100]
    assert page["totalCount"] == len(expected)
    return True


@MANY
@given(rounds=ROUNDS)
async def test_own_writes_are_in_every_list_that_is_told_as_fresh(module_gateway, rounds) -> None:
    """At once; and once the rows were read that a write has touched, every list is fresh."""
    held = await standing(module_gateway, 7)
    for write, asked, waits in rounds:
        await written(held, *write)
        if waits:
            await quiet(held.ask)
        await told_of(held, asked)
    await quiet(held.ask)
    for _, asked, _ in rounds:
        if not await told_of(held, asked):  # PlanDocket's own list of what is upcoming is read when asked for
            assert "'upcoming': True" in str(asked)
            await quiet(held.ask)
            assert await told_of(held, asked)


@settings(MANY, max_examples=8)
@given(asked=st.lists(ASKED, min_size=3, max_size=6), city=TEXT, number=st.integers(0, 39))
async def test_what_others_wrote_is_in_every_list_after_a_walk(module_gateway, asked, city, number) -> None:
    """Rows that changed, moved, went and came."""
    held = await standing(module_gateway, 8)
    tables = held.oracle.tables
    contacts, rows = list(tables.contacts), list(tables.participants)
    tables.contacts.put(replace(contacts[number], city=city, last_name=city, category_ids=(1,)))
    tables.participants.put(replace(rows[number], event_id=1, category_id=None, is_confirmed=True))
    tables.participants.put(replace(rows[number + 40], id=401, contact_id=contacts[number].id))
    tables.delete(rows[number + 80])
    tables.delete(contacts[(number + 1) % 40])  # with its participations: one put back would be the last
    await held.walked()
    for one in asked:
        assert await told_of(held, one)
