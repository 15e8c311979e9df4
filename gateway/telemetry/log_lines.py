"""Log lines: structlog renders them, all of the process alike, on a thread of their own.

A line holds the time, the level and the id of the request that it belongs to. What a caller wrote or
read is in none: of an exception there is the type and the stack, never the text.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from gateway.telemetry.events import CallDetails, Operation, running
from gateway.telemetry.line_writer import Lines

log = logging.getLogger(__name__)
_calls = logging.getLogger("gateway.calls")
_operations = logging.getLogger("gateway.operations")

_ADDRESS_IS_TOLD_FOR = frozenset({"UNAUTHENTICATED", "TOO_MANY_FAILURES"})

Format = Literal["json", "console"]
Level = Literal["debug", "info", "warning", "error"]


def log_call(details: CallDetails) -> None:
    """Log a request to PlanDocket, and remember for its operation's line what PlanDocket calls one that failed."""
    operation = running.get()
    if operation is not None and details.request_id is not None:
        operation.failed_calls.append(details.request_id)
    if _calls.isEnabledFor(logging.DEBUG):
        _calls.debug("call", extra={"told": _told_of_call(details)})


def log_operation(operation: Operation) -> None:
    """Log an operation's line."""
    if _operations.isEnabledFor(logging.INFO):
        # As `info` does it, without a walk up the stack: one of these is made for every operation.
        record = logging.LogRecord(_operations.name, logging.INFO, __file__, 0, "operation", None, None)
        record.told = operation
        _operations.handle(record)


@contextmanager
def logging_to(stream: TextIO, style: Format, level: Level) -> Generator[None]:
    """Send every log line of the process to a stream, as JSON or for people; end what is begun afterwards.

    `level` is the least of the gateway's own lines. Others' are let through from "warning" on at the least, for
    they may hold addresses and headers below, and uvicorn tells there how it starts.
    """
    formatter = _Formatter(style, for_terminal=stream.isatty())
    handler = _Handler(Lines(stream, partial(_gap, formatter)), formatter)
    root, own = logging.getLogger(), logging.getLogger("gateway")
    own_before = own.level
    root_before = root.handlers[:], root.level, sys.unraisablehook, threading.excepthook
    root.handlers[:] = [handler]
    root.setLevel(max(logging.WARNING, _number(level)))
    own.setLevel(_number(level))
    sys.unraisablehook = threading.excepthook = _log_uncaught
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.handlers[:], level_before, sys.unraisablehook, threading.excepthook = root_before
        root.setLevel(level_before)
        own.setLevel(own_before)
        handler.close()


@contextmanager
def saying_to(stream: TextIO, style: Format, level: Level = "info") -> Generator[Callable[[str], None]]:
    """Yield what writes text to a stream as it is, or, where the log is in JSON, as lines of a log."""
    formatter = _Formatter(style, for_terminal=False)
    lines = Lines(stream, partial(_gap, formatter))

    def say(text: str) -> None:
        for line in text.splitlines():
            number = _number(level)
            record = logging.LogRecord("gateway", number, __file__, 0, line, None, None)
            lines.put(_line(formatter, record) if style == "json" else line)

    try:
        yield say
    finally:
        lines.close()


def lost_lines() -> int:
    """Return how many lines of the process's log were never written: there was no room, or nobody read them."""
    handlers = logging.getLogger().handlers
    return sum(handler.lines.lost for handler in handlers if isinstance(handler, _Handler))


def log_loop_error(_: object, context: dict[str, Any]) -> None:
    """Log what asyncio found unhandled; its own handler prints the exception's text."""
    error = context.get("exception")
    log.error(
        "asyncio: %s",
        context.get("message", "unhandled"),
        exc_info=error if isinstance(error, BaseException) else None,
    )


def _log_uncaught(uncaught: Any) -> None:
    error = uncaught.exc_value
    log.error("raised where nobody could catch it", exc_info=error if error is not None else None)


def _number(level: Level) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


def _told_of_call(details: CallDetails) -> Mapping[str, Any]:
    return {
        "call": details.call,
        "outcome": details.outcome,
        "duration_ms": round(details.seconds * 1e3, 2),
        "attempt": details.attempt,
        **({"plandocket_request_id": details.request_id} if details.request_id else {}),
    }


def _told_of_operation(operation: Operation) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "request_id": operation.request_id,
        "operation": operation.name,
        "kind": operation.kind,
        "outcome": operation.outcome,
        "duration_ms": round(operation.seconds * 1e3, 2),
        "calls": operation.calls,
        "cache_hits": operation.hits,
    }
    if len(operation.codes) > 1:
        told["codes"] = operation.codes
    if operation.is_stale:
        told["stale"] = True
    for name in ("caller", "client", "client_version"):
        if value := getattr(operation, name):
            told[name] = value
    if operation.address and not _ADDRESS_IS_TOLD_FOR.isdisjoint(operation.codes):
        told["address"] = operation.address
    if operation.failed_calls:
        told["plandocket_request_ids"] = operation.failed_calls
    return told


class _Formatter(logging.Formatter):
    """Renders any record, whoever logged it, with structlog's renderers."""

    def __init__(self, style: Format, *, for_terminal: bool) -> None:
        super().__init__()
        self._render = _renderer(style, for_terminal=for_terminal)

    def format(self, record: logging.LogRecord) -> str:
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
            event |= _told_of_operation(told) if isinstance(told, Operation) else told
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            event["error"] = type(error).__name__
            event["stack"] = "".join(traceback.format_tb(error.__traceback__))
        wrapped: WrappedLogger = None
        return str(self._render(wrapped, record.levelname.lower(), event))


def _moment(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _renderer(style: Format, *, for_terminal: bool) -> Processor:
    if style == "json":
        return structlog.processors.JSONRenderer(_encode)
    if for_terminal:
        return structlog.dev.ConsoleRenderer()
    # In a file or pipe neither colours nor columns help, and they take five times as long.
    return structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])


def _encode(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=lambda value: type(value).__name__).decode()


class _Handler(logging.Handler):
    """Renders each record where it is logged, with the request that it belongs to, and lets it be written."""

    def __init__(self, lines: Lines, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        if self.lines.is_full:
            self.lines.lose()
            return
        if (operation := running.get()) is not None:
            record.request_id = operation.request_id
        self.lines.put(_line(self, record))

    def flush(self) -> None:
        self.lines.flush()

    def close(self) -> None:
        self.lines.close()
        super().close()


def _line(handler: logging.Handler | logging.Formatter, record: logging.LogRecord) -> str:
    try:
        return handler.format(record)
    except Exception as error:  # a line that cannot be written must not end the others
        text = f"a log line of {record.name} cannot be written: {type(error).__name__}"
        return handler.format(logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, None, None))


def _gap(formatter: logging.Formatter, count: int) -> str:
    text = f"{count} lines are missing here: nobody read them, or there was no room"
    return _line(formatter, logging.LogRecord(__name__, logging.WARNING, __file__, 0, text, None, None))
