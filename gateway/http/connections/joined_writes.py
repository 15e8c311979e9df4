"""A connection on which an answer's head goes out together with its body.

uvicorn writes the one and then the other, and asyncio sends at each write: two system calls, and two packets. They
are a tenth of the processor time of an answer from what is kept.
"""

from asyncio import AbstractEventLoop, Transport
from collections.abc import Callable
from typing import Any


class JoinedTransport(Transport):
    """A first write waits for the second, at most until the loop's next turn; nothing else waits.

    So no more than one write is held here, and whoever writes much learns from the transport below when to stop.
    """

    def __init__(
        self, transport: Transport, loop: AbstractEventLoop, is_kept: Callable[[], bool] = bool
    ) -> None:
        """`is_kept` is asked before it is closed, and whoever answers yes closes it again later."""
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._is_kept = is_kept
        self._held: bytes | bytearray | memoryview = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` with what waits, or let it wait; nothing once the connection was closed.

        uvicorn writes on where a client went away while requests that it had sent ahead waited for their turn.
        """
        if self._held:
            self._held = b"".join((self._held, data))
            self._send_held()
        else:
            self._held = data
            self._loop.call_soon(self._send_held)

    def _send_held(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)

    def close(self) -> None:
        """Close, once all is sent."""
        self._send_held()
        if not self._is_kept():
            self._transport.close()

    def write_eof(self) -> None:
        """Send nothing after this."""
        self._send_held()
        self._transport.write_eof()

    def abort(self) -> None:
        """Close at once."""
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Return whether nothing can be sent any more."""
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait."""
        return self._transport.get_write_buffer_size() + len(self._held)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport below knows of the connection."""
        return self._transport.get_extra_info(name, default)
