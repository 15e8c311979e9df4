"""What tests of several processes share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from machines.servers import RedisServer, serving


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """Start a Redis for one test."""
    with serving(tmp_path) as server:
        yield server
