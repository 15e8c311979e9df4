# pyright: basic
"""Addresses that hold once, where several processes are one gateway: any of them gives the file, and one alone."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

import pytest
from asking import Ask, Time
from export.downloading import TOKENS, bearer, download, error, follow, promised, table
from export.test_one_time import GONE, READ
from machines.fleets import PACE, fleet
from machines.proxies import proxy_to
from machines.servers import RedisServer, serving

from gateway.sandbox import SANDBOX_KEY

ASKED = {"filter": {"search": "Nobody-Of-This-Name"}, "fields": "id,contact.lastName"}


@pytest.fixture
def redis_server(tmp_path) -> Iterator[RedisServer]:
    """Start a Redis that writes what it holds as it is."""
    with serving(tmp_path, "--rdbcompression", "no") as server:
        yield server


@pytest.fixture
def gateways(time: Time, tmp_path):
    """Return what makes two gateways of one Redis, the first by a way of its own."""
    file = tmp_path / "tokens"
    file.write_text("\n".join(made.line for made in TOKENS.values()))
    settings = {"mirror": "on", "requests_per_hour": "unlimited", "auth": "tokens", "tokens_file": file}

    @asynccontextmanager
    async def make(first: str, second: str) -> AsyncGenerator[list[Ask]]:
        async with fleet(limit=None) as gateways:
            still = time.clock.monotonic
            # The hour opens within a second; what one process reads reaches others by clocks that go on.
            clock = replace(time.clock, pace=PACE, monotonic=lambda: still() + monotonic())
            yield [await gateways.add(url, clock=clock, **settings) for url in (first, second)]

    return make


def lying(server: RedisServer) -> list[str]:
    """Return the names of what lies in Redis encrypted: all else is shorter, or no string."""
    return [name for name in server.names() if server.ask("GETRANGE", name, "0", "99") == b"$100"]


async def test_any_process_gives_the_file_once(redis_server: RedisServer, gateways) -> None:
    """The one that was posted to and the other, in whatever order; asked at once, one of them."""
    async with gateways(redis_server.url, redis_server.url) as (one, two):
        whole = table(await download(one, "events.csv", READ))
        for here, there in ((one, two), (two, one), (one, one)):
            answer = await promised(here, "events.csv", READ)
            assert table(await follow(there, answer)) == whole
            for ask in (one, two):
                assert error(await follow(ask, answer)) == GONE
        answer = await promised(one, "events.csv", READ)
        statuses = [
            got.status_code for got in await asyncio.gather(*(follow(ask, answer) for ask in (one, two)))
        ]
        assert sorted(statuses) == [200, 404]


async def test_any_process_knows_whose_it_is(redis_server: RedisServer, gateways) -> None:
    """Another's token is refused and uses it up; roles are those of who posted."""
    async with gateways(redis_server.url, redis_server.url) as (one, two):
        answer = await promised(one, "events.csv", READ)
        assert error(await follow(two, answer, bearer("read events")))[:2] == (403, "FORBIDDEN")
        assert error(await follow(one, answer)) == GONE
        assert (await follow(two, await promised(one, "events.csv", READ), READ)).status_code == 200
        files = [
            table(await follow(two, await promised(one, "contacts.csv", bearer(roles))))
            for roles in ("read", "read sensitive")
        ]
        assert set(files[1][0]) - set(files[0][0]) == {"notes", "rating", "taxId"}


async def test_any_process_forgets_it_after_sixty_seconds(
    redis_server: RedisServer, gateways, time: Time
) -> None:
    """Redis counts them for all, and the one that gave it by its own clock too."""
    async with gateways(redis_server.url, redis_server.url) as (one, two):
        answer = await promised(one, "events.csv", READ)
        [name] = lying(redis_server)
        assert 50_000 < int(redis_server.ask("PTTL", name)[1:]) <= 60_000
        time.seconds += 60
        assert error(await follow(one, answer)) == GONE
        redis_server.ask("PEXPIRE", name, "0")
        assert error(await follow(two, answer)) == GONE


async def test_the_last_hundred_hold_anywhere(redis_server: RedisServer, gateways) -> None:
    """The first of 101 does not, wherever it is asked for."""
    async with gateways(redis_server.url, redis_server.url) as (one, two):
        first, second, *_ = [await promised(one, "events.csv", READ) for _ in range(101)]
        assert len(lying(redis_server)) == 100
        assert error(await follow(two, first)) == GONE
        assert (await follow(two, second)).status_code == 200


async def test_where_redis_hangs_the_process_that_gave_it_has_it(redis_server: RedisServer, gateways) -> None:
    """Once too, though Redis may take late what it was told."""
    async with proxy_to(redis_server) as proxy, gateways(proxy.url, redis_server.url) as (one, two):
        there = await promised(one, "events.csv", READ)
        proxy.hangs = True
        answers = [await promised(one, "events.csv", READ) for _ in range(2)]
        assert error(await follow(one, there)) == GONE
        assert (await follow(one, await promised(one, "events.csv", READ))).status_code == 200
        proxy.hangs = False
        async with asyncio.timeout(5):
            while len(await asyncio.to_thread(lying, redis_server)) < 2:
                pass  # what was there before, and what came late
        for answer in answers:
            assert error(await follow(two, answer)) == GONE
            assert (await follow(one, answer)).status_code == 200
            assert error(await follow(one, answer)) == GONE


async def test_who_reads_redis_learns_nothing(
    redis_server: RedisServer, gateways, caplog: pytest.LogCaptureFixture, tmp_path
) -> None:
    """Neither key nor token, nor what was asked for, nor by which address it is given; nor does the log tell."""
    caplog.set_level(logging.DEBUG)
    token = TOKENS["read"].token.get_secret_value()
    async with gateways(redis_server.url, redis_server.url) as (one, two):
        answer = await promised(one, "participants.csv", READ, **ASKED)
        secret = answer.json()["url"].partition("=")[2]
        assert len(lying(redis_server)) == 1
        redis_server.ask("SET", "control", "what is readable")
        assert redis_server.ask("SAVE") == b"+OK"
        assert (await follow(two, answer)).status_code == 200
    held = (tmp_path / "dump.rdb").read_bytes()
    assert b"what is readable" in held
    told = (token, SANDBOX_KEY, secret, "Nobody-Of-This-Name", "lastName")
    assert [text for text in told if text.encode() in held] == []
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "ExportParticipant" in logged
    assert [text for text in (token, SANDBOX_KEY, secret) if text in logged] == []


async def test_what_was_changed_in_redis_is_nothing(redis_server: RedisServer, gateways) -> None:
    """Whoever writes there cannot make a caller of themselves: not even with what another address stands for."""
    async with gateways(redis_server.url, redis_server.url) as (one, two):
        answer = await promised(one, "events.csv", READ)
        [name] = lying(redis_server)
        other = await promised(one, "events.csv", bearer("read events"))
        [another] = {*lying(redis_server)} - {name}
        redis_server.ask("COPY", another, name, "REPLACE")
        assert error(await follow(two, answer)) == GONE
        assert (await follow(two, other)).status_code == 200
