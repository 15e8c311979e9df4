"""The way to Redis: asked as long as it answers in time, then left alone until a heartbeat comes back.

Nobody waits for it longer than one time-out. What was asked goes on beside, for what comes late may still be of use.
"""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha1, sha256
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo
from redis.exceptions import BusyLoadingError, NoScriptError, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from gateway.errors import SettingsError
from gateway.settings.redis import RedisSettings
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.tasks import Tasks

log = logging.getLogger(__name__)

TIMEOUT_S = 0.1
"""What anybody waits for Redis at the most."""
_LATEST_S = 5.0  # an answer may come beside, then its connection is given up
_BEAT_S = 0.5
_BEAT_WHILE_DOWN_S = 0.25
_BEAT_TIMEOUT_S = 1.0  # slower than this it is of no use; what is late below that serves who asks next
_SAID_EVERY_S = 60.0
_MOST_CONNECTIONS = 64
_KEPT_POLICY = "noeviction"
_FAILURES = (RedisError, OSError, TimeoutError)

Late = Callable[[Any], None]
"""Takes an answer that came when nobody waited for it any more."""


class SetAsideError(Exception):
    """Redis is not asked at the moment: it did not answer in time, or lost what it held."""


class Link:
    """The way to Redis: after one time-out (100 ms) it is set aside until a heartbeat answers."""

    def __init__(
        self,
        settings: RedisSettings,
        clock: Clock,
        ca_file: Path | None = None,
        *,
        beat_s: float = _BEAT_S,
    ) -> None:
        """`beat_s` is how often a heartbeat goes out while Redis answers.

        Raises:
            SettingsError: the settings name no Redis, or none that redis-py understands.
        """
        address = settings.redis_address
        if address is None:
            raise SettingsError("GATEWAY_REDIS_URL: is not set: several processes share a Redis.")
        self.process = secrets.token_hex(8)
        """Which process this is; another one after each start."""
        self.is_up = False
        """Whether Redis is asked."""
        self.why = "it was not asked yet"
        """Why it is not, where it is not; no address, no password."""
        self.set_asides = 0
        """How often it was set aside."""
        self.on_up: list[Callable[[], None]] = []
        self.on_down: list[Callable[[], None]] = []
        self.on_nothing_there: list[Callable[[], None]] = []
        """Told each time that the system says that nothing listens there, or Redis that it reads its disk."""
        self._prefix = settings.redis_prefix
        self._clock = clock
        self._beat_s = beat_s
        self._tasks = Tasks()
        self._said_at = -inf
        self._has_said = False
        url = address.get_secret_value()
        self._place = urlsplit(url).hostname or "its socket"
        self._client = _client(url, ca_file)

    def key(self, owner: bytes, name: str) -> str:
        """Return the name of a key of an owner's: whose it is cannot be told by it."""
        return self._prefix + hmac.digest(owner, name.encode(), sha256).hex()[:32]

    async def open(self) -> None:
        """Begin to ask, whether Redis is there or not."""
        await self._beat()
        await self._look_at_policy()
        self._tasks.start(self._beat_on())

    async def close(self) -> None:
        """Ask nothing more."""
        self.is_up = False
        await self._tasks.end()
        await self._client.aclose()

    async def run(
        self,
        script: str,
        keys: Sequence[str],
        args: Sequence[bytes | str | int | float],
        late: Late | None = None,
    ) -> Any:
        """Return what a script answers; `late` is given what it answers when nobody waits any more.

        Raises:
            SetAsideError: Redis is not asked, or failed, or did not answer in time.
        """
        if not self.is_up:
            raise SetAsideError
        asked = self._tasks.start(self._ask(script, keys, args))
        try:
            in_time = await _in_time(asked)
        except BaseException:
            _hand_over(asked, late)
            raise
        if not in_time:
            _hand_over(asked, late)
            self._set_aside(f"it does not answer within {TIMEOUT_S * 1000:.0f} ms")
            raise SetAsideError
        return asked.result()

    async def read_stream(
        self, key: str, after: bytes | str, block_s: float = 5.0, most: int = 1_000
    ) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Return a stream's entries after an id, oldest first; waits for one, on a connection of its own.

        None came where the list is empty.

        Raises:
            SetAsideError: Redis is not asked, or failed.
        """
        found = await self.read_streams({key: after}, block_s, most)
        return found[0][1] if found else []

    async def read_streams(
        self, after: Mapping[str, bytes | str], block_s: float, most: int = 1_000
    ) -> list[tuple[str, list[tuple[bytes, dict[bytes, bytes]]]]]:
        """Return the entries of several streams after an id of each, as `read_stream` does those of one.

        Raises:
            SetAsideError: Redis is not asked, or failed.
        """
        if not self.is_up:
            raise SetAsideError
        try:
            async with asyncio.timeout(block_s + _LATEST_S):
                found = await self._client.xread(dict(after), most, max(1, round(block_s * 1000)))
        except _FAILURES as error:
            self._fail(error)
            raise SetAsideError from None
        return [(key.decode(), entries) for key, entries in found]

    async def _ask(self, script: str, keys: Sequence[str], args: Sequence[bytes | str | int | float]) -> Any:
        try:
            async with asyncio.timeout(_LATEST_S):
                try:
                    return await self._client.evalsha(_sha(script), len(keys), *keys, *args)
                except NoScriptError:
                    return await self._client.eval(script, len(keys), *keys, *args)
        except _FAILURES as error:
            self._fail(error)
            raise SetAsideError from None

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s if self.is_up else _BEAT_WHILE_DOWN_S)
            await self._beat()

    async def _beat(self) -> None:
        """Write something, for a Redis that is read only or full is of no use; set it aside, or ask it again."""
        try:
            async with asyncio.timeout(_BEAT_TIMEOUT_S):
                await self._client.set(self.key(self.process.encode(), "beat"), b"", px=10_000)
        except _FAILURES as error:
            self._fail(error)
            return
        if not self.is_up:
            self.is_up = True
            if self._has_said:
                log.warning("Redis at %s answers again", self._place)
            for told in self.on_up:
                told()

    async def _look_at_policy(self) -> None:
        """Say it where Redis may drop what it holds: nothing goes wrong, but each loss stops the hour a while."""
        if not self.is_up:
            return
        with suppress(*_FAILURES):
            async with asyncio.timeout(_LATEST_S):
                policy = (await self._client.info("memory")).get("maxmemory_policy", _KEPT_POLICY)
            if policy != _KEPT_POLICY:
                told = "Redis at %s drops keys when it is full (maxmemory-policy %s): set it to %s"
                log.warning(told, self._place, policy, _KEPT_POLICY)

    def _fail(self, error: BaseException) -> None:
        cause = error.__cause__ or error.__context__
        if isinstance(error, BusyLoadingError) or isinstance(
            cause, ConnectionRefusedError | FileNotFoundError
        ):
            for told in self.on_nothing_there:
                told()
            self._set_aside("it is not there, or begins just now")
        elif isinstance(error, TimeoutError):
            self._set_aside("it does not answer")
        else:
            self._set_aside(_sort_of(error))

    def _set_aside(self, why: str) -> None:
        was_up, self.is_up, self.why = self.is_up or not self.set_asides, False, why
        if not was_up:
            return
        self.set_asides += 1
        now = self._clock.monotonic()
        # A Redis that comes and goes would fill the log.
        self._has_said = now - self._said_at >= _SAID_EVERY_S
        if self._has_said:
            self._said_at = now
            log.warning("Redis at %s is set aside until it answers: %s", self._place, why)
        for told in self.on_down:
            told()


def _client(url: str, ca_file: Path | None) -> Any:
    """Return redis-py's client, which repeats nothing and tells Redis nothing of itself.

    Raises:
        SettingsError: it does not understand the address.
    """
    certificates = {"ssl_ca_certs": str(ca_file)} if ca_file and url.startswith("rediss:") else {}
    redis: Any = Redis  # its types leave much open
    try:
        return redis.from_url(
            url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=None,
            socket_connect_timeout=_LATEST_S,
            max_connections=_MOST_CONNECTIONS,
            driver_info=DriverInfo(name=None, lib_version=None),
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **certificates,
        )
    except (ValueError, TypeError):
        raise SettingsError(
            "GATEWAY_REDIS_URL: is no address such as redis://user:password@host:6379/0"
        ) from None


async def _in_time(asked: "asyncio.Task[Any]") -> bool:
    """Wait for an answer, and return whether it came; where this process itself was held up, once more."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait((asked,), timeout=TIMEOUT_S)
    if not asked.done() and loop.time() - began > 1.5 * TIMEOUT_S:
        await asyncio.wait((asked,), timeout=TIMEOUT_S / 2)
    return asked.done()


def _hand_over(asked: "asyncio.Task[Any]", late: Late | None) -> None:
    def hand(task: "asyncio.Task[Any]") -> None:
        if not task.cancelled() and task.exception() is None and late is not None:
            late(task.result())

    asked.add_done_callback(hand)


def _sha(script: str) -> str:
    return sha1(script.encode(), usedforsecurity=False).hexdigest()


def _sort_of(error: BaseException) -> str:
    """Return what sort of failure it is: Redis' own text may hold what was asked."""
    word = str(error).split(" ", 1)[0]
    return word if word.isupper() and word.isalpha() else type(error).__name__
