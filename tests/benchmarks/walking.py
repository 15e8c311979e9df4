# ruff: noqa: T201 - it prints
"""How long answers take while a large tenant is walked beside them, and what one process makes of them then.

    .venv/bin/python tests/benchmarks/walking.py [--seconds 60]

The sandbox is a process of its own, with 10,000 participations and 4,000 contacts. Participations are read anew as
often as a gateway without a limit does, and a page of a hundred is asked for 300 times a second, whether answers come
or not; then as fast as it goes (wants Debian's `wrk`). Both once more with the mirror at rest.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from itertools import cycle, takewhile
from pathlib import Path
from time import monotonic
from typing import Any

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1]))

from driving import at_rate, drive, quantile
from hour_trace import LARGE, grown
from servers import Server, Target, free_port, started, url

from gateway.sandbox import SANDBOX_KEY, Sandbox

_RATE = 300
_QUERY = "{ participants(first: 100) { nodes { isConfirmed contact { email } event { title } category { title } } } }"
_ROW = "{ participant(by: {databaseId: %d}) { isConfirmed } }"
_WALKS = "{ upstream { mirror { resource rows complete age } } }"


def serve(port: int) -> None:
    """Be the sandbox."""
    uvicorn.run(grown(Sandbox(per_hour=None), LARGE).app, port=port, log_level="warning")


@contextmanager
def gateway(folder: Path, upstream: Server, fresh_s: int) -> Generator[Server]:
    """Start a gateway whose rows are fresh for so long."""
    port = free_port()
    settings = {f"GATEWAY_FRESH_{name.upper()}": str(fresh_s) for name in LARGE} | {
        "PLANDOCKET_BASE_URL": url(upstream),
        "PLANDOCKET_API_KEY": SANDBOX_KEY,
        "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
        "GATEWAY_AUTH": "none",
        "GATEWAY_LOG_LEVEL": "warning",
        "GATEWAY_PORT": str(port),
    }
    command = [str(Path(sys.executable).with_name("gateway")), "serve"]
    with started(f"gateway fresh for {fresh_s}", command, port, folder, **settings) as server:
        yield server


def asking(server: Server, query: str, variables: dict[str, Any] | None = None) -> Target:
    """Return what a client asks."""
    body = {"query": query, "variables": variables}
    return Target(server, "/graphql", json.dumps(body).encode(), {"Content-Type": "application/json"})


def warm(page: Target) -> None:
    """Ask for so many rows that participations are held whole, for a minute at the most."""
    ends_at = monotonic() + 60
    for row_id in takewhile(lambda _: monotonic() < ends_at, cycle(range(1, 1_000))):
        page.ask()
        asking(page.server, _ROW % row_id).ask()
        held = json.loads(asking(page.server, _WALKS).ask())["data"]["upstream"]["mirror"]
        if all(one["complete"] for one in held if one["resource"] == "participants"):
            return
    raise page.server.failed("participations were not walked.")


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        command = [sys.executable, __file__, "--serve", str(port)]
        with started("sandbox", command, port, folder) as upstream:
            for what, fresh_s in (("walking", 5), ("at rest", 86_400)):
                with gateway(folder, upstream, fresh_s) as server:
                    page = asking(server, _QUERY)
                    warm(page)
                    spent = upstream.cpu_s
                    took = at_rate(page, _RATE, given.seconds)
                    fast = drive(page, given.seconds, folder).answers / given.seconds
                    print(
                        f"{what}: {_RATE} a second take {quantile(took, 0.5) * 1e3:.1f} ms, p99 "
                        f"{quantile(took, 0.99) * 1e3:.1f} ms, most {max(took) * 1e3:.0f} ms; as fast as it goes "
                        f"{fast:,.0f} a second; the sandbox took {upstream.cpu_s - spent:.1f} s of processor time"
                    )


if __name__ == "__main__":
    main()
