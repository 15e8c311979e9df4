"""The public door: GraphQL over HTTP into the gateway, which asks the sandbox over HTTP."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.sandbox import DIALECTS, SANDBOX_KEY, Dialect, Sandbox
from gateway.settings import Settings

Json = dict[str, Any]


@pytest.fixture
def anyio_backend() -> str:
    """Aiodataloader needs asyncio."""
    return "asyncio"


@dataclass
class Ask:
    """A gateway in front of a sandbox, to be asked as a client asks it."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    _seen: int = field(default=0)

    async def __call__(self, query: str, **variables: Any) -> Json:
        """Return `data` of an answer without errors."""
        answer = await self.answer(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def answer(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Json:
        """Return the whole answer."""
        self._seen = len(self.sandbox.calls)
        body = {"query": query, "variables": variables}
        response = await self.http.post("/graphql", json=body, headers=headers)
        return response.json()

    async def error(self, query: str, **variables: Any) -> Json:
        """Return the answer's only error."""
        [error] = (await self.answer(query, **variables))["errors"]
        return error

    @property
    def calls(self) -> list[str]:
        """What the sandbox was asked by the last operation."""
        return self.sandbox.calls[self._seen :]


Gateway = Callable[..., Ask]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """Make gateways, each in front of a sandbox of its own, or of a transport that stands in for one."""
    clients: list[httpx.AsyncClient] = []

    def make(
        sandbox: Sandbox | Dialect | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        **settings: Any,
    ) -> Ask:
        box = sandbox if isinstance(sandbox, Sandbox) else Sandbox(sandbox or Dialect())
        given: Json = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY, **settings}
        app = create_app(Settings(**given), transport or httpx.ASGITransport(box.app))
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test")
        clients.append(client)
        return Ask(box, client)

    yield make
    for client in clients:
        await client.aclose()


READING_DIALECTS = ("schema", "sample", "plain", "links", "strict")


@pytest.fixture(params=READING_DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Take each way in which PlanDocket may turn out to answer."""
    return DIALECTS[request.param]


@pytest.fixture
def ask(gateway: Gateway) -> Ask:
    """Make a gateway in front of a sandbox of the documented schema dialect."""
    return gateway()
