# pyright: basic
"""An import into a gateway whose mirror is on, of a tenant that is read in no time."""

import pytest
from asking import Gateway, Time
from importing.importing import Importing
from keeping.wires import shrink

from gateway.sandbox import Sandbox


@pytest.fixture
def importing(gateway: Gateway, time: Time, tmp_path) -> Importing:
    """Make a gateway, and a place for the file."""
    return Importing(tmp_path / "list.csv", gateway(shrink(Sandbox()), time=time, mirror="on"), time)
