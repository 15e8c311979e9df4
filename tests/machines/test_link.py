"""The way to Redis: what it costs where it fails, and what is said of it."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import trustme
from machines.proxies import proxy_to
from machines.servers import RedisServer, serving
from pydantic import SecretStr
from serving_here import free_ports

from gateway.errors import SettingsError
from gateway.machines.link import Link, SetAsideError
from gateway.settings.redis import RedisSettings
from gateway.upstream.way.clock import Clock

ECHO = "return ARGV[1]"


def link_to(url: str) -> Link:
    """Return a way to a Redis."""
    return Link(RedisSettings(redis_url=SecretStr(url)), Clock())


async def is_up(link: Link) -> None:
    """Wait until Redis is asked."""
    up = asyncio.Event()
    link.on_up.append(up.set)
    async with asyncio.timeout(5):
        if not link.is_up:
            await up.wait()


async def test_a_script_is_sent_once_and_named_then(redis_server: RedisServer) -> None:
    """Also where Redis forgot it."""
    link = link_to(redis_server.url)
    await link.open()
    assert await link.run(ECHO, (), ("one",)) == b"one"
    redis_server.ask("SCRIPT", "FLUSH")
    assert await link.run(ECHO, (), ("two",)) == b"two"
    await link.close()


async def test_after_one_time_out_it_is_not_asked_until_a_heartbeat_answers(
    redis_server: RedisServer,
) -> None:
    """A tenth of a second, once; whoever asks next waits for nothing."""
    loop = asyncio.get_running_loop()
    async with proxy_to(redis_server) as proxy:
        link = link_to(proxy.url)
        await link.open()
        ups: list[float] = []
        link.on_up.append(lambda: ups.append(loop.time()))
        proxy.hangs = True
        began = loop.time()
        for _ in range(3):
            with pytest.raises(SetAsideError):
                await link.run(ECHO, (), ("",))
        assert 0.09 < loop.time() - began < 0.3
        assert not link.is_up
        proxy.hangs = False
        await is_up(link)
        assert len(ups) == 1
        assert await link.run(ECHO, (), ("again",)) == b"again"
        await link.close()


async def test_what_answers_late_is_handed_over(redis_server: RedisServer) -> None:
    """Though whoever asked is gone."""
    came: list[bytes] = []
    async with proxy_to(redis_server) as proxy:
        link = link_to(proxy.url)
        await link.open()
        await link.run(ECHO, (), ("",))
        proxy.delay_s = 0.2
        with pytest.raises(SetAsideError):
            await link.run(ECHO, (), ("late",), late=came.append)
        await asyncio.sleep(0.2)
        assert came == [b"late"]
        await link.close()


@pytest.mark.parametrize("way", ["full", "read-only"])
async def test_a_redis_that_takes_nothing_is_set_aside(redis_server: RedisServer, way: str) -> None:
    """It answers, and is of no use."""
    link = link_to(redis_server.url)
    await link.open()
    if way == "full":
        redis_server.ask("CONFIG", "SET", "maxmemory", "1")
    else:
        redis_server.ask("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(SetAsideError):
        await link.run("return redis.call('SET', KEYS[1], 'x')", ("key",), ())
    await asyncio.sleep(0.6)
    assert not link.is_up
    assert link.why in ("OOM", "READONLY", "OutOfMemoryError", "ReadOnlyError")
    await link.close()


async def test_a_start_without_redis_waits_for_it(redis_server: RedisServer) -> None:
    """It is asked once it is there."""
    redis_server.kill()
    link = link_to(redis_server.url)
    await link.open()
    assert not link.is_up
    await asyncio.to_thread(redis_server.start)
    await is_up(link)
    await link.close()


async def test_neither_user_nor_password_is_told(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a Redis that does not take them, either."""
    link = link_to(f"redis://canary-user:canary-password@127.0.0.1:{redis_server.port}/0")
    await link.open()
    assert not link.is_up
    assert "Redis at 127.0.0.1 is set aside" in caplog.text
    assert "canary" not in caplog.text + link.why
    await link.close()


async def test_a_redis_that_drops_keys_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each would stop the hour."""
    with serving(tmp_path, "--maxmemory-policy", "allkeys-lru") as server:
        link = link_to(server.url)
        await link.open()
        await link.close()
    assert "maxmemory-policy allkeys-lru" in caplog.text
    assert "noeviction" in caplog.text


async def test_a_user_with_few_rights_is_enough(redis_server: RedisServer) -> None:
    """Those that the README names."""
    rights = ("on", ">canary-password", "~gateway:*", "+@read", "+@write", "+@scripting", "+info")
    assert redis_server.ask("ACL", "SETUSER", "gateway", *rights) == b"+OK"
    link = link_to(f"redis://gateway:canary-password@127.0.0.1:{redis_server.port}/0")
    await link.open()
    assert link.is_up
    assert await link.read_stream(link.key(b"", "log"), "0", block_s=0.01) == []
    await link.close()


async def test_tls_is_checked_by_the_authorities_that_are_named(tmp_path: Path) -> None:
    """As PlanDocket's is: by `GATEWAY_CA_FILE` besides the usual ones, and by none but them."""
    authority, [port] = trustme.CA(), free_ports(1)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("127.0.0.1")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = ("--tls-key-file", "key.pem", "--tls-cert-file", "cert.pem", "--tls-ca-cert-file", "ca.pem")
    with serving(tmp_path, "--tls-port", str(port), *files, "--tls-auth-clients", "no"):
        settings = RedisSettings(redis_url=SecretStr(f"rediss://127.0.0.1:{port}/0"))
        believed, strange = Link(settings, Clock(), tmp_path / "ca.pem"), Link(settings, Clock())
        for link in (believed, strange):
            await link.open()
        assert (believed.is_up, strange.is_up) == (True, False)
        for link in (believed, strange):
            await link.close()


def test_an_address_is_one() -> None:
    """What redis-py does not understand is refused before anything is served."""
    with pytest.raises(SettingsError, match="GATEWAY_REDIS_URL"):
        link_to("redis://127.0.0.1:port/0")
    with pytest.raises(SettingsError, match="GATEWAY_REDIS_URL"):
        Link(RedisSettings(), Clock())


def test_without_redis_py_it_is_said_how_to_install_it() -> None:
    """It is an extra: a gateway of one process does without."""
    program = """
import sys
sys.modules["redis"] = None
from gateway.app import create_app
from gateway.settings.settings import Settings
given = {"base_url": "http://plandocket.test", "redis_url": "redis://redis.test"}
create_app(Settings(base_url=given["base_url"]))
create_app(Settings(**given))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    last = done.stderr.splitlines()[-1]
    assert last.startswith("gateway.errors.SettingsError: GATEWAY_REDIS_URL: needs redis-py")
    assert "pip install '.[redis]'" in last
