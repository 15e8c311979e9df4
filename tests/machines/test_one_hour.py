"""One hour for several gateways: through the public door, on one sandbox that counts."""

import asyncio
from pathlib import Path

import pytest
from keeping.wires import Wire
from machines.fleets import HOUR_S, LIMIT, READ, RESERVES, WRITE, fleet
from machines.proxies import proxy_to
from machines.servers import RedisServer

WINDOW = LIMIT - RESERVES


async def test_what_one_sends_the_others_count(redis_server: RedisServer) -> None:
    """The reserves are nobody's, so the window has 36 of 40; who asks does not matter."""
    async with fleet() as gateways:
        one, two = await gateways.add(redis_server.url), await gateways.add(redis_server.url)
        for ask in (one, two) * 5:
            await ask.answer(WRITE)
        await asyncio.sleep(0.05)
        assert gateways.sent == 10
        for ask in (one, two):
            told = (await ask("{ upstream { requestsPerHour used usedByWrites remaining } }"))["upstream"]
            assert told == {
                "requestsPerHour": LIMIT,
                "used": gateways.sent,
                "usedByWrites": gateways.sent,
                "remaining": WINDOW - gateways.sent,
            }


async def test_together_they_have_one_hour(redis_server: RedisServer) -> None:
    """Three that ask as often as they may use all of the window, and no more."""
    async with fleet() as gateways:
        for _ in range(3):
            await gateways.add(redis_server.url)
        await gateways.drive(HOUR_S * 1.6)
        assert gateways.refused == 0
        assert gateways.sent > WINDOW  # of the second hour, too


async def test_after_a_restart_it_goes_on_with_what_the_processes_know(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The window is as full as before, and open: they were in contact until the loss."""
    async with fleet(limit=None) as gateways:
        ask = await gateways.add(redis_server.url, requests_per_hour=LIMIT)
        while "errors" not in await ask.answer(WRITE):
            pass
        sent = gateways.sent
        await asyncio.to_thread(redis_server.restart)
        await asyncio.sleep(HOUR_S / 8 + 1.2)
        error = await ask.error(WRITE)
        assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
        assert gateways.sent == sent
        assert "Redis lost what it held of the hour" in caplog.text
        assert "the hour is open" in caplog.text


async def test_a_first_start_begins_empty_and_says_so(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows anything: that cannot be told from a loss of everything."""
    async with fleet() as gateways:
        ask = await gateways.add(redis_server.url)
        assert "no process knows more" in caplog.text
        await ask(READ)


async def test_a_first_start_begins_with_what_the_file_tells(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    """The one process that there was before has written it down."""
    async with fleet() as gateways:
        alone = await gateways.add(None, mirror_dir=tmp_path / "hour")
        for _ in range(6):
            await alone.answer(WRITE)
        sent = gateways.sent
    async with fleet() as gateways:
        one = await gateways.add(redis_server.url, mirror_dir=tmp_path / "hour")
        two = await gateways.add(redis_server.url)
        for ask in (one, two):
            assert (await ask("{ upstream { used } }"))["upstream"]["used"] == sent == 6


async def test_a_429_closes_the_hour_for_all(redis_server: RedisServer) -> None:
    """Whoever got it tells the others, who send nothing; who comes later hears of it too."""
    async with fleet() as gateways:
        spent = Wire(gateways.box)
        spent.fault, spent.headers = "429", {"Retry-After": "3000"}
        one, two = await gateways.add(redis_server.url, spent), await gateways.add(redis_server.url)
        await one.answer(READ)
        three = await gateways.add(redis_server.url)
        for ask in (two, three):
            error = await ask.error(READ)
            assert error["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
        assert (len(spent.begun), gateways.sent) == (1, 0)


async def test_without_redis_there_is_the_reserve_alone(redis_server: RedisServer) -> None:
    """One request of 40, in an hour of its own; metrics and readiness tell."""
    async with proxy_to(redis_server) as proxy, fleet() as gateways:
        ask = await gateways.add(proxy.url)
        await ask(READ)
        await asyncio.sleep(0.6)  # a second greeting brings the reserve
        assert (await ask.http.get("/readyz")).json() == {"status": "ready"}
        proxy.hangs = True
        before = gateways.sent
        answers = [await ask.answer(READ) for _ in range(5)]
        assert gateways.sent - before == 1
        assert ["errors" in answer for answer in answers] == [False, True, True, True, True]
        readiness = (await ask.http.get("/readyz")).json()
        assert readiness["status"] == "ready"
        assert "Redis is set aside" in readiness["warning"]
        assert "gateway_redis_up 0.0" in await ask.metrics()


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_slow_redis_costs_one_time_out(redis_server: RedisServer, *, hangs: bool) -> None:
    """And what is granted late serves who asks next; nobody waits for a Redis that hangs."""
    loop = asyncio.get_running_loop()
    async with proxy_to(redis_server) as proxy, fleet() as gateways:
        ask = await gateways.add(proxy.url)
        await ask(READ)
        proxy.delay_s, proxy.hangs = 0.2, hangs
        took: list[float] = []
        for _ in range(5):
            began = loop.time()
            await ask.answer(READ)
            took.append(loop.time() - began)
        assert sum(seconds > 0.09 for seconds in took) <= 1
        assert max(took) < 0.25


async def test_a_late_grant_serves_who_asks_next(redis_server: RedisServer) -> None:
    """It was counted when it was granted, so it is not lost."""
    async with proxy_to(redis_server) as proxy, fleet() as gateways:
        ask = await gateways.add(proxy.url, processes=1)
        proxy.delay_s = 0.15
        before = gateways.sent
        await ask.answer(READ)
        await asyncio.sleep(0.1)
        await ask.answer(READ)
        assert gateways.sent - before == 2


async def test_an_unlimited_hour_is_not_asked_for(redis_server: RedisServer) -> None:
    """Requests go out as if there were no Redis."""
    async with fleet(limit=None) as gateways:
        ask = await gateways.add(redis_server.url, requests_per_hour="unlimited")
        for _ in range(3):
            await ask(READ)
        assert gateways.sent == 3
        assert (
            len(redis_server.names()) == 4
        )  # the mark, the log, the owners, of whom there are none, a heartbeat


async def test_what_lies_in_redis_names_no_key_and_expires(redis_server: RedisServer) -> None:
    """Names are keyed hashes below the prefix."""
    async with fleet() as gateways:
        await (await gateways.add(redis_server.url, redis_prefix="acme:"))(READ)
        names = redis_server.names()
        assert len(names) >= 5
        assert all(name.startswith("acme:") for name in names)
        assert [name for name in names if redis_server.ask("PTTL", name) == b":-1"] == []
