"""Starts the gateway's commands on free ports of this machine, and ends them after use."""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from forks import Fork, run_fork

from gateway.sandbox import SANDBOX_KEY

GATEWAY = str(Path(sys.executable).with_name("gateway"))
"""The command itself, for tests of what only a fresh process shows; all others run in forks."""


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with these settings and no others."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PLANDOCKET_", "GATEWAY_"))
    }
    return kept | settings


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the gateway to its end, and return what it wrote."""
    return run_fork(arguments, environment(**settings))


@contextmanager
def started(*arguments: str, command: str | None = None, **settings: str) -> Generator[subprocess.Popen[str]]:
    """Start a command of the gateway, or of another program; wait until it listens, and kill it after use.

    Whoever is about its end ends it: to wait for that takes more than a second.
    """
    with _started(command, arguments, None, settings) as process:
        yield process


@contextmanager
def logged(
    log: Path, *arguments: str, command: str | None = None, **settings: str
) -> Generator[subprocess.Popen[str]]:
    """Do the same for one whose log goes to a file, and end it in peace, so that its log is whole."""
    with log.open("w") as file, _started(command, arguments, file, settings) as process:
        yield process
        process.terminate()
        process.wait(30)
    told = log.read_text()
    assert SANDBOX_KEY not in told  # as in what tests print: see conftest.py
    assert "canary-" not in told


@contextmanager
def _started(
    command: str | None, arguments: tuple[str, ...], log: IO[str] | None, settings: dict[str, str]
) -> Generator[subprocess.Popen[str]]:
    given = environment(**settings)
    if command is None:
        process = Fork(arguments, given, stdout=subprocess.PIPE, stderr=log)
    else:
        process = subprocess.Popen(  # noqa: S603
            [command, *arguments], env=given, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


@contextmanager
def demo(command: str | None = None, **settings: str) -> Generator[int]:
    """Start the demo and yield the gateway's port."""
    port, sandbox_port = free_ports(2)
    ports = ("--port", str(port), "--sandbox-port", str(sandbox_port))
    with started("demo", *ports, command=command, **settings):
        yield port
