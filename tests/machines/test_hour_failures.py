"""Whatever fails of Redis and the ways to it, several gateways together never exceed the hour: a sandbox counts."""

import asyncio
from collections.abc import Callable

import pytest
from machines.fleets import HOUR_S, LIMIT, RESERVES, fleet
from machines.proxies import Proxy, proxy_to
from machines.servers import RedisServer

WINDOW = LIMIT - RESERVES
_DROP_WINDOW = """
for _, name in ipairs(redis.call('KEYS', '*')) do
    local members = redis.call('TYPE', name).ok == 'zset' and redis.call('ZRANGE', name, 0, -1) or {}
    for _, member in ipairs(members) do
        if string.find(member, 'mark:') then return redis.call('DEL', name) end
    end
end
"""


def _restart(server: RedisServer, _: list[Proxy]) -> None:
    server.restart()


def _flush(server: RedisServer, _: list[Proxy]) -> None:
    server.ask("FLUSHALL")


def _evict(server: RedisServer, _: list[Proxy]) -> None:
    assert server.ask("EVAL", _DROP_WINDOW, "0") == b":1"


def _cut_one(_: RedisServer, proxies: list[Proxy]) -> None:
    proxies[0].hangs = True


def _cut_all(_: RedisServer, proxies: list[Proxy]) -> None:
    for proxy in proxies:
        proxy.hangs = True


def _mend(_: RedisServer, proxies: list[Proxy]) -> None:
    for proxy in proxies:
        proxy.hangs = False


@pytest.mark.parametrize(
    "fails", [_restart, _flush, _evict, _cut_one, _cut_all], ids=lambda fails: fails.__name__
)
async def test_whatever_fails_no_hour_has_more(
    redis_server: RedisServer, fails: Callable[[RedisServer, list[Proxy]], None]
) -> None:
    """Redis restarted empty, flushed, evicting; processes cut off from it, one or all, until it is mended."""
    async with proxy_to(redis_server) as first, proxy_to(redis_server) as second, fleet() as gateways:
        proxies = [first, second]
        for proxy in proxies:
            await gateways.add(proxy.url)
        begun = gateways.sent

        async def fail() -> None:
            await asyncio.to_thread(fails, redis_server, proxies)

        async def mend() -> None:
            await asyncio.to_thread(_mend, redis_server, proxies)

        await gateways.drive(HOUR_S * 1.7, (HOUR_S * 0.3, fail), (HOUR_S * 0.8, mend))
        assert gateways.refused == 0
        assert gateways.sent - begun > WINDOW  # it went on afterwards
