"""How many operations run: what is more than the gateway shall hold at once is refused at once."""

from types import TracebackType

from gateway.errors import OverloadedError

_RETRY_IN_S = 1.0


class Load:
    """Enter it around each operation.

    Raises (on entering):
        OverloadedError: `most` run already.
    """

    def __init__(self, most: int) -> None:
        self.running = 0
        """Operations that run."""
        self._most = most

    def __enter__(self) -> None:
        if self.running >= self._most:
            raise OverloadedError(_RETRY_IN_S)
        self.running += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running -= 1
