# pyright: basic
"""A gateway that holds all rows of an odd tenant, for many exports."""

import pytest
from lists.standing import Standing, standing


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One loop for whatever a fixture spans."""
    return "asyncio"


@pytest.fixture(scope="module")
async def held(module_gateway) -> Standing:
    """Return a tenant of which all is held."""
    return await standing(module_gateway)
