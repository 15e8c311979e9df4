"""How long the documents take that are sent to wear a GraphQL server out.

    .venv/bin/python tests/benchmarks/attacks.py

Prints the processor time until each is refused, the least of ten tries; then what the harmless ones take that are as
large as they may be, which are answered.
"""

import asyncio
import sys
import time
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from execution.attacks import ATTACKS, HARMLESS

from gateway.app import create_app
from gateway.sandbox import SANDBOX_KEY, Sandbox
from gateway.settings import Settings

_TRIES = 10
_MOST_MS = 50


async def main() -> int:
    """Print them, and return 1 where one takes too long."""
    given = {"base_url": "http://plandocket.test", "api_key": SANDBOX_KEY}
    app = create_app(Settings.model_validate(given), httpx.ASGITransport(Sandbox().app))
    slow = 0
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for name, text in {**ATTACKS, **HARMLESS}.items():
            spent_ms = min([await _try(client, text, number) for number in range(_TRIES)])
            slow += name in ATTACKS and spent_ms > _MOST_MS
            print(f"{spent_ms:6.1f} ms  {len(text):7,} characters  {name}")  # noqa: T201
    print(f"{slow} took over {_MOST_MS} ms")  # noqa: T201
    return 1 if slow else 0


async def _try(client: httpx.AsyncClient, text: str, number: int) -> float:
    """Return what a document took that was not seen before."""
    body = {"query": f"{text} # {number}"}
    began = time.process_time()
    await client.post("/graphql", json=body)
    return (time.process_time() - began) * 1e3


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
