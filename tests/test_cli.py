"""The commands, run as a person runs them."""

import json
import re
import socket
import subprocess
import urllib.request
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from serving_here import GATEWAY, free_ports, logged, run, started

from gateway.schema import print_schema

QUERY = "{ participants(first: 3) { nodes { isConfirmed contact { email } event { title } } } }"


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
    ports = ("--port", str(port), "--sandbox-port", str(sandbox_port))
    with started("demo", *ports, command=GATEWAY) as process:
        answer = ask(port)
        process.terminate()
        assert process.wait(30) == 0
    assert "errors" not in answer


def test_demo_refuses_what_serve_refuses() -> None:
    """But for a key: what works with the one works with the other."""
    port, sandbox_port = free_ports(2)
    address = f"http://127.0.0.1:{port}/graphql?query=%7B__typename%7D"
    with started("demo", "--port", str(port), "--sandbox-port", str(sandbox_port)):
        forgeable = httpx.get(address)
        proven = httpx.get(address, headers={"X-Requested-With": "a test"})
        misdirected = httpx.get(address, headers={"X-Requested-With": "a test", "Host": "evil.example"})
        schema = httpx.get(f"http://127.0.0.1:{port}/schema.graphql")
    assert (forgeable.status_code, proven.status_code, misdirected.status_code) == (403, 200, 421)
    assert "type Query" in schema.text


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("GATEWAY_MAX_DEPTH", "many"),
        ("GATEWAY_CORS_ORIGINS", "*"),
        ("GATEWAY_DOCUMENTS_FILE", "/nowhere.json"),
        ("GATEWAY_DOCUMENTS", "only"),
    ],
)
@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_wrong_setting_stops_the_start(command: str, setting: str, value: str) -> None:
    """By its name, and as one sentence instead of a traceback."""
    ended = run(command, PLANDOCKET_BASE_URL="http://127.0.0.1:1", **{setting: value})
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"The gateway cannot start.\n{setting}")
    assert "Traceback" not in ended.stderr


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


BUSY: dict[str, tuple[str, dict[str, str], str]] = {
    "sandbox": ("sandbox --port {busy}", {}, "--port"),
    "demo": ("demo --port {busy} --sandbox-port {free}", {}, "--port"),
    "demo's sandbox": ("demo --port {free} --sandbox-port {busy}", {}, "--sandbox-port"),
    "demo's metrics": (
        "demo --port {free} --sandbox-port {other}",
        {"GATEWAY_METRICS_PORT": "{busy}"},
        "GATEWAY_METRICS_PORT",
    ),
    "serve": ("serve", {"GATEWAY_PORT": "{busy}"}, "GATEWAY_PORT"),
    "serve's metrics": (
        "serve",
        {"GATEWAY_PORT": "{free}", "GATEWAY_METRICS_PORT": "{busy}"},
        "GATEWAY_METRICS_PORT",
    ),
}


@pytest.mark.parametrize(("command", "settings", "mend"), BUSY.values(), ids=BUSY)
def test_a_port_in_use_is_one_sentence(command: str, settings: dict[str, str], mend: str) -> None:
    """Which one it is, and what to do; nothing else, and nothing is started."""
    free, other = free_ports(2)
    with socket.create_server(("127.0.0.1", 0)) as held:
        busy = held.getsockname()[1]
        command, *given = (
            text.format(busy=busy, free=free, other=other) for text in (command, *settings.values())
        )
        asked = {"PLANDOCKET_BASE_URL": "http://127.0.0.1:1", **dict(zip(settings, given, strict=True))}
        ended = run(*command.split(), **asked)
    assert (ended.returncode, ended.stdout) == (1, "")
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith(f"Cannot listen on 127.0.0.1:{busy} (address already in use): ")
    assert re.search(rf" {mend}\b", sentence)


def test_metrics_cannot_have_the_gateways_own_port() -> None:
    """They are for others to read than those who may call."""
    [port] = free_ports(1)
    ports = {"GATEWAY_PORT": str(port), "GATEWAY_METRICS_PORT": str(port)}
    ended = run("serve", PLANDOCKET_BASE_URL="http://127.0.0.1:1", **ports)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Cannot listen on 127.0.0.1:{port} (address already in use): ")
    assert " GATEWAY_METRICS_PORT " in ended.stderr


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_metrics_are_served_at_a_port_of_their_own(command: str) -> None:
    """Which the start tells; the gateway's own address has none."""
    port, metrics_port, sandbox_port = free_ports(3)
    options = ("--port", str(port), "--sandbox-port", str(sandbox_port)) if command == "demo" else ()
    settings = {"PLANDOCKET_BASE_URL": "http://127.0.0.1:1", "GATEWAY_PORT": str(port)}
    address = f"http://127.0.0.1:{metrics_port}/metrics"
    with started(command, *options, GATEWAY_METRICS_PORT=str(metrics_port), **settings) as process:
        httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": "query Named { __typename }"})
        told = httpx.get(address).text
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 404
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout is not None
        printed = process.stdout.read()
    assert 'gateway_operations_total{name="Named",outcome="ok"} 1.0' in told
    assert re.search(rf"^Metrics +(?:at )?{re.escape(address)}$", printed, re.MULTILINE)


@pytest.mark.parametrize(("auth", "lines"), [({}, 1), ({"GATEWAY_AUTH": "none"}, 0)])
def test_a_gateway_that_nobody_guards_says_so_at_its_start(
    auth: dict[str, str], lines: int, tmp_path: Path
) -> None:
    """In one line, unless that was set: at which address, and that a proxy opens it to others."""
    [port] = free_ports(1)
    settings = {"PLANDOCKET_BASE_URL": "http://127.0.0.1:1", "PLANDOCKET_API_KEY": "canary-key", **auth}
    log = tmp_path / "log"
    with logged(log, "serve", GATEWAY_PORT=str(port), **settings):
        pass
    told = [line for line in log.read_text().splitlines() if "warning" in line]
    assert len(told) == lines
    for line in told:
        assert (
            f"GATEWAY_AUTH is not set: whoever reaches 127.0.0.1 at port {port}, through a proxy too" in line
        )


@pytest.mark.parametrize(
    ("host", "why"),
    [("203.0.113.9", "cannot assign requested address"), ("no.such.invalid", "there is no such host")],
)
def test_an_address_that_is_not_of_this_machine_is_one_sentence(host: str, why: str) -> None:
    """With the setting that names it."""
    ended = run("serve", PLANDOCKET_BASE_URL="http://127.0.0.1:1", GATEWAY_HOST=host, GATEWAY_PORT="8000")
    assert (ended.returncode, ended.stdout) == (1, "")
    [sentence] = ended.stderr.splitlines()
    assert sentence.startswith(f"Cannot listen on {host}:8000 ({why}): set GATEWAY_HOST ")


@pytest.mark.parametrize("command", ["demo", "serve"])
def test_a_start_prints_its_addresses_and_nothing_else(command: str, tmp_path: Path) -> None:
    """No line in the log, at the usual level."""
    port, sandbox_port = free_ports(2)
    arguments = ("demo", "--port", str(port), "--sandbox-port", str(sandbox_port))
    settings = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}", "GATEWAY_PORT": str(port)}
    log = tmp_path / "log"
    with logged(log, *arguments) if command == "demo" else logged(log, "serve", **settings):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as response:
            assert response.status == 200
        told = log.read_text()
    assert told == ""


def test_serve_listens_at_every_address_of_its_host() -> None:
    """Of both kinds, and tells it as an address is written."""
    [port] = free_ports(1)
    settings = {"PLANDOCKET_BASE_URL": "http://127.0.0.1:1", "GATEWAY_PORT": str(port)}
    with started("serve", **settings, GATEWAY_HOST="localhost"):
        for found in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
            socket.create_connection((str(found[4][0]), port), timeout=30).close()


def test_the_version_is_told() -> None:
    """As the package has it."""
    ended = subprocess.run([GATEWAY, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    assert (ended.returncode, ended.stdout) == (0, f"gateway {version('plandocket-gateway')}\n")


def test_schema_is_printed(tmp_path: Path) -> None:
    """To the terminal or a file, the same."""
    run("schema", "--output", str(tmp_path / "schema.graphql"))
    assert run("schema").stdout == (tmp_path / "schema.graphql").read_text() == print_schema()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["demo", "--help"]])
def test_help_is_there(arguments: list[str]) -> None:
    """For whoever types the bare command."""
    assert "Usage" in run(*arguments).stdout
