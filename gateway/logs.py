"""Log lines: structlog renders them, all of the process alike, on a thread of their own.

A line holds the time, the level and the id of the request that it belongs to. What a caller wrote or
read is in none: of an exception there is the type and the stack, never the text.
"""

import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.telemetry import CallDetails, OperationDetails, running

log = logging.getLogger(__name__)
_calls = logging.getLogger("gateway.calls")
_operations = logging.getLogger("gateway.operations")

Format = Literal["json", "console"]

_MOST_WAITING = 10_000  # lines; what comes when so many wait is counted, not kept
_TOGETHER_S = 0.05  # lines are written so often: a thread woken for each would slow the operations


def log_call(details: CallDetails) -> None:
    """Log a request to PlanDocket, and remember for its operation's line what PlanDocket calls one that failed."""
    operation = running.get()
    if operation is not None and details.request_id is not None:
        operation.failed_calls.append(details.request_id)
    if _calls.isEnabledFor(logging.DEBUG):
        _calls.debug("call", extra={"told": _told_of_call(details)})


def log_operation(details: OperationDetails) -> None:
    """Log an operation's line."""
    if _operations.isEnabledFor(logging.INFO):
        # As `info` does it, without a walk up the stack: one of these is made for every operation.
        record = logging.LogRecord(_operations.name, logging.INFO, __file__, 0, "operation", None, None)
        record.told = details
        _operations.handle(record)


@contextmanager
def logging_to(stream: TextIO, style: Format, level: str) -> Generator[None]:
    """Send every log line of the process to a stream, as JSON or for people; end what is begun afterwards.

    `level` is the least of the gateway's own lines. Others' are let through from "warning" on at the least, for
    they may hold addresses and headers below, and uvicorn tells there how it starts.
    """
    handler = _Lines(stream, _Formatter(style, for_terminal=stream.isatty()))
    root, own = logging.getLogger(), logging.getLogger("gateway")
    own_before = own.level
    root_before = root.handlers[:], root.level, sys.unraisablehook
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, _number(level)))
    own.setLevel(_number(level))
    sys.unraisablehook = _log_unraisable
    try:
        yield
    finally:
        root.handlers[:], level_before, sys.unraisablehook = root_before
        root.setLevel(level_before)
        own.setLevel(own_before)
        handler.close()


def log_loop_error(_: object, context: dict[str, Any]) -> None:
    """Log what asyncio found unhandled; its own handler prints the exception's text."""
    error = context.get("exception")
    log.error(
        "asyncio: %s",
        context.get("message", "unhandled"),
        exc_info=error if isinstance(error, BaseException) else None,
    )


def _log_unraisable(unraisable: Any) -> None:
    error = unraisable.exc_value
    log.error("raised where nobody could catch it", exc_info=error if error is not None else None)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _told_of_call(details: CallDetails) -> Mapping[str, Any]:
    return {
        "call": details.call,
        "outcome": details.outcome,
        "duration_ms": round(details.seconds * 1e3, 2),
        "attempt": details.attempt,
        **({"plandocket_request_id": details.request_id} if details.request_id else {}),
    }


def _told_of_operation(details: OperationDetails) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "request_id": details.request_id,
        "operation": details.name,
        "kind": details.kind,
        "outcome": details.outcome,
        "duration_ms": round(details.seconds * 1e3, 2),
        "calls": details.calls,
        "cache_hits": details.hits,
    }
    if len(details.codes) > 1:
        told["codes"] = details.codes
    if details.is_stale:
        told["stale"] = True
    for name in ("caller", "client", "client_version", "address"):
        if value := getattr(details, name):
            told[name] = value
    if details.failed_calls:
        told["plandocket_request_ids"] = details.failed_calls
    return told


class _Formatter(logging.Formatter):
    """Renders any record, whoever logged it, with structlog's renderers."""

    def __init__(self, style: Format, *, for_terminal: bool) -> None:
        super().__init__()
        self._render = _renderer(style, for_terminal=for_terminal)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        event: EventDict = {
            "event": record.getMessage(),
            "timestamp": _moment(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        if (request_id := getattr(record, "request_id", None)) is not None:
            event["request_id"] = request_id
        told = getattr(record, "told", None)
        if told is not None:
            event |= _told_of_operation(told) if isinstance(told, OperationDetails) else told
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            event["error"] = type(error).__name__
            event["stack"] = "".join(traceback.format_tb(error.__traceback__))
        wrapped: WrappedLogger = None
        return str(self._render(wrapped, record.levelname.lower(), event))


@lru_cache(maxsize=4)
def _second(unix_s: int) -> str:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _moment(unix_s: float) -> str:
    whole = int(unix_s)
    return f"{_second(whole)}.{int((unix_s - whole) * 1000):03}Z"


def _renderer(style: Format, *, for_terminal: bool) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer(_encode)
    if for_terminal:
        return structlog.dev.ConsoleRenderer()
    # In a file or pipe neither colours nor columns help, and they take five times as long.
    return structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=lambda value: type(value).__name__).decode()


class _Lines(logging.Handler):
    """Writes on a thread of its own: a terminal or pipe that is slow holds up no operation."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._stream = stream
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._came = threading.Event()
        self._ends = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="log lines", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Render the record with the request that it belongs to, and let it be written soon."""
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
            return
        if (operation := running.get()) is not None:
            record.request_id = operation.request_id
        self._waiting.append(self._line(record))
        if not self._came.is_set():
            self._came.set()

    def flush(self) -> None:
        """Write what waits; where another thread is held up at that, leave it be after a second."""
        if not self._writing.acquire(timeout=1):
            return
        try:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                lines.append(self._line(_record_of_dropped(dropped)))
            if not lines:
                return
            self._stream.write("\n".join([*lines, ""]))
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads any more: there is nowhere to say so
        finally:
            self._writing.release()

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._ends.set()
        self._came.set()
        self._thread.join(1)
        self.flush()
        super().close()

    def _run(self) -> None:
        while not self._ends.is_set():
            self._came.wait()
            self._ends.wait(_TOGETHER_S)
            self._came.clear()
            self.flush()

    def _line(self, record: logging.LogRecord) -> str:
        try:
            return self.format(record)
        except Exception as error:  # a line that cannot be written must not end the others
            return f"a log line of {record.name} cannot be written: {type(error).__name__}"


def _record_of_dropped(count: int) -> logging.LogRecord:
    text = f"{count} lines are missing here: the log is read too slowly"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, None, None)
