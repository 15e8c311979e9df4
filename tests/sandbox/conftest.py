# pyright: basic
"""A sandbox with a client in front of it, and a clock that moves when told."""

from datetime import UTC, datetime

import httpx
import pytest

from gateway.sandbox import SANDBOX_KEY, Dialect, Sandbox


class Clock:
    """Unix seconds: 2026-11-23 12:00 UTC until a test moves it."""

    def __init__(self) -> None:
        self.seconds = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        """Return the time as it stands."""
        return self.seconds


class Box(httpx.AsyncClient):
    """An HTTP client of one sandbox."""

    def __init__(self, sandbox: Sandbox, headers: dict[str, str]) -> None:
        transport = httpx.ASGITransport(app=sandbox.app)
        super().__init__(transport=transport, base_url="http://box/api/v1/", headers=headers)
        self.sandbox = sandbox

    async def data(self, path: str, params=None):
        """Return `data` of a 200."""
        answer = await self.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def every(self, path: str, params=None):
        """Return every row of a list, walking its pages."""
        rows, page, last = [], 1, 1
        while page <= last:
            answer = await self.get(path, params={**(params or {}), "per_page": "100", "page": str(page)})
            assert answer.status_code == 200, answer.text
            rows += answer.json()["data"]
            page, last = page + 1, answer.json()["meta"]["last_page"]
        return rows


@pytest.fixture
def clock():
    """Return the clock of `open_box`."""
    return Clock()


@pytest.fixture
def open_box(clock):
    """Return a function that opens a box in a dialect, with a key unless other headers are given."""

    def open_box(dialect=None, headers=None, keys=None, per_hour=None, **options):
        sandbox = Sandbox(dialect or Dialect(**options), keys=keys, per_hour=per_hour, now=clock)
        return Box(sandbox, {"Authorization": f"Bearer {SANDBOX_KEY}"} if headers is None else headers)

    return open_box


@pytest.fixture
def box(open_box):
    """Return a box in the schema dialect."""
    return open_box()
