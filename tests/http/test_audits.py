"""The audits of GraphQL over HTTP, as the npm package graphql-http has them."""

import json
from pathlib import Path

import pytest
from npm import install, needs_npm, run
from serving_here import demo, free_ports, started

from gateway.sandbox import SANDBOX_KEY

AUDITS = Path(__file__).parent / "audits"

UNFORGEABLE = {"X-Requested-With": "the audits"}

pytestmark = needs_npm


@pytest.fixture(autouse=True)
def installed() -> None:
    """Have the package."""
    install(AUDITS)


def audit(port: int, **headers: str) -> list[dict[str, str]]:
    """Return what each audit of a gateway says."""
    address = f"http://127.0.0.1:{port}/graphql"
    return [
        json.loads(line) for line in run(AUDITS, "node", "run.mjs", address, json.dumps(headers)).splitlines()
    ]


def test_the_demo_passes_every_audit() -> None:
    """All 61, also those that are no more than a suggestion."""
    with demo() as port:
        results = audit(port, **UNFORGEABLE)
    assert len(results) == 61
    assert [result for result in results if result["status"] != "ok"] == []


def test_the_gateway_passes_every_audit_with_a_key() -> None:
    """With its defaults, for a client that sends its key: no form can send that."""
    port, sandbox_port = free_ports(2)
    address = f"http://127.0.0.1:{sandbox_port}"
    with (
        started("sandbox", "--port", str(sandbox_port)),
        started("serve", PLANDOCKET_BASE_URL=address, GATEWAY_PORT=str(port)),
    ):
        results = audit(port, Authorization=f"Bearer {SANDBOX_KEY}")
    assert len(results) == 61
    assert [result for result in results if result["status"] != "ok"] == []


def test_a_client_that_sends_no_such_header_fails_no_must() -> None:
    """What it loses is GET, which no audit demands."""
    with demo() as port:
        results = audit(port)
    assert [result for result in results if "MUST" in result["name"] and result["status"] != "ok"] == []
    assert [result["name"] for result in results if result["status"] == "error"] == []
