"""The scripts in Redis do what the model of them does that is searched."""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from machines.scripts_model import Kept, Scripts
from machines.servers import RedisServer
from redis import Redis

from gateway.machines.hour_script import ACCOUNT, GREET, NOTE, TAKE

_WINDOW, _OPENING = 300, 25
_SEEDS = 40
_STEPS = 60
_OWNERS = ("01", "02")
_KEYS = ("mark", "log", "owners")
_PROCESSES = ("p1", "p2", "p3")


class Both:
    """A Redis and the model of it, asked the same; the model goes by the time that Redis tells."""

    def __init__(self, server: RedisServer, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.redis: Any = Redis(port=server.port)
        self.redis.flushall()
        self.model = Scripts(self.redis.info("server")["run_id"])
        self.epoch = 0
        self.granted: list[str] = ["1.1"]

    def step(self) -> str:
        """Do one thing to both, and return what came of it; AssertionError where they differ."""
        choices: tuple[Callable[[], str], ...] = (
            self._take,
            self._take,
            self._take,
            self._greet,
            self._greet,
            self._account,
            self._note,
            self._lose,
        )
        if self.random.random() < 0.15:
            time.sleep(self.random.uniform(0, 0.04))
        return self.random.choice(choices)()

    def ask(self, script: str, owner: str, *args: Any) -> list[Any]:
        """Return what a script answers in Redis."""
        keys = (*_KEYS, f"window:{owner}", f"closed:{owner}")
        answer = self.redis.eval(script, len(keys), *keys, *args)
        return [part.decode() if isinstance(part, bytes) else part for part in answer]

    def _is_alike(self, real: Sequence[Any], model: Sequence[Any]) -> str:
        assert list(real) == list(model)
        return str(real[1])

    def _take(self) -> str:
        owner, process = self.random.choice(_OWNERS), self.random.choice(_PROCESSES)
        epoch = self.random.choice((self.epoch, self.epoch, self.epoch, 7))
        args = (
            epoch,
            process,
            owner,
            "read",
            self.random.choice((3, 6)),
            _WINDOW,
            self.random.choice((0, 50)),
        )
        real = self.ask(TAKE, owner, *args)
        if real[1] == "granted":
            self.granted.append(real[2])
        return self._is_alike(real, self.model.take(real[0], *args))

    def _greet(self) -> str:
        args = (self.random.choice(_PROCESSES), self.random.choice((0, self.epoch, 7)), 2, _WINDOW, _OPENING)
        real = self.ask(GREET, "", *args)
        self._is_alike(real, self.model.greet(real[0], *args))
        self.epoch = real[1]
        return "greeted"

    def _account(self) -> str:
        owner = self.random.choice((*_OWNERS, ""))
        source = self.random.choice(("process", "process", "file"))
        flags = (self.random.choice((0, 1)), self.random.choice((0, 1)), self.random.choice((0, 1, 2)), 100)
        words = ("read", "old.1", "90", "write", self.random.choice(self.granted), "40") if owner else ()
        args = (self.epoch, self.random.choice(_PROCESSES), source, owner, _WINDOW, _OPENING, *flags, *words)
        real = self.ask(ACCOUNT, owner, *args)
        return self._is_alike(real, self.model.account(real[0], *args))

    def _note(self) -> str:
        owner, kind = self.random.choice(_OWNERS), self.random.choice(("back", "closed", "open", "leave"))
        name = "1" if kind == "leave" else self.random.choice(self.granted)
        wait = self.random.choice((20, 80)) if kind == "closed" else 0
        args = (kind, self.random.choice(_PROCESSES), owner, "read", name, wait, _WINDOW)
        real = self.ask(NOTE, owner, *args)
        return self._is_alike(real, self.model.note(real[0], *args))

    def _lose(self) -> str:
        """Let both lose a key, or all of them, now and then."""
        owner = self.random.choice(_OWNERS)
        lost = self.random.choice(("", "", "", "mark", "log", "owners", f"window:{owner}", "all"))
        if lost == "all":
            self.redis.flushall()
            self.model.kept = Kept()
        elif lost:
            self.redis.delete(lost)
            self.model.kept.windows.pop(lost.removeprefix("window:"), None)
            self.model.kept.mark = {} if lost == "mark" else self.model.kept.mark
            self.model.kept.log = None if lost == "log" else self.model.kept.log
            self.model.kept.owners = {} if lost == "owners" else self.model.kept.owners
        return "lost something"


def test_what_is_searched_is_what_redis_does(redis_server: RedisServer) -> None:
    """The same steps give the same answers, be it that keys are lost between them; and all answers occur."""
    answers: set[str] = set()
    for seed in range(_SEEDS):
        both = Both(redis_server, seed)
        answers.update(both.step() for _ in range(_STEPS))
        both.redis.close()
    wanted = {"granted", "full", "closed", "shut", "other", "lost", "told", "known", "noted", "left"}
    assert wanted - answers == set()


def test_what_redis_reads_from_its_disk_is_not_believed(redis_server: RedisServer) -> None:
    """The mark is there, and the attempts since it was written are not: another `run_id` tells."""
    both = Both(redis_server, 0)
    greeted = both.ask(GREET, "", "p1", 0, 2, _WINDOW, 0)
    both.redis.save()
    assert both.ask(TAKE, "01", greeted[1], "p1", "01", "read", 9, _WINDOW, 0)[1] == "granted"
    both.redis.close()
    redis_server.restart()
    assert both.ask(GREET, "", "p1", greeted[1], 2, _WINDOW, 0)[1] > greeted[1]
    assert both.ask(TAKE, "01", greeted[1], "p1", "01", "read", 9, _WINDOW, 0)[1] == "other"
    both.redis.close()
