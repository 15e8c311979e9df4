# ruff: noqa: T201 - it prints
"""How long what a participants screen asks for takes, on a large tenant: search, sort, filter and count.

    .venv/bin/python tests/benchmarks/screen.py [--seconds 60] [--per-hour 5000]

The sandbox is a process of its own, with 100,000 participations, 30,000 contacts and 200 events, on 5,000 requests an
hour, so that all of it is mirrored. Fifty operations a second are sent, whether answers come or not. On 1,000 an hour
no more than some events have room: ten of them are asked for then, their facets but the one by event, which counts
those of all, and what looks at everything is refused.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1]))

from driving import mix_at_rate, quantile
from hour_trace import HUGE, grown
from servers import Server, Target, free_port, started, url
from walking import asking

from gateway.sandbox import SANDBOX_KEY, Sandbox

_PER_S = 50
_WHOLE, _EVENTS, _FEW_EVENTS = 5_000, 200, 10
"""Requests an hour that all of the tenant is mirrored with; its events, and those that are asked for on fewer."""
_PAGE_S = 0.2
"""What PlanDocket takes for an answer, as in `hour_trace.py`: the mirror's walks go on while operations are asked."""
_ROWS = "nodes { id isConfirmed contact { lastName companyName city } event { title } }"
_ORDERS = (
    *("CREATED_AT", "UPDATED_AT", "IS_CONFIRMED", "CONTACT_LAST_NAME", "CONTACT_COMPANY_NAME"),
    *("CONTACT_CUSTOMER_NUMBER", "CONTACT_CITY", "EVENT_TITLE", "EVENT_DATE_FROM", "CATEGORY_TITLE"),
)
_BY_EVENT = "events { event { title } count } "
_FACETS = (
    f"facets {{ {_BY_EVENT}categories {{ category {{ title }} count }} "
    "confirmed { isConfirmed count } days { date count } }"
)
_WANTED = {
    "search as you type": (10, 25),
    "page of one event, any order": (12, 10),
    "page of everything, one key": (12, 10),
    "facets of one event": (8, 15),
    "facets of everything": (4, 15),
    "page of everything, two keys": (1, 150),
}
"""Weights, and the milliseconds that 95 % may take."""

_ALONE = {
    "search as you type": "1 for each contact found, and their rows: PlanDocket filters by one contact",
    "page of one event, any order": "5, with their contacts",
    "page of everything, one key": "1,000, with their contacts",
    "facets of one event": "5, with their categories",
    "facets of everything": "1,000, with their categories",
    "page of everything, two keys": "1,000, with their contacts",
}
"""Requests that PlanDocket would take without the mirror: it orders, searches and counts no participants."""


def serve(port: int) -> None:
    """Be the sandbox."""
    sandbox, rng = grown(Sandbox(per_hour=None), HUGE), random.Random(3)  # noqa: S311 - the same each time
    names = _names(rng, 3_000)
    weights = [1 / rank for rank in range(1, len(names) + 1)]
    for row in list(sandbox.tables.contacts):
        last, city = rng.choices(names, weights, k=2)
        sandbox.tables.contacts.put(replace(row, last_name=last, city=city, company_name=f"{last} {row.id}"))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(_PAGE_S)
        await sandbox.app(scope, receive, send)

    uvicorn.run(app, port=port, log_level="warning")


def _names(rng: random.Random, count: int) -> list[str]:
    parts = [
        a + b
        for a in ("ba", "ber", "dör", "fa", "gra", "hu", "ja", "kel", "mei", "schu", "wei")
        for b in "nrsl"
    ]
    return ["".join(rng.choices(parts, k=rng.randint(1, 3))).capitalize() for _ in range(count)]


_ASKED = {
    "search as you type": "query ($filter: ParticipantFilter) { participants(filter: $filter, first: 25) "
    f"{{ totalCount {_ROWS} }} }}",
    "page of one event, any order": "query ($filter: ParticipantFilter, $orderBy: [ParticipantOrder!]) "
    f"{{ participants(filter: $filter, orderBy: $orderBy, first: 25) {{ totalCount {_ROWS} }} }}",
    "page of everything, one key": "query ($orderBy: [ParticipantOrder!]) "
    f"{{ participants(orderBy: $orderBy, first: 25) {{ {_ROWS} }} }}",
    "facets of one event": "query ($filter: ParticipantFilter) { participants(filter: $filter, first: 0) "
    f"{{ totalCount {_FACETS} }} }}",
    "facets of everything": f"{{ participants(first: 0) {{ totalCount {_FACETS} }} }}",
}
_ASKED["page of everything, two keys"] = _ASKED["page of everything, one key"]
"""A screen's documents; what is typed and chosen comes as variables."""


def _given(rng: random.Random, kind: str, names: list[str], events: int) -> dict[str, Any]:
    """Return the variables of an operation of a kind, of one of so many events."""
    event = {"events": [{"databaseId": rng.randint(1, events)}]}
    by = {"field": rng.choice(_ORDERS), "direction": rng.choice(("ASC", "DESC"))}
    match kind:
        case "search as you type":
            name = rng.choice(names)
            return {"filter": {"search": name[: rng.randint(1, len(name))]}}
        case "page of one event, any order":
            return {"filter": event, "orderBy": [by]}
        case "page of everything, one key":
            return {"orderBy": [by]}
        case "facets of one event":
            return {"filter": event}
        case "facets of everything":
            return {}
        case _:
            return {"orderBy": [by, {"field": rng.choice(_ORDERS)}]}


def _query(kind: str, events: int) -> str:
    is_whole = events == _EVENTS or kind == "facets of everything"
    return _ASKED[kind] if is_whole else _ASKED[kind].replace(_BY_EVENT, "")


def operations(server: Server, seconds: int, events: int = _EVENTS) -> Iterator[tuple[str, Target]]:
    """Yield so many seconds' operations, each with its kind."""
    rng = random.Random(5)  # noqa: S311 - the same each time
    names = _names(random.Random(3), 3_000)  # noqa: S311 - the sandbox's
    for kind in rng.choices(list(_WANTED), [weight for weight, _ in _WANTED.values()], k=_PER_S * seconds):
        yield kind, asking(server, _query(kind, events), _given(rng, kind, names, events))


def _used(server: Server) -> int:
    body = json.loads(asking(server, "{ upstream { usedByReads } }").ask())
    return body["data"]["upstream"]["usedByReads"]


def _warm(server: Server, asked: Sequence[Target]) -> float:
    """Ask until all of these are answered; return the seconds that it took."""
    began = monotonic()
    for one in asked:
        while "errors" in json.loads(one.ask()):
            if monotonic() - began > 900:
                raise server.failed("the tenant was not mirrored.")
            sleep(1)
    return monotonic() - began


def _held(server: Server, events: int) -> list[Target]:
    """Return what is asked for until it is answered: everything, or of each event where not all of them have room."""
    if events == _EVENTS:
        everything = f'{{ participants(filter: {{search: "ja"}}, first: 0) {{ totalCount {_FACETS} }} }}'
        return [asking(server, everything)]
    kind = "facets of one event"
    filters = [{"events": [{"databaseId": number}]} for number in range(1, events + 1)]
    return [asking(server, _query(kind, events), {"filter": one}) for one in filters]


def _refused(server: Server, events: int) -> Iterator[str]:
    """Yield the kinds of operations that are refused."""
    rng = random.Random(7)  # noqa: S311 - the same each time
    for kind in _ASKED:
        told = json.loads(asking(server, _query(kind, events), _given(rng, kind, ["Ja"], events)).ask())
        if codes := {one["extensions"]["code"] for one in told.get("errors", ())}:
            yield f"{kind}: refused with {', '.join(sorted(codes))}"


@contextmanager
def served(folder: Path, per_hour: int = _WHOLE, events: int = _EVENTS) -> Generator[Server]:
    """Yield a gateway that mirrors all of the tenant, or of so many events, once it does."""
    port, own = free_port(), free_port()
    command = [sys.executable, __file__, "--serve", str(port)]
    with started("sandbox", command, port, folder) as upstream:
        settings = {
            "PLANDOCKET_BASE_URL": url(upstream),
            "PLANDOCKET_API_KEY": SANDBOX_KEY,
            "PLANDOCKET_REQUESTS_PER_HOUR": str(per_hour),
            "GATEWAY_MIRROR_ROWS": "200000",
            "GATEWAY_AUTH": "none",
            "GATEWAY_LOG_LEVEL": "warning",
            "GATEWAY_PORT": str(own),
        }
        gateway = [str(Path(sys.executable).with_name("gateway")), "serve"]
        with started("gateway", gateway, own, folder, **settings) as server:
            print(
                f"Mirrored after {_warm(server, _held(server, events)):.0f} s, in {server.resident_mb:.0f} MB."
            )
            yield server


def main() -> None:
    """Print a line for each kind of operation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--per-hour", type=int, default=_WHOLE)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    events = _EVENTS if given.per_hour >= _WHOLE else _FEW_EVENTS
    with tempfile.TemporaryDirectory() as name, served(Path(name), given.per_hour, events) as server:
        for line in _refused(server, events):
            print(line)
        used = _used(server)
        took = mix_at_rate(list(operations(server, given.seconds, events)), _PER_S)
        print(
            f"Then {_used(server) - used} requests to PlanDocket by operations, {_PER_S} operations a second:"
        )
        for kind, (_, most_ms) in _WANTED.items():
            half, most = (quantile(took[kind], part) * 1e3 for part in (0.5, 0.95))
            print(
                f"{kind:30} {half:6.1f} ms, p95 {most:6.1f} ms ({most_ms} wanted); "
                f"PlanDocket alone: {_ALONE[kind]}"
            )


if __name__ == "__main__":
    main()
