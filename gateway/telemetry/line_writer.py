"""Lines to a stream of the process, on a thread of their own: a reader that is slow, gone or full holds up nobody.

They go to the file descriptor itself. Python's own streams keep what could not be written, try it again at the exit
and change the exit code then.
"""

import os
import select
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TextIO

_MOST_WAITING = 10_000  # what comes when so many wait is counted, not kept
_TOGETHER_S = 0.05  # lines are written so often: a thread woken for each would slow the operations
_WHOLE = (
    4_096  # bytes that come through a pipe in one piece, though others write to it. Source: pipe(7), PIPE_BUF
)
_PATIENCE_S = 1.0  # what ends waits so long for lines that nobody reads


class Lines:
    """What waits to be written to one stream. A gap stands where lines were lost, and is told once there is room."""

    def __init__(self, stream: TextIO, gap: Callable[[int], str]) -> None:
        """`gap` returns the line which says that so many are missing."""
        self.lost = 0
        """Lines that were never written."""
        self._stream = stream
        self._descriptor = _descriptor(stream)
        self._gap = gap
        # Whether a line ends in its middle, so that the next must begin on one of its own.
        self._is_torn = False
        self._waiting: deque[str | int] = deque()
        self._came = threading.Event()
        self._ends = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether a line more would be lost."""
        return len(self._waiting) >= _MOST_WAITING

    def put(self, line: str) -> None:
        """Let a line be written soon."""
        self._waiting.append(line)
        if not self._came.is_set():
            self._came.set()

    def lose(self) -> None:
        """Count a line that is not even put, for there is no room."""
        self.lost += 1
        try:
            last = self._waiting.pop()
        except IndexError:  # they were taken to be written just now
            last = 0
        self._waiting += [last + 1] if isinstance(last, int) else [last, 1]

    def flush(self) -> None:
        """Write what waits; where another thread is held up at that, leave it be after a second."""
        if not self._writing.acquire(timeout=_PATIENCE_S):
            return
        try:
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if waiting:
                self._write(waiting)
        finally:
            self._writing.release()

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._ends.set()
        self._came.set()
        self._thread.join(_PATIENCE_S)
        self.flush()

    def _run(self) -> None:
        while not self._ends.is_set():
            self._came.wait()
            self._ends.wait(_TOGETHER_S)
            self._came.clear()
            self.flush()

    def _write(self, waiting: Sequence[str | int]) -> None:
        texts = [self._gap(one) if isinstance(one, int) else one for one in waiting]
        data = [f"{text}\n".encode(errors="backslashreplace") for text in texts]
        if self._is_torn:
            data[0] = b"\n" + data[0]
        sent = self._sent(b"".join(data))
        whole = bisect_right(list(accumulate(map(len, data))), sent)
        self._is_torn = sent > sum(map(len, data[:whole])) or (self._is_torn and not sent)
        if missing := waiting[whole:]:
            self.lost += sum(isinstance(one, str) for one in missing)
            self._waiting.appendleft(sum(one if isinstance(one, int) else 1 for one in missing))

    def _sent(self, data: bytes) -> int:
        """Write lines, and return how many of their bytes there was room for."""
        if self._descriptor is None:
            return self._written(data)
        sent = 0
        while sent < len(data):
            end = data.rfind(b"\n", sent, sent + _WHOLE) + 1 or data.find(b"\n", sent) + 1
            try:
                sent += os.write(self._descriptor, data[sent:end])
            except BlockingIOError:
                if not select.select([], [self._descriptor], [], _PATIENCE_S)[1]:
                    break
            except OSError:
                break  # nobody reads any more, or the disk is full
        return sent

    def _written(self, data: bytes) -> int:
        try:
            self._stream.write(data.decode())
            self._stream.flush()
        except (OSError, ValueError):
            return 0
        return len(data)


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None
