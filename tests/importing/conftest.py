# pyright: basic
"""An import into a gateway whose mirror is on."""

import pytest
from asking import Gateway, Time
from importing.importing import Importing


@pytest.fixture
def importing(gateway: Gateway, time: Time, tmp_path) -> Importing:
    """Make a gateway, and a place for the file."""
    return Importing(tmp_path / "list.csv", gateway(time=time, mirror="on"), time)
