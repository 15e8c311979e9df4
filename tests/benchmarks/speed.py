"""How fast the gateway answers, beside what people would pick instead, on one static upstream.

    .venv/bin/python tests/benchmarks/speed.py [--seconds 5] [--rounds 5] [--only warm,cold,...]

Needs Debian's wrk, nginx-light and redis-server, and Node.js with npm for Apollo Server and Mercurius. Every server is
one process but where two workers are measured; wrk drives each in turn, in rounds, and medians are printed.
`--documents 10` adds ten minutes of load with 50,000 different documents.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from driving import Driven, Wrk, at_rate, drive, quantile
from page import PAGES, Json, nodes_of, write_page
from servers import FIRST_CALLER, FailedError, Fleet, MissingError, Target, install_peers, need
from versions import versions

_FIELDS = "id isConfirmed contact { id firstName lastName email } event { id title city }"
_BARE = f"{{ participants(first: ROWS) {{ nodes {{ {_FIELDS} }} }} }}"
_RELAY = """{ participants(first: ROWS) { edges { cursor node { __typename id isConfirmed
  contact { __typename id firstName lastName email } event { __typename id title city } } }
  pageInfo { hasNextPage endCursor } } }"""
_MANY = _BARE.replace("{ participants", "query DOCUMENT { DOCUMENT: participants", 1)

_PER_S = 200  # below what any of those measured at it can answer
_SLOW_PER_S = 50


@dataclass(frozen=True)
class Line:
    """A server in one mode, driven by one query: a line of the table."""

    label: str
    server: str
    query: str = _BARE
    pages: tuple[int, ...] = PAGES
    script: str = "plain"
    variables: bool = False
    """Whether it is sent with variables, which the script changes; the query does not use them."""


LINES = {
    "warm": Line("gateway, warm", "warm"),
    "relay": Line("gateway, warm, as Relay asks", "warm", _RELAY, (100,)),
    # From rows that are kept, but executed each time: what a repeated query gains from its kept result is not in here.
    "varied": Line(
        "gateway, warm, other variables in every request", "warm", script="documents", variables=True
    ),
    "logged": Line("gateway, warm, a log line for each", "warm logged", pages=(100,)),
    "redis": Line("gateway, warm, with Redis", "warm redis", pages=(100,)),
    "workers": Line("gateway, warm, two workers", "warm workers", pages=(100,)),
    # Equal reads of one key at the same time are one request: so that none are, each has another key.
    "cold": Line("gateway, cold, other keys at the same time", "cold", script="keys"),
    "shared": Line("gateway, cold, one key", "shared"),
    "plain-warm": Line("plain Strawberry, warm", "plain warm"),
    "plain-cold": Line("plain Strawberry, cold", "plain cold", script="keys"),
    "mercurius": Line("Mercurius + JIT", "mercurius"),
    "apollo": Line("Apollo Server + DataLoader", "apollo"),
    "floor": Line("uvicorn, a constant body", "floor"),
}
RATED = ("warm", "cold", "mercurius", "floor")
_IN_NODE = {"mercurius", "apollo"}
NAMES = (*LINES, "rate", "added", "documents")


@dataclass(frozen=True)
class Options:
    """What the caller asked for."""

    seconds: int
    rounds: int
    pages: tuple[int, ...]
    only: frozenset[str]
    documents: float


def main() -> int:
    """Measure and print."""
    options = _options()
    signal.signal(signal.SIGTERM, _end)
    try:
        need("wrk", "Debian's wrk")
        if options.only & _IN_NODE:
            install_peers()
        with tempfile.TemporaryDirectory(prefix="speed-") as folder:
            _measure(options, Path(folder))
    except (MissingError, FailedError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _end(_number: int, _frame: object) -> None:
    sys.exit(1)  # through every `with`, so that the servers end too


def _measure(options: Options, folder: Path) -> None:
    page = write_page(folder)
    with Fleet(folder, folder / "page.json", folder / "bodies") as fleet:
        _say(versions(with_node=bool(options.only & _IN_NODE)))
        bench = Bench(options, fleet, folder, page)
        bench.drive_all()
        bench.say_table()
        if "rate" in options.only:
            bench.say_rates()
        if "added" in options.only:
            bench.say_added()
        bench.say_ratios()
        if options.documents and "documents" in options.only:
            bench.say_documents()


class Bench:
    """The measurements, and what they gave."""

    def __init__(self, options: Options, fleet: Fleet, folder: Path, page: list[Json]) -> None:
        self._options = options
        self._fleet = fleet
        self._folder = folder
        self._page = page
        self._names = [name for name in LINES if name in options.only]
        self._per_s: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._cpu_ms: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._upstream: dict[tuple[str, int], list[float]] = defaultdict(list)
        self._added_ms: tuple[float, float] | None = None

    def drive_all(self) -> None:
        """Drive every line's server in turn, in rounds, after a second each to warm up."""
        for name in self._names:
            self._drive(name, self._pages(name)[-1], 1)
        for number in range(self._options.rounds if self._names else 0):
            for name in self._names:
                for rows in self._pages(name):
                    self._note(name, rows)
            print(f"round {number + 1} of {self._options.rounds} done", file=sys.stderr)  # noqa: T201

    def _note(self, name: str, rows: int) -> None:
        """Drive once, and keep what came of it."""
        server, nginx = self._fleet.server(LINES[name].server), self._fleet.nginx
        spent, asked = server.cpu_s, nginx.requests()
        driven = self._drive(name, rows, self._options.seconds)
        key = (name, rows)
        self._per_s[key].append(driven.per_s)
        self._cpu_ms[key].append((server.cpu_s - spent) * 1e3 / driven.requests)
        self._upstream[key].append((nginx.requests() - asked) / driven.requests)

    def say_table(self) -> None:
        """Print requests a second, and what they cost."""
        if not self._names:
            return
        pages = self._options.pages
        last = pages[-1]
        _say(f"\nRequests/s, medians of {self._options.rounds} rounds of {self._options.seconds} s\n")
        heads = [
            *("server", *(f"page of {rows}" for rows in pages), f"{last}: lowest-highest"),
            *(f"{last}: CPU ms/request", f"{last}: upstream requests/query", "MB after"),
        ]
        _say_row(heads)
        _say_row(["---"] * len(heads))
        for name in self._names:
            per_s = self._per_s[name, last]
            cells = [_number(self._median(name, rows)) for rows in pages]
            cells.append(f"{min(per_s):,.0f}-{max(per_s):,.0f}" if per_s else "")
            cells.append(f"{median(self._cpu_ms[name, last]):.3f}" if per_s else "")
            cells.append(f"{median(self._upstream[name, last]):.3f}" if per_s else "")
            resident = self._fleet.server(LINES[name].server).resident_mb
            _say_row([LINES[name].label, *cells, f"{resident:.0f}"])

    def say_rates(self) -> None:
        """Print latencies at a fixed rate."""
        _say(f"\nLatency at {_PER_S} requests/s, page of 100, counted from when each was due\n")
        _say_row(["server", "p50 ms", "p99 ms"])
        _say_row(["---"] * 3)
        rated = [name for name in RATED if name == "warm" or name in self._options.only]
        measured: dict[str, list[float]] = {name: [] for name in rated if self._can(name, _PER_S)}
        for _ in range(self._options.rounds):
            for name, latencies in measured.items():
                latencies += at_rate(self._target(name, 100), _PER_S, self._options.seconds)
        for name in rated:
            if name in measured:
                quantiles = [f"{quantile(measured[name], part) * 1e3:.2f}" for part in (0.5, 0.99)]
            else:
                quantiles = ["cannot answer as many", ""]
            _say_row([LINES[name].label, *quantiles])

    def _can(self, name: str, per_s: float) -> bool:
        """Return whether a rate is below what a server was seen to answer; True where it was not driven."""
        seen = self._median(name, 100)
        return seen is None or seen > per_s * 1.1

    def say_added(self) -> None:
        """Print what the gateway adds to an upstream that takes 100 ms."""
        direct = Target(self._fleet.server("slow upstream"), "/api/v1/participants")
        through = self._checked("before slow upstream", LINES["cold"], 100)
        asked: list[float] = []
        answered: list[float] = []
        for _ in range(self._options.rounds):
            asked += at_rate(direct, _SLOW_PER_S, self._options.seconds)
            answered += at_rate(through, _SLOW_PER_S, self._options.seconds)
        _say(f"\nBeyond an upstream's 100 ms, at {_SLOW_PER_S} requests/s, page of 100, cold\n")
        _say_row(["asked", "p50 ms", "p99 ms"])
        _say_row(["---"] * 3)
        for label, latencies in (("directly", asked), ("through the gateway", answered)):
            over = [f"{quantile(latencies, part) * 1e3 - 100:.2f}" for part in (0.5, 0.99)]
            _say_row([label, *over])
        usual = quantile(asked, 0.5)
        self._added_ms = (
            (quantile(answered, 0.5) - usual) * 1e3,
            (quantile(answered, 0.99) - usual) * 1e3,
        )

    def say_ratios(self) -> None:
        """Print what was asked for beside what was measured."""
        asked = (
            ("warm : plain Strawberry warm", "warm", "plain-warm", 100, 40.0),
            ("warm : Mercurius + JIT", "warm", "mercurius", 100, 3.0),
            ("cold : Mercurius + JIT", "cold", "mercurius", 100, 1.0),
            ("cold : Apollo Server", "cold", "apollo", 100, 4.0),
            ("as Relay asks : bare, warm", "relay", "warm", 100, 0.5),
            ("warm, page of 1 : plain Strawberry warm", "warm", "plain-warm", 1, 4.0),
            ("with Redis : without, warm", "redis", "warm", 100, 0.97),
            ("two workers : one, warm", "workers", "warm", 100, 1.4),
        )
        rows: list[list[str]] = []
        for label, over, under, size, least in asked:
            one, other = self._median(over, size), self._median(under, size)
            if one and other:
                ratio = one / other
                rows.append([label, f"{least:g} x", f"{ratio:.2f} x", _yes(ratio >= least)])
        if self._added_ms is not None:
            for name, added, most in zip(("p50", "p99"), self._added_ms, (3, 10), strict=True):
                # From the direct p50, for both: a slow tail of the machine counts against the gateway.
                label = f"added to a 100 ms upstream, {name}"
                rows.append([label, f"at most {most} ms", f"{added:.2f} ms", _yes(added <= most)])
        if rows:
            _say("")
            for row in (["figure", "asked", "measured", "reached"], ["---"] * 4, *rows):
                _say_row(row)

    def say_documents(self) -> None:
        """Print resident memory along minutes of load with 50,000 different documents."""
        minutes = self._options.documents
        target = self._checked("documents", Line("", "documents", _MANY), 100)
        _say(f"\nResident memory over {minutes:g} minutes of load with 50,000 different documents\n")
        samples: list[tuple[float, float]] = []
        began = time.monotonic()
        with Wrk(target, max(1, round(minutes * 60)), self._folder, "documents") as wrk:
            while wrk.process.poll() is None:
                at, resident = time.monotonic() - began, target.server.resident_mb
                samples.append((at, resident))
                _say(f"{at:6.0f} s  {resident:6.1f} MB")
                try:
                    wrk.process.wait(10)
                except subprocess.TimeoutExpired:
                    continue
            driven = wrk.result()
        _say(f"{driven.answers:,} requests, {driven.per_s:,.0f}/s")
        early = [resident for at, resident in samples if at <= 120]
        late = [resident for at, resident in samples if at > 120]
        if late:
            growth = max(late) / max(early) - 1
            _say(
                f"highest after 2 minutes : highest before: {growth:+.1%}; flat (at most +3 %): {_yes(growth <= 0.03)}"
            )

    def _drive(self, name: str, rows: int, seconds: int) -> Driven:
        """Check the answer, drive, and check it again."""
        target = self._target(name, rows)
        driven = drive(target, seconds, self._folder, LINES[name].script)
        target.server.settle()
        self._target(name, rows)
        return driven

    def _target(self, name: str, rows: int) -> Target:
        return self._checked(LINES[name].server, LINES[name], rows)

    def _checked(self, server: str, line: Line, rows: int) -> Target:
        """Return the target, whose answer was seen to hold the rows."""
        path = f"/{rows}" if server == "floor" else "/graphql"
        headers = FIRST_CALLER if line.script == "keys" else {}
        request: Json = {"query": line.query.replace("ROWS", str(rows))}
        if line.variables:
            request["variables"] = {"unused": "DOCUMENT"}
        body = json.dumps(request).encode()
        target = Target(self._fleet.server(server), path, body, headers)
        answer = target.ask()
        if nodes_of(json.loads(answer)) != self._page[:rows]:
            raise target.server.failed(f"does not answer the {rows} rows of the upstream: {answer[:1000]!r}")
        return target

    def _pages(self, name: str) -> tuple[int, ...]:
        line = LINES[name]
        return tuple(rows for rows in self._options.pages if rows in line.pages) or line.pages

    def _median(self, name: str, rows: int) -> float | None:
        measured = self._per_s.get((name, rows))
        return median(measured) if measured else None


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _yes(is_reached: bool) -> str:
    return "yes" if is_reached else "no"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _say_row(cells: list[str]) -> None:
    _say("| " + " | ".join(cells) + " |")


def _options() -> Options:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of each run; wrk takes whole seconds")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", default="1,25,100", help="sizes of pages among 1, 25 and 100")
    parser.add_argument("--only", default=",".join(NAMES), help=f"some of {', '.join(NAMES)}")
    parser.add_argument(
        "--documents", type=float, default=0, metavar="MINUTES", help="of different documents"
    )
    given = parser.parse_args()
    only = frozenset(given.only.split(","))
    pages = tuple(sorted({int(rows) for rows in given.pages.split(",")}))
    if unknown := only - set(NAMES):
        parser.error(f"--only knows {', '.join(NAMES)}, not {', '.join(sorted(unknown))}")
    if not set(pages) <= set(PAGES):
        parser.error("--pages knows 1, 25 and 100")
    return Options(max(1, given.seconds), max(1, given.rounds), pages, only, given.documents)


if __name__ == "__main__":
    sys.exit(main())
