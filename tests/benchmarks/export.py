# ruff: noqa: T201 - it prints
"""What an export of a large tenant costs: seconds, memory, and how long others wait for their answers meanwhile.

    .venv/bin/python tests/benchmarks/export.py [--seconds 20] [--slow-s 60]

On the tenant of `screen.py`, of which 100,000 participants are exported with contact and event: first as fast as they
come, then by a reader that takes `--slow-s` seconds. Fifty operations a second are sent alone, then beside each.
"""

import argparse
import http.client
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep

sys.path.insert(0, str(Path(__file__).parents[1]))

from driving import mix_at_rate, quantile
from screen import operations, served
from servers import Server

_FIELDS = (
    "id,isConfirmed,createdAt,contact.customerNumber,contact.companyName,contact.lastName,contact.email,contact.phone,"
    "contact.city,event.title,event.dateFrom"
)
_PIECE = 65_536
_MOST_MB = 50
_MOST_TIMES = 2


def _export(server: Server, order: str, takes_s: float = 0) -> tuple[int, float]:
    """Return how many rows came, and in how many seconds; a slow reader waits after each piece."""
    began = monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request(
        "GET", f"/export/participants.csv?fields={_FIELDS}{order}", headers={"X-Requested-With": "x"}
    )
    answer = connection.getresponse()
    lines = taken = 0
    if answer.status != 200:
        raise server.failed(f"answered {answer.status}: {answer.read()[:300]!r}")
    while piece := answer.read(_PIECE):
        lines, taken = lines + piece.count(b"\n"), taken + len(piece)
        if takes_s:
            due = began + takes_s * lines / int(answer.headers["X-Total-Count"])
            sleep(max(0.0, due - monotonic()))
    connection.close()
    return lines - 1, monotonic() - began


def _p95(took: dict[str, list[float]]) -> float:
    return quantile([one for times in took.values() for one in times], 0.95) * 1e3


def _beside(server: Server, seconds: int, order: str = "", takes_s: float = 0) -> tuple[float, str]:
    """Export beside operations, again and again until they are done; return their p95, and what there is to say."""
    server.forget_peak()
    before = server.resident_mb
    is_over = Event()

    def exports() -> list[tuple[int, float]]:
        done = [_export(server, order, takes_s)]
        while not is_over.is_set():
            done.append(_export(server, order, takes_s))
        return done

    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(exports)
        took = mix_at_rate(list(operations(server, seconds)), 50)
        is_over.set()
        done = running.result()
    told = f"{done[0][0]:,} rows in {done[0][1]:.0f} s, {len(done)} times"
    return _p95(took), f"{told}, {server.peak_mb - before:.0f} MB more at the most ({_MOST_MB} wanted)"


def main() -> None:
    """Print a line for each export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--slow-s", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as server:
        _export(server, "")  # so that what is held once is held
        alone = _p95(mix_at_rate(list(operations(server, given.seconds)), 50))
        print(f"Alone, 95 % of fifty operations a second are answered within {alone:.1f} ms.")
        by_name = "&orderBy=[{%22field%22:%22CONTACT_LAST_NAME%22}]"
        by_two = "&orderBy=[{%22field%22:%22CONTACT_CITY%22},{%22field%22:%22EVENT_TITLE%22}]"
        for what, order, takes_s in (
            ("as fast as it comes", "", 0),
            ("by a related row's name", by_name, 0),
            ("by two keys", by_two, 0),
            (f"by a reader that takes {given.slow_s} s", by_name, given.slow_s),
        ):
            seconds = given.seconds if not takes_s else min(given.seconds, takes_s)
            beside, told = _beside(server, seconds, order, takes_s)
            print(f"{what:32} {told}; others {beside:.1f} ms ({_MOST_TIMES * alone:.1f} wanted)", flush=True)


if __name__ == "__main__":
    main()
