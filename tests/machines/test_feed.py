# pyright: basic
"""Processes of one gateway hold the same rows: one walks, and each change is told to the others."""

import asyncio
from dataclasses import replace
from math import inf

import pytest
from machines.gateways import ALL, is_quiet, processes, rows_of, until
from mirror.test_mirror import gid

from gateway.upstream.write import Write

ONE = "{ participant(by: {databaseId: %d}) { id isConfirmed } }"
CONFIRM = 'mutation { updateParticipant(input: {id: "%s", isConfirmed: %s}) { userErrors { code } } }'
DELETE = 'mutation { deleteParticipant(input: {id: "%s"}) { userErrors { code } } }'


def upstream(answer):
    """Return what an answer tells of its cost."""
    assert "errors" not in answer, answer["errors"]
    return answer["extensions"]["upstream"]


@pytest.fixture
async def running(redis_server, monkeypatch):
    """Make processes before one sandbox, with hours of a second, which open at once."""
    monkeypatch.setattr("gateway.machines.machines.HOUR_S", 1.0)
    monkeypatch.setattr("gateway.machines.link.TIMEOUT_S", 1.0)  # a busy machine is no Redis that fails
    async with processes(redis_server) as made:
        yield made


async def both(running):
    """Return two processes that hold all participants and contacts."""
    one, two = await running.start(), await running.start()
    await one.ask.answer(ALL)
    await until(lambda: is_quiet(one, two))
    return one, two


async def test_what_one_walks_all_hold(running):
    """For no request of theirs, with the walk's age."""
    one, two = await both(running)
    before = running.sandbox.count
    first, second = await one.ask.answer(ALL), await two.ask.answer(ALL)
    assert first["data"] == second["data"]
    assert running.sandbox.count == before
    assert rows_of(one) == rows_of(two)
    assert 0 <= upstream(second)["age"] - upstream(first)["age"] <= 1


async def test_a_write_through_one_is_seen_by_the_others(running):
    """At once, for no request, where the client names the version that the write's answer told."""
    one, two = await both(running)
    await until(lambda: is_quiet(one, two))
    was = (await two.ask(ONE % 5))["participant"]["isConfirmed"]
    written = await one.ask.answer(CONFIRM % (gid("Participant", 5), str(not was).lower()))
    before = running.sandbox.count
    seen = await two.ask.answer(ONE % 5, {"Gateway-At-Least": upstream(written)["version"]})
    assert seen["data"]["participant"]["isConfirmed"] is not was
    assert "behind" not in upstream(seen)
    assert upstream(seen)["version"] >= upstream(written)["version"]
    assert running.sandbox.count == before


async def test_a_deleted_row_is_gone_everywhere(running):
    """And no content of it is left in Redis."""
    one, two = await both(running)
    await one.ask.answer(DELETE % gid("Participant", 7))
    await until(lambda: is_quiet(one, two))
    before = running.sandbox.count
    assert (await two.ask(ONE % 7))["participant"] is None
    assert running.sandbox.count == before
    assert rows_of(one) == rows_of(two)


async def test_only_one_walks(running):
    """Who does not walk has the other walk for it."""
    one, two = await running.start(), await running.start()
    assert [one.feed.walks, two.feed.walks] == [True, False]
    answer = await two.ask.answer(ALL)
    assert answer["data"]["participants"]["totalCount"] > 0
    assert upstream(answer)["calls"] == 0
    await until(lambda: is_quiet(one, two))
    assert rows_of(one) == rows_of(two)


async def test_a_newcomer_asks_nothing(running):
    """It holds what the others hold before it is ready."""
    one, _ = await both(running)
    before = running.sandbox.count
    three = await running.start()
    assert rows_of(three) == rows_of(one)
    assert (await three.ask.answer(ALL))["data"] == (await one.ask.answer(ALL))["data"]
    assert running.sandbox.count == before


async def test_readiness_waits_for_the_rows(running):
    """Until they are here a load balancer sends nobody; then it stays ready, whichever keys come."""
    one = await running.start()
    one.feed.is_filled.clear()
    assert (await one.ask.http.get("/readyz")).json() == {"status": "filling"}
    one.feed.is_filled.set()
    assert (await one.ask.http.get("/readyz")).status_code == 200
    one.feed.is_filled.clear()  # as is that of a key which comes later
    assert (await one.ask.http.get("/readyz")).status_code == 200


async def test_who_walks_no_more_is_followed_by_another(running):
    """At once where it ends, else once its lease is over."""
    one, two = await both(running)
    await one.end()
    await until(lambda: two.feed.walks)


async def test_who_is_killed_is_followed_by_another(running, monkeypatch):
    """A few seconds after it was heard last."""
    monkeypatch.setattr("gateway.machines.lease.LASTS_S", 0.5)
    monkeypatch.setattr("gateway.machines.feed.BEAT_S", 0.1)
    one, two = await both(running)
    await one.kill()
    await until(lambda: two.feed.walks)
    assert not one.feed.walks


@pytest.mark.parametrize("lost", ["all", "a key"])
async def test_a_loss_of_memory_leaves_all_as_it_was(running, lost):
    """The processes tell Redis again what it held: all hold the same after it, and a newcomer as well."""
    one, two = await both(running)
    held = rows_of(one)
    version = one.feed.version
    running.redis.ask(*(["FLUSHALL"] if lost == "all" else ["DEL", one.feed.channel.keys[7]]))
    await until(lambda: one.feed.version > version and is_quiet(one, two))
    assert rows_of(one) == rows_of(two) == held
    before = running.sandbox.count
    three = await running.start()
    await until(lambda: is_quiet(one, two, three))
    assert rows_of(three) == held
    await three.ask.answer(ALL)
    assert running.sandbox.count == before


async def test_an_older_read_does_not_bring_a_deleted_row_back(running):
    """Nor another one than what was told since it was sent."""
    one, two = await both(running)
    collection = two.tenant.collection(two.tenant.records[0])
    sent_at = two.feed.channel.now()
    held = collection.find(9)
    await asyncio.sleep(0.03)
    await one.ask.answer(DELETE % gid("Participant", 9))
    await until(lambda: is_quiet(one, two))
    collection._gone.clear()  # as if it had been let go
    collection.put(held.row, sent_at, {}, {})
    assert collection.find(9) is not None
    await until(lambda: is_quiet(one, two) and collection.find(9) is None)
    assert rows_of(one) == rows_of(two)


async def test_a_version_that_nobody_reaches_is_told(running):
    """A second later, with what is held."""
    one, _ = await both(running)
    far = f"{one.feed.channel.epoch:08x}{1 << 30:010x}"
    answer = await one.ask.answer(ONE % 5, {"Gateway-At-Least": far})
    assert upstream(answer)["behind"] is True
    assert answer["data"]["participant"] is not None


async def test_without_redis_all_goes_on(running):
    """What is held answers at once; a write is told once Redis answers again."""
    one, two = await both(running)
    running.redis.pause()
    try:
        answer = await asyncio.wait_for(one.ask.answer(ALL), 1)
        assert answer["data"]["participants"]["totalCount"] > 0
        was = (await one.ask(ONE % 5))["participant"]["isConfirmed"]
        written = await one.ask.answer(CONFIRM % (gid("Participant", 5), str(not was).lower()))
        assert "version" not in upstream(written)
        assert (await one.ask(ONE % 5))["participant"]["isConfirmed"] is not was
    finally:
        running.redis.resume()
    await until(lambda: is_quiet(one, two))
    assert (await two.ask(ONE % 5))["participant"]["isConfirmed"] is not was


RENAME = 'mutation { updateContact(input: {id: "%s", city: "%s"}) { userErrors { code } } }'


def city(process):
    """Return what a process holds of one contact."""
    return rows_of(process)["contacts"][12][0].city


async def test_writes_of_two_processes_end_alike(running):
    """As PlanDocket has it, whichever came last there: who cannot know it asks."""
    one, two = await both(running)
    for number in range(8):
        writes = (one.ask, f"A{number}"), (two.ask, f"B{number}")
        await asyncio.gather(*(ask.answer(RENAME % (gid("Contact", 12), name)) for ask, name in writes))
    await until(lambda: is_quiet(one, two) and city(one) == running.sandbox.tables.contacts.get(12).city)
    assert rows_of(one) == rows_of(two)


async def test_a_walk_without_the_lease_changes_nothing(running, monkeypatch):
    """Be it that its process believes to have it: what it brought is refused, and it holds what the others hold."""
    monkeypatch.setattr("gateway.machines.feed.BEAT_S", 60.0)  # nor is it told otherwise
    one, two = await both(running)
    held = rows_of(two)
    await one.feed._lease.leave()
    await two.feed._beat()
    assert two.feed.walks
    one.feed._lease._until = inf
    row = running.sandbox.tables.participants.get(5)
    running.sandbox.tables.participants.put(replace(row, is_confirmed=not row.is_confirmed))
    assert one.feed._elsewhere.walk("participants", None)
    await until(lambda: not one.feed.channel.in_step)
    await until(lambda: is_quiet(one, two))
    assert rows_of(one) == rows_of(two) == held


async def test_a_row_that_a_killed_process_was_writing_is_asked_for(running, monkeypatch):
    """By who walks: nobody else knows that it was written."""
    monkeypatch.setattr("gateway.machines.lease.LASTS_S", 0.5)
    monkeypatch.setattr("gateway.machines.feed.BEAT_S", 0.1)
    one, two = await both(running)
    row = running.sandbox.tables.participants.get(5)
    record = two.feed.channel.records["participants"]
    async with two.feed.writing(Write("PATCH", record, 5, {"status": 1})):
        running.sandbox.tables.participants.put(replace(row, is_confirmed=not row.is_confirmed))
        while not await two.feed._link.run("return redis.call('HLEN', KEYS[7])", two.feed.channel.keys, []):  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
        await two.kill()
    await until(lambda: rows_of(one)["participants"][5][0].is_confirmed is not row.is_confirmed)


async def test_a_row_of_somebody_else_is_not_taken(running):
    """Whatever Redis mixes up: what it holds is taken as lost then, and told again."""
    one, two = await both(running)
    held, rows = rows_of(one), one.feed.channel.keys[7]
    mixed_up = "redis.call('HSET', KEYS[1], '5', redis.call('HGET', KEYS[1], '6'))"
    await one.feed._link.run(mixed_up, [rows], [])
    epoch = one.feed.channel.epoch
    three = await running.start()
    await until(lambda: one.feed.channel.epoch > epoch and is_quiet(one, two, three))
    assert rows_of(three) == rows_of(one) == held


async def test_what_is_no_entry_is_not_believed(running):
    """What Redis holds is taken as lost then, and told again."""
    one, two = await both(running)
    held, epoch = rows_of(one), one.feed.channel.epoch
    foreign = "redis.call('XADD', KEYS[2], ARGV[1], 'by', 'x', 'rows', '9:x', 'wholes', '', 'notes', '')"
    await one.feed._link.run(foreign, one.feed.channel.keys, [f"{epoch}-{one.feed.channel.n + 1}"])
    await until(lambda: one.feed.channel.epoch > epoch and is_quiet(one, two))
    assert rows_of(one) == rows_of(two) == held


async def test_who_falls_behind_reads_all_again(running):
    """What the stream has no more, the rows tell."""
    one, two = await both(running)
    two.feed.channel.in_step = False
    for name in "abc":
        await one.ask.answer(RENAME % (gid("Contact", 12), name))
    await one.feed._link.run("redis.call('XTRIM', KEYS[2], 'MAXLEN', 1)", one.feed.channel.keys, [])
    two.feed.channel.in_step = True
    await until(lambda: is_quiet(one, two))
    assert city(two) == "c"
    assert rows_of(one) == rows_of(two)


async def test_what_others_are_asked_for_counts_for_who_walks(running):
    """A second later at the latest."""
    one, two = await both(running)
    item = one.feed._elsewhere._item("participants", None)
    uses = item.uses
    for _ in range(3):
        await two.ask.answer(ALL)
    await until(lambda: item.uses >= uses + 3)


async def test_a_list_that_only_plandocket_tells_is_asked_for_after_a_write_elsewhere(running):
    """Each process keeps such lists for itself."""
    one, two = await both(running)
    search = '{ contacts(filter: {search: "%s"}) { nodes { id city } } }'
    await two.ask.answer(search % "Zwijndrecht")
    written = await one.ask.answer(RENAME % (gid("Contact", 12), "Zwijndrecht"))
    seen = await two.ask.answer(search % "Zwijndrecht", {"Gateway-At-Least": upstream(written)["version"]})
    assert gid("Contact", 12) in [node["id"] for node in seen["data"]["contacts"]["nodes"]]


async def test_nothing_stays_in_redis(running):
    """All of it ends an hour after the last process."""
    one, _ = await both(running)
    lasts = "local n = {} for _, key in ipairs(KEYS) do n[#n + 1] = redis.call('TTL', key) end return n"
    left = await one.feed._link.run(lasts, one.feed.channel.keys, [])
    assert 0 < max(left) <= 3600
    assert -1 not in left


async def test_rows_of_a_key_that_plandocket_refuses_leave_redis(running):
    """As they leave the process."""
    one = await running.start()
    await one.ask.answer(ALL)
    await until(lambda: is_quiet(one))
    link, keys = one.feed._link, one.feed.channel.keys
    running.sandbox._keys.clear()
    await one.ask.answer(CONFIRM % (gid("Participant", 5), "true"))
    await asyncio.sleep(0.3)
    assert await link.run("return redis.call('EXISTS', unpack(KEYS))", keys, []) == 0


async def test_what_one_process_alone_doubts_a_walk_of_another_settles(running):
    """As what a write with another key may have changed."""
    one, two = await both(running)
    contacts = two.tenant.collection(two.feed.channel.records["contacts"])
    with two.feed.alone():
        contacts.age("", [12], two.feed.channel.now())
    assert contacts.find(12).old
    assert not two.feed._pending
    # What is not certain of Redis' time makes a walk older: the first may have begun no later.
    await until(lambda: one.feed._elsewhere.walk("contacts", None) and not contacts.find(12).old)
    await until(lambda: is_quiet(one, two))
    assert rows_of(one) == rows_of(two)


async def test_nobody_waits_for_others_while_redis_hangs(running):
    """What only a walk answers is refused at once: nobody can be asked for it."""
    one = await running.start()
    running.redis.pause()
    try:
        await until(lambda: not one.feed._link.is_up)
        answer = await asyncio.wait_for(one.ask.answer(ALL), 2)
        assert answer["errors"][0]["extensions"]["code"] == "MIRROR_INCOMPLETE"
    finally:
        running.redis.resume()
