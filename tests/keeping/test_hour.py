# pyright: basic
"""An hour with far more operations than requests, too few to mirror much: what must hold of every one of them.

A thirtieth of the README's hour, with a twelfth of its requests: all that can become of an operation happens often.
"""

import pytest
from benchmarks.hour_trace import Trace, run

OPERATIONS, BUDGET = 1_200, 84


@pytest.fixture(scope="module")
async def trace() -> Trace:
    """Run an operation every three seconds for an hour, one in a hundred of them a write."""
    [trace] = await run(OPERATIONS, BUDGET, request_s=0)
    return trace


async def test_no_sliding_hour_is_overrun(trace: Trace) -> None:
    """By the sandbox's own times."""
    assert 0 < trace.most_in_an_hour <= BUDGET


async def test_plandocket_never_had_to_refuse(trace: Trace) -> None:
    """No request was answered with 429."""
    assert trace.refused_by_plandocket == 0


async def test_no_write_was_refused(trace: Trace) -> None:
    """The reserve was enough for all of them."""
    assert trace.outcomes["written"] > 0
    assert trace.outcomes["write refused"] == 0


async def test_every_read_is_fresh_or_marked_or_refused_with_a_time(trace: Trace) -> None:
    """There is no other outcome, and none of these is rare."""
    assert min(trace.outcomes[name] for name in ("fresh kept", "asked", "stale", "refused")) > 10
    assert trace.wrong == []
    assert trace.outcomes["wrong"] == 0
