"""The clients of the speed benchmark: wrk as fast as it goes, and an open loop at a fixed rate."""

import asyncio
import json
import selectors
import subprocess
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from servers import FailedError, Target, need

T = TypeVar("T")

CONNECTIONS = 16
_POOL = 32
_SMALLEST = 0.95
"""An answer smaller than this part of the checked one is another answer: an error, say."""

_DONE = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('\\nRESULT {"requests": %d, "us": %d, "bytes": %d, "errors": %d}\\n',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout))
end
"""
_KEYS = """
local sent, count = {}, 0
init = function()
  for n = 1, CALLERS do
    wrk.headers["X-API-Key"] = "benchmark-key-" .. n
    sent[n] = wrk.format()
  end
end
request = function()
  count = count + 1
  return sent[count % #sent + 1]
end
"""
_DOCUMENTS = """
local count = 0
local body = wrk.body
request = function()
  count = count + 1
  return wrk.format(nil, nil, nil, (body:gsub("DOCUMENT", "d" .. (count % DIFFERENT))))
end
"""
SCRIPTS = {
    "plain": "",
    "keys": _KEYS.replace("CALLERS", str(4 * CONNECTIONS)),
    "documents": _DOCUMENTS.replace("DIFFERENT", "50000"),
}


@dataclass(frozen=True)
class Driven:
    """What one run of wrk made of a server."""

    answers: int
    per_s: float

    @property
    def requests(self) -> int:
        """How many were sent: wrk leaves before the last of each connection is answered."""
        return self.answers + CONNECTIONS


class Wrk:
    """A run of wrk, one thread and 16 connections, against one target."""

    def __init__(self, target: Target, seconds: int, folder: Path, script: str = "plain") -> None:
        self._target = target
        self._least = len(target.ask()) * _SMALLEST
        lua = folder / "wrk.lua"
        lua.write_text(_lua(target) + SCRIPTS[script] + _DONE)
        address = f"http://127.0.0.1:{target.server.port}{target.path}"
        command = [need("wrk", "Debian's wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(lua)]
        self.process = subprocess.Popen([*command, address], stdout=subprocess.PIPE, text=True)  # noqa: S603

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate()

    def result(self) -> Driven:
        """Wait for the end and return what came of it.

        Raises:
            FailedError: there were errors, or answers smaller than the one that was checked.
        """
        printed, _ = self.process.communicate()
        lines = [line for line in printed.splitlines() if line.startswith("RESULT ")]
        if not lines:
            raise self._target.server.failed(f"wrk has no result: {printed}")
        told: dict[str, int] = json.loads(lines[0].removeprefix("RESULT "))
        if told["errors"] or not told["requests"]:
            raise self._target.server.failed(f"errors under load: {told}")
        if told["bytes"] / told["requests"] < self._least:
            raise self._target.server.failed(f"answers under load are too small: {told}")
        return Driven(told["requests"], told["requests"] / told["us"] * 1e6)


def drive(target: Target, seconds: int, folder: Path, script: str = "plain") -> Driven:
    """Ask as fast as it goes."""
    with Wrk(target, seconds, folder, script) as wrk:
        return wrk.result()


def _lua(target: Target) -> str:
    headers = {"Content-Type": "application/json", **target.headers}
    lines = ['wrk.method = "POST"', f"wrk.body = [==[{(target.body or b'').decode()}]==]"]
    lines += [f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items()]
    return "\n".join(lines)


def at_rate(target: Target, per_s: float, seconds: float) -> list[float]:
    """Return the latencies, in seconds, of requests sent at a fixed rate whether or not answers came.

    Each is counted from when it was due, so a server that falls behind cannot hide it.
    """
    return _run(_open_loop(target, per_s, seconds))


def mix_at_rate(targets: Sequence[tuple[str, Target]], per_s: float) -> dict[str, list[float]]:
    """Return the latencies likewise, by kind, of different requests to one server, each with its kind, in turn."""
    return _run(_mixed(targets, per_s))


def quantile(values: list[float], part: float) -> float:
    """Return the value that this part of all is not above."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(part * len(ranked)))]


def _run(work: Coroutine[Any, Any, T]) -> T:
    # `select` waits to the microsecond, epoll to the millisecond.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(work)


async def _open_loop(target: Target, per_s: float, seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    least = len(target.ask()) * _SMALLEST
    latencies: list[float] = []
    idle = asyncio.LifoQueue[_Connection]()
    connections = [await _Connection.open(target, caller) for caller in range(_POOL)]

    async def one(due: float) -> None:
        connection = await idle.get()
        size = await connection.exchange()
        latencies.append(loop.time() - due)
        if size < least:
            raise FailedError(f"{target.server.name}: an answer of {size} bytes at a fixed rate.")
        idle.put_nowait(connection)

    for connection in connections:
        await connection.exchange()
        idle.put_nowait(connection)
    began = loop.time()
    try:
        async with asyncio.TaskGroup() as group:
            for n in range(int(per_s * seconds)):
                due = began + n / per_s
                await asyncio.sleep(due - loop.time())
                group.create_task(one(due))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    for connection in connections:
        connection.close()
    return latencies


async def _mixed(targets: Sequence[tuple[str, Target]], per_s: float) -> dict[str, list[float]]:
    loop, latencies = asyncio.get_running_loop(), dict[str, list[float]]()
    idle = asyncio.Queue[_Connection]()  # in turn, or the last ones would be closed as unused
    for caller in range(_POOL):
        idle.put_nowait(await _Connection.open(targets[0][1], caller))

    async def one(kind: str, request: bytes, due: float) -> None:
        connection = await idle.get()
        await connection.exchange(request)
        latencies.setdefault(kind, []).append(loop.time() - due)
        idle.put_nowait(connection)

    began = loop.time()
    async with asyncio.TaskGroup() as group:
        for n, (kind, target) in enumerate(targets):
            due = began + n / per_s
            await asyncio.sleep(due - loop.time())
            group.create_task(one(kind, target.raw, due))
    while not idle.empty():
        idle.get_nowait().close()
    return latencies


class _Connection:
    """A caller's kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._request = request

    @classmethod
    async def open(cls, target: Target, caller: int) -> Self:
        streams = await asyncio.open_connection("127.0.0.1", target.server.port)
        return cls(*streams, target.raw_of(caller))

    async def exchange(self, request: bytes | None = None) -> int:
        """Send the request, or another, and return the size of the answer's body in bytes."""
        self._writer.write(request or self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200 "):
            raise FailedError(f"At a fixed rate an answer was {head[:60]!r}.")
        size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await self._reader.readexactly(size)
        return size

    def close(self) -> None:
        self._writer.close()
