"""A Redis of the tests' own, on a free port of this machine, which keeps nothing on disk unless it is told to."""

import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from programs import program
from serving_here import free_ports

_STARTS_WITHIN_S = 10.0


@dataclass
class RedisServer:
    """A redis-server, which can be killed and started anew where it was."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    options: tuple[str, ...] = ()
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers."""
        fixed = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        quiet = ("--appendonly", "no", "--loglevel", "warning", "--logfile", "redis.log")
        kept = () if any(option == "--save" for option in options) else ("--save", "")
        command = [program("redis-server"), *fixed, *quiet, *kept, *self.options, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        ends_at = time.monotonic() + _STARTS_WITHIN_S
        while self.ask("PING") != b"+PONG":
            assert self._process.poll() is None, "redis-server ended: see redis.log"
            assert time.monotonic() < ends_at, "redis-server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self, *options: str) -> None:
        """Let it begin with nothing, or with what is on disk."""
        self.kill()
        self.start(*options)

    def pause(self) -> None:
        """Let it take connections, and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *command: str) -> bytes:
        """Return the first line of what it answers to a command; b"" where it is not there."""
        return self._answer(command).partition(b"\r\n")[0]

    def names(self) -> list[str]:
        """Return the names of all keys."""
        return self._answer(("KEYS", "*")).decode().split("\r\n")[2::2]

    def _answer(self, command: tuple[str, ...]) -> bytes:
        parts = "".join(f"${len(part)}\r\n{part}\r\n" for part in command)
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=2) as wire:
            wire.sendall(f"*{len(command)}\r\n{parts}".encode())
            return wire.recv(65_536)
        return b""


@contextmanager
def serving(folder: Path, *options: str) -> Generator[RedisServer]:
    """Start one, and end it after use; the test is skipped where there is no redis-server, and fails in CI."""
    server = RedisServer(folder, options=options)
    server.start()
    try:
        yield server
    finally:
        server.kill()
