# pyright: basic
"""The busy hour's first eight minutes, cold: what is answered, how old it is, and whether it is true."""

import pytest
from benchmarks import hour_trace
from benchmarks.hour_trace import Trace, run

MINUTES, A_SECOND = 8, 5


@pytest.fixture(scope="module")
async def trace() -> Trace:
    """Run five operations a second, one in a hundred of them a write, on the requests of that time."""
    [trace] = await run(MINUTES * 60 * A_SECOND, 1_000, hours=MINUTES / 60, seed=1, check_every=10)
    return trace


async def test_no_operation_is_refused(trace: Trace) -> None:
    """Neither reads nor writes."""
    assert trace.outcomes["refused"] + trace.outcomes["write refused"] == 0
    assert trace.outcomes["written"] > 10


async def test_few_answers_are_stale(trace: Trace) -> None:
    """And few had to be asked for."""
    assert trace.outcomes["stale"] < 0.02 * trace.outcomes["fresh kept"]
    assert trace.outcomes["asked"] < 0.1 * trace.outcomes["fresh kept"]


async def test_answers_are_young(trace: Trace) -> None:
    """The middle one is no older than a minute and a half."""
    assert 0 < trace.age(0.5) <= 90
    assert trace.age(0.95) <= 300


async def test_every_answer_that_was_compared_is_true(trace: Trace) -> None:
    """Own writes are in all of them."""
    assert trace.compared > 200
    assert trace.wrong == []


async def test_the_limit_holds(trace: Trace) -> None:
    """By the sandbox's own times."""
    assert trace.most_in_an_hour <= 1_000
    assert trace.refused_by_plandocket == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_writes_amid_walks_are_in_every_answer_after_them(monkeypatch, seed: int) -> None:
    """Three in ten operations write, while collections are read for the first time and again."""
    monkeypatch.setattr(hour_trace, "WRITES", 0.3)
    [trace] = await run(600, 5_000, hours=1 / 30, seed=seed, check_every=1)
    assert trace.compared > 300
    assert trace.wrong == []
