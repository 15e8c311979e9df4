# pyright: basic
"""Gateways that hold all rows of odd tenants, for many questions each."""

import pytest
from lists.standing import Standing, standing


@pytest.fixture(scope="module")
async def held(module_gateway) -> Standing:
    """Return a gateway that holds a tenant, and the oracle of the same rows."""
    return await standing(module_gateway)
