"""When a parent starts its next worker, when that takes connections, and how the metrics of all become one text."""

import asyncio
import math

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from gateway.commands.workers import let_fill
from gateway.serving.crew import _Slot  # pyright: ignore[reportPrivateUsage]
from gateway.telemetry.worker_metrics import join, pack


def pauses(*ages_s: float) -> list[float]:
    """Return how long each next one is waited for, where those before it lived for so long."""
    slot, now, found = _Slot(1), 1000.0, list[float]()
    for age_s in ages_s:
        slot.began_at = now
        now += age_s
        found.append(slot.pause_s(now))
    return found


def test_one_that_died_is_replaced_at_once() -> None:
    """Whenever it was, the first time."""
    assert pauses(0.1) == pauses(3600) == [0]
    assert pauses(60, 60, 60) == [0, 0, 0]


def test_those_that_die_at_their_start_are_replaced_less_and_less_often() -> None:
    """Until one lives; at the least twice a minute."""
    assert pauses(*[1] * 8) == [0, 1, 2, 4, 8, 16, 30, 30]
    assert pauses(1, 1, 1, 60, 1, 1) == [0, 1, 2, 0, 0, 1]


class Readiness:
    """What says whether a worker is ready."""

    is_ready = False


async def test_a_worker_takes_connections_once_it_is_ready() -> None:
    """Until it holds what the others hold, they answer: it would have to ask PlanDocket."""
    app = Starlette()
    app.state.readiness = readiness = Readiness()
    let_fill(app)
    begun = app.router.lifespan_context(app)
    beginning = asyncio.create_task(begun.__aenter__())
    await asyncio.wait([beginning], timeout=0.1)
    assert not beginning.done()
    readiness.is_ready = True
    await beginning
    await begun.__aexit__(None, None, None)


async def test_one_that_does_not_get_ready_answers_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """After a while: there may be nobody else."""
    app = Starlette()
    app.state.readiness = Readiness()
    let_fill(app, within_s=0.05)
    async with app.router.lifespan_context(app):
        assert "not ready within 0.05 s" in caplog.text


def worker(value: float) -> bytes:
    """Return what a worker packs that counts so much of everything."""
    disable_created_metrics()  # as the gateway does
    registry = CollectorRegistry()
    Counter("asked", "Asked.", ("name",), registry=registry).labels('"odd"\n').inc(value)
    Gauge("age", "Age.", registry=registry).set(value)
    Histogram("took", "Took.", buckets=(1,), registry=registry).observe(value)
    return pack(registry.collect())


def test_metrics_of_workers_are_one_text_by_label() -> None:
    """Each metric is told once, with the samples of all, and means what it means for one."""
    text = join({1: worker(0.5), 2: worker(math.inf)}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {name: (one.type, one.documentation) for name, one in families.items()} == {
        "asked": ("counter", "Asked."),
        "age": ("gauge", "Age."),
        "took": ("histogram", "Took."),
    }
    told = [(one.name, one.labels, one.value) for one in families["asked"].samples]
    assert told == [
        ("asked_total", {"worker": "1", "name": '"odd"\n'}, 0.5),
        ("asked_total", {"worker": "2", "name": '"odd"\n'}, math.inf),
    ]
    buckets = {(one.labels["worker"], one.labels.get("le")): one.value for one in families["took"].samples}
    assert buckets["1", "1.0"] == buckets["1", "+Inf"] == buckets["2", "+Inf"] == 1
    assert buckets["2", "1.0"] == 0


def test_without_a_worker_that_tells_there_is_no_metric() -> None:
    """As between two of them."""
    assert join({}) == b""
