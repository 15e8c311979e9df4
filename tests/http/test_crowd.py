# pyright: basic
"""More connections than there are file descriptors for: said, counted, refused in JSON, and over once they are gone."""

import json
import socket
import time
from contextlib import ExitStack

import httpx
import pytest
from serving_here import GATEWAY, free_ports, logged, started

from gateway.http.connections.connection_limit import Crowd

LIMIT = 128
HELD = 80
QUERY = {"query": "{ categories { title } }"}
KEY = {"X-API-Key": "sandbox-key"}


def limited(text):
    """Return a shell's command that starts a gateway with few descriptors."""
    return f"ulimit -n {LIMIT}; exec {GATEWAY} {text}"


def told(connection):
    """Return what a connection is told without having asked."""
    data = b""
    while piece := connection.recv(65_536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return head.lower(), json.loads(body)


def wait_for(condition):
    """Wait until it holds."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_descriptors_that_are_used_up(tmp_path):
    """Those who are connected go on, PlanDocket included; others are told when to come again. The log has a line."""
    port, metrics_port, sandbox_port = free_ports(3)
    log = tmp_path / "log"
    settings = {
        "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(metrics_port),
        "GATEWAY_MIRROR": "off",
    }
    address = f"http://127.0.0.1:{port}/graphql"
    with (
        started("sandbox", "--port", str(sandbox_port)),
        logged(log, "-c", limited("serve"), command="sh", **settings),
        httpx.Client(headers=KEY) as client,
        ExitStack() as held,
    ):
        assert "errors" not in client.post(address, json=QUERY).json()
        sockets = [
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(HELD)
        ]
        head, body = told(sockets[-1])
        assert head.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 5" in head
        assert body["errors"][0]["extensions"] == {"code": "OVERLOADED", "retryAfter": 5}
        assert "errors" not in client.post(address, json=QUERY).json()
        metrics = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
        assert float(metrics.partition("\ngateway_connections_refused_total ")[2].split()[0]) > 0
        held.close()
        wait_for(lambda: httpx.post(address, json=QUERY, headers=KEY).status_code == 200)
        text = log.read_text()
    assert text.count("as many as the limit of file descriptors leaves") == 1


def test_it_is_said_once_a_minute():
    """However many come."""
    crowd = Crowd(most=2)
    crowd.count = 2
    assert crowd.refusal(0.0) is None
    crowd.count = 3
    assert all(crowd.refusal(float(second)) is not None for second in range(10))
    assert crowd.refused == 10


@pytest.mark.parametrize(("count", "beyond"), [(52, False), (53, True)])
def test_so_many_are_told_why(count, beyond):
    """The rest is cut off: to tell takes descriptors too."""
    crowd = Crowd(most=2)
    crowd.count = count
    assert crowd.is_beyond_words is beyond
