"""uvicorn's HTTP/1.1, held to a size of what comes before a body and to a time for both, and refusing in JSON.

uvicorn takes a request's line and headers at any length, and waits for them and for bodies for ever.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.http.headers import ALWAYS
from gateway.http.negotiation import JSON
from gateway.http.refusal import RequestError, bad_request

_LARGEST_HEAD = 65_536  # bytes


class HeadTooLargeError(Exception):
    """A request's line and headers are too long."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    head_s = 10.0
    """Seconds for a request's line and headers."""
    body_s = 15.0
    """Seconds for its body."""
    linger_s = 5.0
    """Seconds in which the rest of what was refused may come: cut off at once, a client reads no refusal."""
    _is_over = False
    _is_in_head = True
    _is_in_body = False
    _unread = 0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait(self.head_s, self._give_up_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and wait for more of a request that is not complete."""
        if self._is_over:
            return
        super().data_received(data)
        if self._is_in_head:
            self._unread += len(data)
            if self._unread > _LARGEST_HEAD:
                self._refuse(_too_large())
            self._wait(self.head_s, self._give_up_head)
        elif self._is_in_body:
            self._wait(self.body_s, self._give_up_body)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_in_head = True
        self._unread = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a request's body."""
        self._is_in_head = False
        self._is_in_body = True
        self._stop_waiting()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _LARGEST_HEAD:
            self._refuse(_too_large())
            raise HeadTooLargeError  # ends the parser
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to another protocol."""
        self._is_in_body = False
        self._stop_waiting()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not take."""
        self._refuse(
            bad_request("This is not well-formed HTTP/1.1: plain HTTP is spoken at this port, not TLS.")
        )

    def _refuse(self, error: RequestError) -> None:
        if self._is_over or self.transport.is_closing():
            return
        headers = (
            (b"content-type", JSON.encode()),
            (b"content-length", str(len(error.body)).encode()),
            (b"connection", b"close"),
            *ALWAYS,
        )
        lines = [b": ".join(header) for header in headers]
        head = STATUS_LINE[error.status] + b"\r\n".join(lines) + b"\r\n\r\n"
        self.transport.write(head + error.body)
        self._end()

    def _end(self) -> None:
        """Answer nothing more, and drop what still comes."""
        self._is_over = True
        if self.cycle is not None:  # pyright: ignore[reportUnnecessaryComparison] - it is, before a request
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._stop_waiting()
        self._unset_keepalive_if_required()
        self._wait(self.linger_s, self.transport.close)
        self.transport.write_eof()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up_head(self) -> None:
        if self._unread:
            self._refuse(_timed_out(f"headers did not come within {self.head_s:g} s"))
        else:
            self.transport.close()

    def _give_up_body(self) -> None:
        if self.cycle.response_started:
            self.transport.close()
        else:
            self._refuse(_timed_out(f"body did not come within {self.body_s:g} s"))


def _too_large() -> RequestError:
    text = f"The address and headers are over {_LARGEST_HEAD:,} bytes: send the operation by POST, in a body."
    return RequestError(431, "HEADERS_TOO_LARGE", text)


def _timed_out(what: str) -> RequestError:
    return RequestError(408, "REQUEST_TIMEOUT", f"The request's {what}: send it at once.")
