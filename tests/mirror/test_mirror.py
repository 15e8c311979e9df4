# pyright: basic
"""A tenant that is asked for often is held whole: what is asked then costs no request, and follows writes."""

import base64

import pytest
from asking import Time
from mirror.mirroring import hold, mirrored, quiet, told, warm

PAGE = "{ participants(first: 100) { nodes { id isConfirmed contact { email } event { title } } } }"
COUNT = '{ participants(filter: {eventKey: "%s"}) { totalCount nodes { id } } }'


def gid(kind, row_id):
    """Return a global id."""
    return base64.b64encode(f"{kind}:{row_id}".encode()).decode()


@pytest.fixture
async def held(gateway):
    """Return a gateway that holds all, and its clock."""
    time = Time()
    ask = mirrored(gateway, time)
    await hold(ask, time)
    return ask, time


QUERIES = (
    PAGE,
    "{ participants(last: 20) { nodes { id } pageInfo { hasPreviousPage } } }",
    COUNT % "spring-fair-2026",
    '{ participants(filter: {eventKey: "spring-fair-2026", isConfirmed: true}) { nodes { contact { email } } } }',
    '{ participants(filter: {customerNumber: "C-10001"}) { nodes { event { title } } } }',
    "{ participant(by: {databaseId: 1499}) { category { title } contact { email categories { title } } } }",
    "{ events(first: 50) { nodes { title participantCount } } }",
    '{ event(by: {eventKey: "spring-fair-2026"}) { participants(first: 20) { nodes { contact { email } } } } }',
    "{ events(filter: {isVisible: true}) { nodes { title openingHours } } }",
    '{ contact(by: {customerNumber: "C-10001"}) { email participations { nodes { event { title } } } } }',
    "{ categories { title parent { title } } }",
)


async def test_what_is_asked_of_a_held_tenant_costs_no_request(gateway, held):
    """And is what PlanDocket would answer."""
    ask, _ = held
    direct = gateway(ask.sandbox)
    for query in QUERIES:
        answer = await ask.answer(query)
        assert told(answer)["calls"] == 0, (query, ask.calls)
        assert answer["data"] == await direct(query), query


async def test_an_answer_tells_how_old_it_is(held):
    """In whole seconds, of the oldest request that it rests on."""
    ask, time = held
    first = told(await ask.answer(PAGE))["age"]
    time.seconds += 7.2
    assert told(await ask.answer(PAGE))["age"] in (first + 7, first + 8)


async def test_it_is_read_anew_while_it_is_asked_for(held):
    """And what somebody else changed at PlanDocket is seen within the age that was told."""
    ask, time = held
    ask.sandbox.tables.participants.drop(1)
    for _ in range(120):
        time.seconds += 2
        answer = await ask.answer("{ participants(first: 100) { nodes { id } } }")
        await quiet(ask)
        gone = gid("Participant", 1) not in {node["id"] for node in answer["data"]["participants"]["nodes"]}
        if gone:
            break
    assert gone
    assert not told(answer)["stale"]


async def test_it_is_not_while_nobody_asks(held):
    """An hour later nothing was sent; what is asked then is asked of PlanDocket."""
    ask, time = held
    before = ask.sandbox.count
    time.seconds += 3_600
    await quiet(ask)
    assert ask.sandbox.count == before
    assert told(await ask.answer(PAGE))["calls"] > 0


async def test_a_created_row_is_in_every_list(held):
    """In the order of ids, counted, and found by what it leads to."""
    ask, _ = held
    count = (await ask(COUNT % "spring-fair-2026"))["participants"]["totalCount"]
    those = {row.contact_id for row in ask.sandbox.tables.participants if row.event_id == 1}
    contact = next(row.id for row in ask.sandbox.tables.contacts if row.id not in those)
    given = f'event: {{eventKey: "spring-fair-2026"}}, contact: {{databaseId: {contact}}}'
    created = await ask(
        f"mutation {{ createParticipant(input: {{{given}}}) {{ participant {{ id }} userErrors {{ message }} }} }}"
    )
    row = created["createParticipant"]["participant"]
    await quiet(ask)
    answer = await ask.answer("{ participants(last: 1) { nodes { id } } }")
    assert answer["data"]["participants"]["nodes"] == [row]
    assert told(answer)["calls"] == 0, ask.calls
    assert (await ask(COUNT % "spring-fair-2026"))["participants"]["totalCount"] == count + 1
    assert not ask.calls


async def test_a_deleted_row_is_in_none(held):
    """Nor found by its id; and what other rows tell of it follows."""
    ask, _ = held
    events = "{ events(first: 50) { nodes { id participantCount } } }"
    before = {node["id"]: node["participantCount"] for node in (await ask(events))["events"]["nodes"]}
    event = (await ask("{ participant(by: {databaseId: 5}) { event { id } } }"))["participant"]["event"]["id"]
    await ask(
        f'mutation {{ deleteParticipant(input: {{id: "{gid("Participant", 5)}"}}) {{ userErrors {{ code }} }} }}'
    )
    await quiet(ask)
    assert await ask("{ participant(by: {databaseId: 5}) { id } }") == {"participant": None}
    after = {node["id"]: node["participantCount"] for node in (await ask(events))["events"]["nodes"]}
    assert after == {**before, event: before[event] - 1}


async def test_a_changed_row_moves_between_lists(held):
    """Into those whose filter it passes now, and out of the others; without a request."""
    ask, _ = held
    confirmed = "{ participants(filter: {isConfirmed: %s}) { totalCount } }"
    before = [(await ask(confirmed % flag))["participants"]["totalCount"] for flag in ("true", "false")]
    row = next(row for row in ask.sandbox.tables.participants if row.is_confirmed)
    change = f'id: "{gid("Participant", row.id)}", isConfirmed: false'
    await ask(f"mutation {{ updateParticipant(input: {{{change}}}) {{ userErrors {{ code }} }} }}")
    await quiet(ask)
    after = [(await ask(confirmed % flag))["participants"]["totalCount"] for flag in ("true", "false")]
    assert after == [before[0] - 1, before[1] + 1]
    assert not ask.calls


async def test_a_row_with_a_new_key_is_found_by_it(held):
    """And by the old one no more."""
    ask, _ = held
    change = f'id: "{gid("Contact", 3)}", customerNumber: "NEW-1"'
    await ask(f"mutation {{ updateContact(input: {{{change}}}) {{ userErrors {{ code }} }} }}")
    await quiet(ask)
    found = await ask('{ contact(by: {customerNumber: "NEW-1"}) { id } }')
    assert found == {"contact": {"id": gid("Contact", 3)}}


async def test_while_plandocket_fails_what_is_held_answers(gateway):
    """Marked as stale once it is older than it should be."""
    time = Time()
    ask = mirrored(gateway, time, requests_per_hour=60)
    await warm(ask, time, 60)
    time.seconds += 1_000
    answers = [await ask.answer(PAGE) for _ in range(70)]
    assert all("errors" not in answer for answer in answers)
    assert len([1 for call in ask.sandbox.requests]) <= 60


async def test_keys_hold_apart(gateway):
    """What one key's walks brought answers nobody else."""
    time = Time()
    from gateway.sandbox.app import ALL_SCOPES, SANDBOX_KEY, Sandbox

    sandbox = Sandbox(keys={SANDBOX_KEY: ALL_SCOPES, "other": ALL_SCOPES}, now=time)
    ask = mirrored(gateway, time, sandbox, api_key=None)
    headers = {"X-API-Key": SANDBOX_KEY}
    for _ in range(30):
        await ask.answer(PAGE, headers=headers)
        await ask.answer("{ participants(last: 3) { nodes { id } } }", headers=headers)
        time.seconds += 2
        await quiet(ask)
    assert told(await ask.answer(PAGE, headers={"X-API-Key": "other"}))["calls"] > 0


async def test_a_client_sees_what_is_mirrored(gateway, time: Time) -> None:
    """Rows, age and plan of each resource, at no cost."""
    ask = mirrored(gateway, time)
    query = "{ upstream { mirror { resource rows complete age nextRefresh } } }"
    found = (await ask(query))["upstream"]["mirror"]
    assert {(one["rows"], one["complete"], one["age"]) for one in found} == {(0, False, None)}
    await hold(ask, time)
    before = ask.sandbox.count
    found = {one["resource"]: one for one in (await ask(query))["upstream"]["mirror"]}
    assert ask.sandbox.count == before
    assert list(found) == ["participants", "events", "contacts", "categories"]
    whole = [one for one in found.values() if one["complete"]]
    assert len(whole) >= 3
    assert all(0 <= one["age"] <= 90 and one["nextRefresh"] for one in whole)
    assert {one["age"] for one in found.values() if one not in whole} <= {None}
    assert {name: one["rows"] for name, one in found.items()} == {
        name: len(list(getattr(ask.sandbox.tables, name))) for name in found
    }


async def test_operators_see_how_old_the_mirror_is(gateway, time: Time) -> None:
    """And how often each collection was read."""
    ask = mirrored(gateway, time)
    await hold(ask, time)
    metrics = await ask.metrics()
    assert 'gateway_mirror_walks_total{outcome="whole",resource="participants"}' in metrics
    ages = [line for line in metrics.splitlines() if line.startswith("gateway_mirror_age_seconds{")]
    assert len(ages) >= 3
    assert all(0 <= float(line.split()[-1]) <= 90 for line in ages)
