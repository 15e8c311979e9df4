"""uvicorn's HTTP/1.1, held to sizes and times of what comes and of what is taken, and refusing in JSON.

uvicorn takes a request's line, headers and trailers at any length, reads ahead as many requests as a client sends,
waits for them and for bodies for ever, and for clients to take their answers.
Its other implementation, over h11, has limits of its own, but takes three times the processor time: some 0.09 ms more
for each request, where a whole answer from what is kept takes 0.13 ms.
"""

import socket
import time
from asyncio import TimerHandle, Transport
from collections.abc import Callable

import httptools
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.http.connections.backlog import Backlog
from gateway.http.connections.connection_limit import Crowd
from gateway.http.connections.joined_writes import JoinedTransport
from gateway.http.headers import ALWAYS
from gateway.http.negotiation import JSON
from gateway.http.refusal import RequestError, bad_request

_LARGEST_HEAD = 65_536  # bytes
_LARGEST_BODY = 2_000_000  # twice what the endpoint takes: it refuses in its own words
_LARGEST_BESIDE = 262_144  # bytes of a request beside its body: head, trailers, and what frames its chunks
_MOST_UNSENT = (
    131_072  # bytes that the system holds: of megabytes, nobody sees for a minute what a slow client takes
)
_MOST_AHEAD = 8  # requests that are read while one before them is answered
_PIECE = 1_024  # bytes that are parsed at once beyond a body, where 64 kB are hundreds of requests
_PIECE_OF_BODY = 65_536


class _Flow(FlowControl):
    """uvicorn's, which reads on while something waits to be parsed only where it is told so.

    An operation that waits for its client to go away wants to read, whatever was read already.
    """

    is_held = False

    def resume_reading(self) -> None:
        if not self.is_held:
            super().resume_reading()


class Protocol(HttpToolsProtocol):
    """One connection."""

    head_s = 10.0
    """Seconds for a request's line and headers."""
    body_s = 15.0
    """Seconds for its body and trailers."""
    idle_s = 130.0
    """Seconds for the next request on a kept connection. Longer than proxies keep theirs, so that they are the ones who
    close: one that is closed here may be closed on a POST that is just coming, and that is sent to nobody again.

    nginx and AWS's load balancers keep an idle one for 60 s, Traefik for 90, Caddy for 120.
    Source: nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive_timeout,
    caddyserver.com/docs/caddyfile/directives/reverse_proxy#http
    """
    linger_s = 5.0
    """Seconds in which the rest of what was refused may come: cut off at once, a client reads no refusal."""
    backlog = Backlog()
    """Of all connections, since they share the process's memory."""
    crowd = Crowd()
    """All of them at the gateway's address, since they share the process's descriptors."""
    _is_over = False
    _is_in_head = True
    _is_in_body = False
    _is_resumed = False
    _refusal: RequestError | None = None
    """Of a request that must wait for the answers to those before it."""
    _beside = 0
    _in_body = 0
    _held = b""
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Begin to wait for a request."""
        super().connection_made(JoinedTransport(transport, self.loop, self._lingers))
        self.flow = self._flow = _Flow(transport)
        _hold_little(transport)
        self.timeout_keep_alive = self.idle_s
        self.crowd.count += 1
        if (refusal := self.crowd.refusal(self.loop.time())) is not None:
            self._turn_away(refusal)
        else:
            self._wait(self.head_s, self._give_up_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._is_over = True
        self._stop_waiting()
        self._held = b""
        self.crowd.count -= 1
        self.backlog.remove(self.transport)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the client does not take what is written."""
        super().pause_writing()
        self.backlog.add(self.transport, self.loop)

    def resume_writing(self) -> None:
        """Note that it does again."""
        self.backlog.remove(self.transport)
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take bytes, and parse them as far as there is room for the requests in them."""
        if self._is_over:
            return
        self._unset_keepalive_if_required()
        if self._held or len(data) > _PIECE or len(self.pipeline) >= _MOST_AHEAD:
            self._parse(self._held + data)
        else:
            self._parse_piece(data)

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        if self._refusal is not None and not self.pipeline and not self.transport.is_closing():
            self._write_refusal(self._refusal)
            return
        super().on_response_complete()
        if self._held and not self.transport.is_closing():
            self._parse(self._held)

    def _parse(self, data: bytes) -> None:
        at = 0
        while at < len(data) and len(self.pipeline) < _MOST_AHEAD and not self._is_over:
            size = max(_PIECE, min(_PIECE_OF_BODY, self._left_of_body()))
            self._parse_piece(data[at : at + size])
            at += size
        self._hold(b"" if self._is_over else data[at:])

    def _left_of_body(self) -> int:
        """Return how many bytes of a body still come, 0 where that was not told."""
        if not self._is_in_body:
            return 0
        lengths = (value for name, value in self.scope["headers"] if name == b"content-length")
        return int(next(lengths, 0)) - self._in_body

    def _hold(self, data: bytes) -> None:
        """Keep what cannot be parsed yet, and read nothing more until it is."""
        was_held, self._held, self._flow.is_held = self._flow.is_held, data, bool(data)
        if data:
            self.flow.pause_reading()
        elif was_held:
            self.flow.resume_reading()

    def _parse_piece(self, piece: bytes) -> None:
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:
            self._pass_over_upgrade(piece[upgrade.args[0] :])
        except httptools.HttpParserError:
            text = "This is not well-formed HTTP/1.1: plain HTTP is spoken at this port, not TLS."
            self._refuse(bad_request(text))
        if self._is_over:
            return
        self._beside += len(piece)
        if self._is_in_head:
            if self._beside > _LARGEST_HEAD:
                what = f"The address and headers are over {_LARGEST_HEAD:,} bytes"
                text = f"{what}: send the operation by POST, in a body."
                self._refuse(RequestError(431, "HEADERS_TOO_LARGE", text))
            self._wait(self.head_s, self._give_up_head)
        elif self._is_in_body:
            if self._beside > _LARGEST_BESIDE or self._in_body > _LARGEST_BODY:
                self._give_up_long_body()
            self._wait(self.body_s, self._give_up_body)

    def _pass_over_upgrade(self, rest: bytes) -> None:
        """Read a request's body though it asks for another protocol, which may be ignored. Source: RFC 9110, 7.8

        The parser ends such a request with its head: a new one is told the head again, without that.
        """
        head = [b"POST / HTTP/1.1\r\n"]
        for name, value in self.scope["headers"]:
            if name in (b"content-length", b"transfer-encoding"):
                head += [name, b": ", value, b"\r\n"]
        self.parser = httptools.HttpRequestParser(self)
        self._is_in_body = self.cycle.more_body = self._is_resumed = True
        self._parse_piece(b"".join([*head, b"\r\n"]))
        self._is_resumed = False
        if not self._is_over:
            self._parse_piece(rest)

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._is_resumed:
            return
        self._is_in_head = True
        self._beside = self._in_body = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin a request's body."""
        if self._is_resumed:
            return
        self._is_in_head = False
        self._is_in_body = True
        self._stop_waiting()
        super().on_headers_complete()
        self.headers = []  # of trailers, which nobody reads

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._beside -= len(body)
        self._in_body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def _refuse(self, error: RequestError) -> None:
        if self._is_over or self.transport.is_closing():
            return
        if self._answers_others():
            self._is_over, self._refusal = True, error
        else:
            self._write_refusal(error)

    def _turn_away(self, error: RequestError) -> None:
        if self.crowd.is_beyond_words:
            self._is_over = True
            self.transport.abort()
            return
        self.linger_s = min(self.linger_s, 1.0)
        self._write_refusal(error)

    def _write_refusal(self, error: RequestError) -> None:
        headers = (
            (b"content-type", JSON.encode()),
            (b"content-length", str(len(error.body)).encode()),
            (b"connection", b"close"),
            *((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()),
            *ALWAYS,
        )
        lines = [b": ".join(header) for header in headers]
        head = STATUS_LINE[error.status] + b"\r\n".join(lines) + b"\r\n\r\n"
        self.transport.write(head + error.body)
        self._end()

    def _answers_others(self) -> bool:
        """Return whether requests before what is refused still wait for their answers, and forget what is refused."""
        if self._is_in_head:
            return self.cycle is not None and not self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison] - it is, before a request
        if self.pipeline:
            self.pipeline.popleft()
            return True
        return False

    def _end(self) -> None:
        """Answer nothing more, and drop what still comes."""
        self._is_over = True
        if self.cycle is not None:  # pyright: ignore[reportUnnecessaryComparison] - it is, before a request
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._stop_waiting()
        self._unset_keepalive_if_required()
        self._hold(b"")
        self.flow.resume_reading()
        self._wait(self.linger_s, self.transport.close)
        self.transport.write_eof()

    def _lingers(self) -> bool:
        """Return whether a connection that is to be closed stays open: the body of what was answered still comes."""
        still_comes = self._is_in_body and not self._is_over and self.cycle.response_complete
        if still_comes:
            self._end()
        return still_comes

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up_head(self) -> None:
        if self._beside:
            self._refuse(_timed_out(f"headers did not come within {self.head_s:g} s"))
        else:
            self.transport.close()

    def _give_up_body(self) -> None:
        if self.cycle.response_started:
            self._end()
        else:
            self._refuse(_timed_out(f"body did not come within {self.body_s:g} s"))

    def _give_up_long_body(self) -> None:
        if self.cycle.response_started:
            self._end()
        else:
            text = f"The request comes to over {_LARGEST_BODY:,} bytes: send less, or several requests."
            self._refuse(RequestError(413, "PAYLOAD_TOO_LARGE", text))


class Shared(Protocol):
    """One at an address that several processes take connections of.

    The first that wakes would take all that come at once, before another is awake. So each leaves the processor for the
    shortest time there is, some 60 us, whenever it has taken one: of 16 at once, two workers have 6 to 10 each then.
    """

    def connection_made(self, transport: Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Let others take the next, and begin to wait for a request."""
        time.sleep(1e-6)
        super().connection_made(transport)


class Beside(Protocol):
    """One at another address of the process: it is taken also where those of the gateway's are too many."""

    crowd = Crowd()


def _hold_little(transport: Transport) -> None:
    """Let the system take of what is written only what is to be sent soon, as far as it can be told that."""
    connection, option = transport.get_extra_info("socket"), getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if (
        option is not None
        and connection is not None
        and connection.family in (socket.AF_INET, socket.AF_INET6)
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, _MOST_UNSENT)


def _timed_out(what: str) -> RequestError:
    return RequestError(408, "REQUEST_TIMEOUT", f"The request's {what}: send it at once.")
