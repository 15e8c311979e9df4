# pyright: basic
"""However much PlanDocket sends, the gateway holds no more than it takes."""

import tracemalloc

import pytest
from failing.faults import MB, Fault, FaultyServer, bomb
from failing.leaks import nothing_left

from gateway.sandbox import Sandbox

LARGEST = 20 * MB


@pytest.mark.parametrize("fault", ["huge", "bomb"])
async def test_100_mb_are_never_held(gateway, fault):
    """At 20 MB it stops reading, and unpacks in small pieces: what is held is that, and room to grow."""
    async with nothing_left(), FaultyServer(Sandbox(), {"GET events": fault}) as server:
        ask = gateway(base_url=server.address, read_timeout=10)
        await ask("{ categories { title } }")
        bomb()  # made before, or it would be counted
        tracemalloc.start()
        try:
            error = await ask.error("{ events { totalCount } }")
            now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert error["extensions"]["code"] == "UPSTREAM_UNREADABLE"
    assert peak < 3 * LARGEST
    assert now < LARGEST / 2


@pytest.mark.parametrize("fault", ["huge", "bomb"])
async def test_many_at_once_are_held_no_better(gateway, fault):
    """What arrives at the same time is 40 MB at most, however many requests it comes for."""
    fields = " ".join(
        f'c{number}: contacts(filter: {{search: "{number}"}}) {{ totalCount }}' for number in range(9)
    )
    async with nothing_left(), FaultyServer(Sandbox(), {"GET contacts": fault}) as server:
        ask = gateway(base_url=server.address, read_timeout=10)
        await ask("{ categories { title } }")
        bomb()  # made before, or it would be counted
        tracemalloc.start()
        try:
            answer = await ask.answer(f"{{ {fields} }}")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    codes = {error["extensions"]["code"] for error in answer["errors"]}
    assert len(answer["errors"]) == 9
    assert codes <= {"UPSTREAM_UNREADABLE", "UPSTREAM_UNAVAILABLE"}
    assert peak < 4 * LARGEST


async def test_what_was_held_is_given_back(gateway):
    """However an answer ended: four that are too large leave room for the next."""
    script: dict[str, Fault] = {"GET events": "huge"}
    async with nothing_left(), FaultyServer(Sandbox(), script) as server:
        ask = gateway(base_url=server.address, read_timeout=10, requests_per_hour="unlimited")
        for _ in range(4):
            await ask.answer("{ events { totalCount } a: events(first: 1) { totalCount } }")
        script.clear()
        answer = await ask.answer("{ events { totalCount } categories { title } }")

    assert "errors" not in answer
