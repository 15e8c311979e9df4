"""A gateway in front of a sandbox, each a process of its own, that is asked all sorts of things."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from serving_here import free_ports, logged, started

from gateway.sandbox import SANDBOX_KEY


@dataclass(frozen=True)
class Fuzzed:
    """A gateway as it is served, and where it logs."""

    port: int
    log: Path

    def settle(self) -> None:
        """Hold it to being there still, and to having logged no exception."""
        assert httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        told = self.log.read_text()
        for word in ("Traceback", "Exception", "INTERNAL_SERVER_ERROR", "Error at"):
            assert word not in told, told[-4000:]


@contextmanager
def fuzzed(log: Path) -> Generator[Fuzzed]:
    """Serve a gateway that holds the sandbox's key, with its defaults otherwise."""
    port, sandbox_port = free_ports(2)
    settings = {
        "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
        "PLANDOCKET_API_KEY": SANDBOX_KEY,
        "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
        "GATEWAY_PORT": str(port),
    }
    with started("sandbox", "--port", str(sandbox_port)), logged(log, "serve", **settings):
        yield Fuzzed(port, log)
