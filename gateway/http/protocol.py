"""uvicorn's HTTP/1.1, held to a size and a time for what comes before a body, and refusing in JSON.

uvicorn takes a request's line and headers at any length, and waits for them for ever.
"""

from asyncio import TimerHandle, Transport

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
    linger_s = 5.0
    """Seconds in which the rest of what was refused may come: cut off at once, a client reads no refusal."""
    _is_over = False
    _is_in_head = True
    _unread = 0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, of a head that is not complete only so many."""
        if self._is_over:
            return
        super().data_received(data)
        if self._is_in_head and not self._is_over:
            self._unread += len(data)
            if self._unread > _LARGEST_HEAD:
                self._refuse(_too_large())
            elif self._timer is None:
                self._wait()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_in_head = True
        self._unread = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a request's body."""
        self._is_in_head = False
        self._stop_waiting()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _LARGEST_HEAD:
            self._refuse(_too_large())
            raise HeadTooLargeError  # ends the parser
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not take."""
        self._refuse(bad_request("The request is not well-formed HTTP."))

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
        self._timer = self.loop.call_later(self.linger_s, self.transport.close)
        self.transport.write_eof()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.head_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self._unread:
            text = f"The request's headers did not come within {self.head_s:g} s: send them at once."
            self._refuse(RequestError(408, "REQUEST_TIMEOUT", text))
        else:
            self.transport.close()


def _too_large() -> RequestError:
    text = f"The address and headers are over {_LARGEST_HEAD:,} bytes: send the operation by POST, in a body."
    return RequestError(431, "HEADERS_TOO_LARGE", text)
