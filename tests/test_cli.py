"""The commands, run as a person runs them."""

import json
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest
from serving_here import GATEWAY, environment, free_ports, started

from gateway.schema import print_schema

QUERY = "{ participants(first: 3) { nodes { isConfirmed contact { email } event { title } } } }"


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603
        [GATEWAY, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(port: int, headers: dict[str, str] | None = None) -> dict[str, object]:
    """Send the README's query."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": QUERY}).encode(),
        {"Content-Type": "application/json", **(headers or {})},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return json.loads(response.read())


def test_demo_answers_and_ends_in_peace() -> None:
    """Without any setting; SIGTERM ends it with 0."""
    port, sandbox_port = free_ports(2)
    with started("demo", "--port", str(port), "--sandbox-port", str(sandbox_port)) as process:
        answer = ask(port)
    assert "errors" not in answer
    assert process.returncode == 0


def test_serve_asks_the_sandbox_with_the_callers_key() -> None:
    """As a front-end's server would use it."""
    port, sandbox_port = free_ports(2)
    settings = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}", "GATEWAY_PORT": str(port)}
    with started("sandbox", "--port", str(sandbox_port)), started("serve", **settings):
        assert "errors" not in ask(port, {"X-API-Key": "sandbox-key"})
        assert "UNAUTHENTICATED" in json.dumps(ask(port))


def test_serve_refuses_to_start_without_an_address() -> None:
    """And names the setting."""
    ended = run("serve")
    assert ended.returncode == 1
    assert "PLANDOCKET_BASE_URL" in ended.stderr


def test_serve_refuses_to_show_a_held_key_to_the_network() -> None:
    """And says what to do, without the key."""
    ended = run(
        "serve",
        PLANDOCKET_BASE_URL="http://127.0.0.1:1",
        PLANDOCKET_API_KEY="canary",
        GATEWAY_HOST="0.0.0.0",  # noqa: S104
    )
    assert ended.returncode == 1
    assert "GATEWAY_HOST" in ended.stderr
    assert "canary" not in ended.stderr + ended.stdout


def test_a_port_in_use_is_said() -> None:
    """Not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        ended = run("sandbox", "--port", str(held.getsockname()[1]))
    assert ended.returncode != 0
    assert "address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_schema_is_printed(tmp_path: Path) -> None:
    """To the terminal or a file, the same."""
    run("schema", "--output", str(tmp_path / "schema.graphql"))
    assert run("schema").stdout == (tmp_path / "schema.graphql").read_text() == print_schema()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["demo", "--help"]])
def test_help_is_there(arguments: list[str]) -> None:
    """For whoever types the bare command."""
    assert "Usage" in run(*arguments).stdout
