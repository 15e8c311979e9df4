"""An upstream that takes its time: every request is answered with one file, a fixed time after it came.

slow_upstream.py PORT FILE SECONDS
"""

import asyncio
import selectors
import sys
from pathlib import Path

_END = b"\r\n\r\n"


class Slow(asyncio.Protocol):
    """HTTP/1.1 with connections kept, for requests without a body."""

    def __init__(self, body: bytes, wait_s: float) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        self._answer = head.encode() + _END + body
        self._wait_s = wait_s
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each whole request later."""
        *whole, self._came = (self._came + data).split(_END)
        for _ in whole:
            asyncio.get_running_loop().call_later(self._wait_s, self._transport.write, self._answer)


async def main(port: int, body: bytes, wait_s: float) -> None:
    """Serve until a signal ends it."""
    server = await asyncio.get_running_loop().create_server(lambda: Slow(body, wait_s), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    # `select` waits to the microsecond, epoll to the millisecond.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes(), float(sys.argv[3])))
