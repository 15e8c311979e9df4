# pyright: basic
"""The demo starts on systems that lack what Linux has: tried by taking that away."""

import httpx
import pytest
from serving_here import GATEWAY, free_ports, logged

ABSENT = {
    "macOS": """
import time
del time.CLOCK_BOOTTIME
""",
    "Windows": """
import asyncio, enum, signal, sys, time, types
del time.CLOCK_BOOTTIME
for name in ("fcntl", "resource", "uvloop", "pwd", "grp"):
    sys.modules[name] = None
locks = types.ModuleType("msvcrt")
locks.LK_NBLCK, locks.locking = 2, lambda descriptor, mode, count: None
sys.modules["msvcrt"] = locks
kept = ("SIGINT", "SIGTERM", "SIGABRT", "SIGFPE", "SIGILL", "SIGSEGV")
signal.Signals = enum.IntEnum("Signals", {name: int(getattr(signal, name)) for name in kept})
signal.valid_signals = lambda: set(signal.Signals)
for name in [name for name in dir(signal) if name.startswith("SIG") and name[3] != "_" and name not in kept]:
    delattr(signal, name)


def refuse(*given):
    raise NotImplementedError


asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler = refuse
asyncio.unix_events._UnixSelectorEventLoop.remove_signal_handler = refuse
""",
}


@pytest.mark.parametrize("system", ABSENT)
def test_the_demo_starts_answers_and_ends(tmp_path, system):
    """With a folder, too: it is locked in the way that the system has."""
    (tmp_path / "sitecustomize.py").write_text(ABSENT[system])
    port, sandbox_port = free_ports(2)
    ports = ("--port", str(port), "--sandbox-port", str(sandbox_port))
    given = {"PYTHONPATH": str(tmp_path), "GATEWAY_MIRROR_DIR": str(tmp_path / "mirror")}
    log = tmp_path / "log"
    with logged(log, "demo", *ports, command=GATEWAY, **given):
        query = {"query": "{ events(first: 1) { nodes { title } } }"}
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=query).json()
        assert answer["data"]["events"]["nodes"]
    assert "Traceback" not in log.read_text()
