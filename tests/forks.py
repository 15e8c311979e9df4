"""Runs the gateway's commands in forks of one process that has imported them: a start takes a tenth of the time.

A fork is the command as a fresh process would be: its own arguments, environment, streams, signals and exit. What
only a fresh interpreter shows (standard streams that are closed, what is read while modules are imported, the entry
point itself) is for tests that start `serving_here.GATEWAY`.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO

_Stream = int | IO[str] | IO[bytes] | None
_FILES_PER_FORK = 4  # its three streams, and where its process id and exit code are told
_COMMAND = "gateway.cli"
_LATER = ("uvicorn.loops.uvloop", "uvicorn.lifespan.on", "typer.rich_utils")
"""What a command imports only as it runs."""


class Fork(subprocess.Popen[str]):
    """A command that runs, or has run."""

    def __init__(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        stdin: _Stream = None,
        stdout: _Stream = None,
        stderr: _Stream = None,
    ) -> None:
        self.args = ["gateway", *arguments]
        self.returncode = None  # pyright: ignore[reportAttributeAccessIssue] - as in Popen, until it ended
        self.stdin = self.stderr = None
        with ExitStack() as passed:
            streams = [_descriptor(one, number, passed) for number, one in enumerate((stdin, stdout, stderr))]
            if stdout == subprocess.PIPE:
                reads, streams[1] = os.pipe()
                passed.callback(os.close, streams[1])
                self.stdout = os.fdopen(reads)
            else:
                self.stdout = None
            self._told, theirs = socket.socketpair()
            passed.enter_context(theirs)
            socket.send_fds(_server(), [b"!"], [*streams, theirs.fileno()])
        self._told.sendall(json.dumps([self.args, dict(env), os.getcwd()]).encode())
        self._told.shutdown(socket.SHUT_WR)
        self._lines = self._told.makefile()
        self.pid = int(self._lines.readline())

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, after so many seconds at most."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = int(self._lines.readline())
            self._lines.close()
            self._told.close()
        return self.returncode


def run_fork(
    arguments: Sequence[str], env: Mapping[str, str], stdout: IO[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and return what it wrote; what goes to `stdout`, where that is given, is not."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = Fork(arguments, env, subprocess.DEVNULL, stdout or out, err)
        try:
            code = process.wait(60)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(process.args, code, out.read(), err.read())


def _descriptor(stream: _Stream, number: int, opened: ExitStack) -> int:
    if stream is None:
        return number  # that of this process, as it is now
    if stream == subprocess.DEVNULL:
        return opened.enter_context(Path(os.devnull).open("r+b", buffering=0)).fileno()
    return stream if isinstance(stream, int) else stream.fileno()


@cache
def _server() -> socket.socket:
    """Start the process that forks, once in this one, which it ends with."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _serve(asked: socket.socket) -> list[int]:
    """Fork for each request, and return in the fork with what it got; never return in this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the terminal: whoever asks ends too
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files, _, _ = socket.recv_fds(asked, 1, _FILES_PER_FORK)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            return files
        for file in files:
            os.close(file)


def _become(files: list[int]) -> None:
    """Make this process the command that is asked for, and a parent of it that tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, number = files
    with socket.socket(fileno=number) as told, told.makefile() as lines:
        sys.argv, environment, directory = json.load(lines)
        if child := os.fork():
            told.sendall(f"{child}\n".encode())
            _, status = os.waitpid(child, 0)
            told.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
            os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
    os.closerange(3, max(files) + 1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)


if __name__ == "__main__":
    gc.disable()  # what is imported stays
    for name in (_COMMAND, *_LATER):
        import_module(name)
    gc.collect()
    gc.freeze()  # or each fork's rounds would copy all of it
    gc.enable()
    _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
    import_module(_COMMAND).main()
