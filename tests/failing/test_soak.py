# pyright: basic
"""Many operations against a PlanDocket that fails one request in five."""

from benchmarks.soak import Soak, Unsteady
from failing.leaks import nothing_left


async def test_nothing_is_left_of_1_000_operations():
    """No task and no descriptor, while the gateway still runs; `benchmarks/soak.py` does 50,000."""
    async with nothing_left(), Unsteady() as server:
        soak = Soak(server.address)
        await soak.run(1_000)
        # The gateway is not closed yet: what it still holds would be counted.
    await soak.close()

    known = {"given up", "answered", "OUTCOME_UNKNOWN", "BAD_USER_INPUT"}
    assert {name for name in soak.outcomes if not name.startswith("UPSTREAM_")} <= known
    assert soak.outcomes["answered"] > 500
