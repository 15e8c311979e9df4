"""What `gateway mirror` prints: how what is held stands as a table, and the hour as a bar."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from gateway.commands.console import fail
from gateway.commands.mirror.asking import OperatorError, ask
from gateway.errors import SettingsError
from gateway.mirror.standing import Mirrored, Standing

_T = TypeVar("_T")

_WIDEST = 72
_PARTS = {
    # A purpose's name, style and sign, and that in ASCII: told apart without colours too.
    "read": ("reads", "cyan", "█#"),
    "write": ("writes", "magenta", "▓="),
    "walk": ("walks", "green", "▒+"),
    "check": ("key checks", "yellow", "░k"),
    "background": ("background", "blue", "▚b"),
    "left": ("left", "dim", "·."),
}


def status(url: str | None, *, as_json: bool) -> None:
    """Print how what is held stands; end with 1 where no gateway tells."""
    told, runs = _ask("GET", Standing, url)
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(told)).decode())
        return
    console = Console(highlight=False, markup=False)
    parts = list(shown(told, console))
    console.print(*(parts if runs or told.rows else parts[:1]), sep="\n")


def drop(url: str | None, resources: Sequence[str]) -> None:
    """Let the gateway hold nothing more, and print how much it was; end with 1 where none can be asked."""
    told, _ = _ask("DELETE", dict[str, int], url, resources)
    named = ", ".join(resources) or "all resources"
    print(f"{told['rows']:,} rows were dropped: {named}. What is asked for next is asked of PlanDocket anew.")


def none_runs(place: str) -> str:
    """Return the sentence that says so: what is told besides is what one would begin with."""
    return f"No gateway runs at {place}. What one held is gone with it, but for what is in its folder."


def _ask(method: str, kind: type[_T], url: str | None, resources: Sequence[str] = ()) -> tuple[_T, bool]:
    try:
        told, place = asyncio.run(ask(method, kind, url, resources))
    except (OperatorError, SettingsError) as error:
        fail(str(error))
    if place is not None:
        print(none_runs(place), file=sys.stderr)
    return told, place is None


def shown(standing: Standing, console: Console) -> Iterator[RenderableType]:
    """Yield all of it, as wide as a console."""
    keys = "" if standing.resources else f", for {standing.keys} keys of callers"
    is_off = standing.mirror == "off"
    yield "GATEWAY_MIRROR is off: nothing is held" if is_off else f"{standing.rows:,} rows are held{keys}"
    if standing.resources:
        yield _table(standing.resources)
    used, limit = sum(standing.used.values()), standing.limit
    yield Text(f"\nThe hour: {used:,}{'' if limit is None else f' of {limit:,}'} requests are used")
    yield from _bar({**standing.used, "left": standing.left or 0}, max(limit or 0, used, 1), console)


def _table(resources: list[Mirrored]) -> Table:
    table = Table("resource", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("rows", justify="right")
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("whole")
    table.add_column("next walk", no_wrap=True)
    table.add_column("requests/h", justify="right")
    for one in chain.from_iterable((found, *found.slices) for found in resources):
        name = one.path if one.key is None else f"  {one.key}"
        whole = Text("yes", "green") if one.reason is None else Text(f"no: {one.reason}", "yellow")
        cost = "" if one.per_hour is None else f"{one.per_hour:,}"
        table.add_row(name, f"{one.rows:,}", _span(one.age_s), whole, _next(one), cost)
    return table


def _next(one: Mirrored) -> str:
    if one.is_running or one.next_in_s is None:
        return "now" if one.is_running else ""
    return f"in {_span(one.next_in_s)}" if one.next_in_s else "on demand"


def _bar(counts: dict[str, int], total: int, console: Console) -> Iterator[RenderableType]:
    width, bar, legend, end = min(console.width, _WIDEST), Text(), Text(), 0
    for purpose, count in counts.items():
        name, style, signs = _PARTS[purpose]
        sign = signs[not console.encoding.startswith("utf")]
        drawn, end = round(end * width / total), end + count
        bar.append(sign * (round(end * width / total) - drawn), style)
        legend.append(sign, style).append(f" {name} {count:,}   ")
    legend.rstrip()
    yield bar
    yield legend


def _span(seconds: int | None) -> str:
    """Return a time in the unit in which it is short."""
    if seconds is None or seconds < 120:
        return "" if seconds is None else f"{seconds} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
