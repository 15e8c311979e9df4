# pyright: basic
"""An operator's drill: the gateway as a process, between the programs that stand around it in production.

Each test is skipped, with the reason, where its program is not installed. CI has them all.
"""

import json
import logging
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from threading import Event
from urllib.parse import urljoin

import httpx
import pytest
import trustme
from house.proxies import PROXIES, README, TINYPROXY, passing, running
from programs import program
from serving_here import GATEWAY, free_ports, logged, run, started

from gateway.http.callers.tokens import new_token
from gateway.sandbox import SANDBOX_KEY

logging.getLogger("httpcore").setLevel(logging.WARNING)  # it would have some twenty lines for each operation

QUERY = {"query": "{ category(by: {databaseId: 1}) { title } }"}
DATA = {"data": {"category": {"title": "Crafts"}}}
WRITE = {
    "query": """mutation { updateCategory(input: {id: "Q2F0ZWdvcnk6MQ==", title: "Crafts"}) {
        category { title } userErrors { message } } }"""
}
WRITTEN = {"data": {"updateCategory": {"category": {"title": "Crafts"}, "userErrors": []}}}
QUIET = {
    "GATEWAY_TELL_COST": "off",
    "GATEWAY_LOG_LEVEL": "warning",
    "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[int]:
    """Start a PlanDocket, and yield its port."""
    [port] = free_ports(1)
    with started("sandbox", "--port", str(port)):
        yield port


def held(sandbox: int, port: int, **settings: str) -> dict[str, str]:
    """Return the settings of a gateway that holds the sandbox's key."""
    base = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox}", "PLANDOCKET_API_KEY": SANDBOX_KEY}
    return {**base, **QUIET, "GATEWAY_AUTH": "none", "GATEWAY_PORT": str(port), **settings}


# Restarts under load

ROLLING = {
    "nginx": """
upstream gateways {
  server 127.0.0.1:ONE max_fails=0;
  server 127.0.0.1:TWO max_fails=0;
  keepalive 16;
}
server {
  listen 127.0.0.1:PORT;
  location /both-are-up { return 204; }
  location / {
    proxy_pass http://gateways;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $host;
  }
}
""",
    "haproxy": """
defaults
  mode http
  option redispatch 1
  retries 3
  timeout connect 5s
  timeout check 2s
  timeout client 60s
  timeout server 60s
frontend graphql
  bind 127.0.0.1:PORT
  http-request return status 204 if { path /both-are-up } { nbsrv(gateways) eq 2 }
  default_backend gateways
backend gateways
  option httpchk GET /readyz
  default-server check inter 100ms fall 1 rise 1
  server one 127.0.0.1:ONE
  server two 127.0.0.1:TWO
""",
}
CLIENTS = 8
PAUSE_S = 0.1  # so that the processor has time for starts, too
RESTARTS = 5  # for each of the two; test_stopping has ten without a proxy


@pytest.mark.parametrize("name", ROLLING)
def test_no_operation_is_lost_while_gateways_restart_in_turn(name: str, sandbox: int, tmp_path: Path) -> None:
    """Two of them behind a proxy that keeps connections, under load: reads and writes are all answered."""
    ports, stop = free_ports(2), Event()

    def text(port: int) -> str:
        return (
            ROLLING[name]
            .replace("PORT", str(port))
            .replace("ONE", str(ports[0]))
            .replace("TWO", str(ports[1]))
        )

    with ExitStack() as opened, running(PROXIES[name], text, tmp_path) as port:

        def serve(here: int) -> subprocess.Popen[str]:
            return opened.enter_context(started("serve", **held(sandbox, here, GATEWAY_MIRROR="off")))

        gateways = {here: serve(here) for here in ports}
        with ThreadPoolExecutor(CLIENTS) as clients, httpx.Client() as http:
            loads = [clients.submit(load, port, stop) for _ in range(CLIENTS)]
            try:
                for here in islice(cycle(ports), RESTARTS):
                    while http.get(f"http://127.0.0.1:{port}/both-are-up").status_code != 204:
                        pass  # HAProxy asks each gateway every 100 ms whether it is there again
                    gateways[here].terminate()
                    assert gateways[here].wait(30) == 0
                    gateways[here] = serve(here)
            finally:
                stop.set()
            answered, wrong = zip(*(one.result() for one in loads), strict=True)
    assert [found for of_one in wrong for found in of_one] == []
    assert min(answered) > RESTARTS


def load(port: int, stop: Event) -> tuple[int, list[str]]:
    """Ask and write until told to stop; return how often that was answered, and what was answered wrongly."""
    answered, wrong = 0, []
    operations = cycle([(QUERY, DATA), (WRITE, WRITTEN)])
    with httpx.Client(timeout=60) as client:
        while not stop.wait(PAUSE_S):
            sent, expected = next(operations)
            try:
                got = client.post(f"http://127.0.0.1:{port}/graphql", json=sent)
                if got.status_code != 200 or got.json() != expected:
                    wrong.append(f"{got.status_code} {got.text}")
            except httpx.HTTPError as error:
                wrong.append(repr(error))
            answered += 1
    return answered, wrong


# What proxies tell and show


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_the_log_names_the_client_behind_a_proxy(name: str, sandbox: int, tmp_path: Path) -> None:
    """Whose token is refused: with the README's configuration, whatever the client says of itself."""
    [port], log, tokens = free_ports(1), tmp_path / "gateway.log", tmp_path / "tokens"
    tokens.write_text(new_token("right", ["read"]).line)
    settings = {
        "GATEWAY_AUTH": "tokens",
        "GATEWAY_TOKENS_FILE": str(tokens),
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
        "GATEWAY_LOG_FORMAT": "json",
        "GATEWAY_LOG_LEVEL": "info",
    }
    with (
        logged(log, "serve", **held(sandbox, port, **settings)),
        passing(PROXIES[name], PROXIES[name].written, port, tmp_path) as behind,
        httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as client,
    ):
        headers = {"Authorization": "Bearer canary-wrong", "X-Forwarded-For": "192.0.2.7"}
        answer = client.post(f"http://127.0.0.1:{behind}/graphql", json=QUERY, headers=headers)
    assert answer.status_code == 401
    [line] = [
        found for found in map(json.loads, log.read_text().splitlines()) if found["event"] == "operation"
    ]
    assert (line["outcome"], line["address"]) == ("UNAUTHENTICATED", "127.0.0.2")
    assert line["request_id"] == answer.headers["x-request-id"]


UNDER = "server {{ listen 8080; location /plan/docket/ {{ proxy_pass http://127.0.0.1:8000{}; }} }}"


@pytest.mark.parametrize(
    ("end", "settings"),
    [("/", {}), ("", {"GATEWAY_ROOT_PATH": "/plan/docket"}), ("/", {"GATEWAY_ROOT_PATH": "/plan/docket"})],
    ids=["taken off", "passed on", "taken off, and told"],
)
def test_nginx_shows_all_of_it_under_a_path(end: str, settings: dict, sandbox: int, tmp_path: Path) -> None:
    """GraphiQL with its files, where the bare address leads, and GraphQL."""
    [port] = free_ports(1)
    with (
        started("serve", **held(sandbox, port, **settings)),
        passing(PROXIES["nginx"], UNDER.format(end), port, tmp_path) as behind,
        httpx.Client(base_url=f"http://127.0.0.1:{behind}") as client,
    ):
        landing = client.get("/plan/docket/")
        address = urljoin("/plan/docket/", landing.headers["location"])
        page = client.get(address, headers={"Accept": "text/html"})
        files = [name for name in re.findall(r'(?:src|href)="([^"]+)"', page.text) if ":" not in name]
        got = {name: client.get(urljoin(address, name)).status_code for name in files}
        answer = client.post(address, json=QUERY)
    assert (address, page.status_code) == ("/plan/docket/graphql", 200)
    assert got["graphiql/own/start.js"] == 200
    assert set(got.values()) == {200}
    assert answer.json() == DATA


def test_prometheus_finds_nothing_wrong_with_the_metrics(sandbox: int) -> None:
    """Names, types, units and texts, once something was counted."""
    command = [program("promtool"), "check", "metrics"]
    port, metrics = free_ports(2)
    with started("serve", **held(sandbox, port, GATEWAY_METRICS_PORT=str(metrics))):
        for sent in (QUERY, WRITE, {"query": "{ nothing }"}):
            httpx.post(f"http://127.0.0.1:{port}/graphql", json=sent)
        text = httpx.get(f"http://127.0.0.1:{metrics}/metrics").text
    checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


# The way out: a proxy, and a CA of one's own

HOST = "0.0.0.0"  # noqa: S104 - this machine, by a name that is asked through a proxy as any but loopback is
CA = trustme.CA()
TLS = """
server {
  listen 127.0.0.1:PORT ssl;
  ssl_certificate FOLDER/shown.pem;
  ssl_certificate_key FOLDER/key.pem;
  location / { proxy_pass http://127.0.0.1:SANDBOX; }
}
"""


@pytest.fixture
def behind_tls(sandbox: int, tmp_path: Path) -> Callable:
    """Make it possible to show PlanDocket by HTTPS, with a certificate of a CA for a name."""

    @contextmanager
    def behind(name: str = HOST, ca: trustme.CA = CA) -> Iterator[int]:
        folder = tmp_path / "tls"
        folder.mkdir()
        certificate = ca.issue_cert(name)
        certificate.cert_chain_pems[0].write_to_path(folder / "shown.pem")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        changes = {"FOLDER": str(folder), "SANDBOX": str(sandbox)}

        def text(port: int) -> str:
            return re.sub("PORT|FOLDER|SANDBOX", lambda found: {**changes, "PORT": str(port)}[found[0]], TLS)

        with running(PROXIES["nginx"], text, folder) as port:
            yield port

    return behind


@contextmanager
def out_through(folder: Path, *lines: str) -> Iterator[tuple[int, Path]]:
    """Run tinyproxy with these lines more, and yield its port and what it logs to."""
    folder.mkdir()
    with running(TINYPROXY, lambda port: "\n".join([f"Port {port}", *lines]), folder) as port:
        yield port, folder / "log"


def ask(log: Path, sandbox: int, tls: int, **settings: str) -> tuple[dict, list[str]]:
    """Ask once through a gateway that is to reach PlanDocket so; return the answer and the lines on why it cannot."""
    [port] = free_ports(1)
    with logged(log, "serve", **held(sandbox, port, PLANDOCKET_BASE_URL=f"https://{HOST}:{tls}", **settings)):
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json=QUERY, timeout=30).json()
    return answer, [line for line in log.read_text().splitlines() if "PlanDocket cannot be reached" in line]


@pytest.mark.parametrize("believed", ["GATEWAY_CA_FILE", "SSL_CERT_FILE"])
def test_plandocket_is_reached_through_a_proxy_with_a_ca_of_ones_own(
    believed: str, sandbox: int, behind_tls: Callable, tmp_path: Path
) -> None:
    """The proxy wants a user and a password; `gateway check` finds the same way."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    with behind_tls() as tls, out_through(tmp_path / "out", "BasicAuth user canary-word") as (port, proxied):
        way = {"HTTPS_PROXY": f"http://user:canary-word@127.0.0.1:{port}", believed: str(tmp_path / "ca.pem")}
        answer, lines = ask(tmp_path / "gateway.log", sandbox, tls, **way)
        settings = held(sandbox, 8000, PLANDOCKET_BASE_URL=f"https://{HOST}:{tls}", **way)
        checked = run("check", **settings)
    assert (answer, lines) == (DATA, [])
    assert f"CONNECT {HOST}:{tls}" in proxied.read_text()
    assert checked.returncode == 0, checked.stdout
    assert "canary" not in checked.stdout + checked.stderr


BAD = {"of another CA": {"ca": trustme.CA()}, "for another name": {"name": "plandocket.test"}}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_certificate_is_told_and_tried_once(
    bad: dict, sandbox: int, behind_tls: Callable, tmp_path: Path
) -> None:
    """Behind the proxy too: a further connection would show the same one."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    with behind_tls(**bad) as tls, out_through(tmp_path / "out") as (port, proxied):
        way = {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "GATEWAY_CA_FILE": str(tmp_path / "ca.pem")}
        answer, [line] = ask(tmp_path / "gateway.log", sandbox, tls, **way)
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert f"the certificate of {HOST}:{tls} is not valid here" in line
    assert proxied.read_text().count(f"CONNECT {HOST}:{tls}") == 1


REFUSALS = {
    "a wrong password": ("BasicAuth user other", "must have the right user and password"),
    "a port that it leads nobody to": ("ConnectPort 1", "let it lead to"),
}


@pytest.mark.parametrize(("line", "why"), REFUSALS.values(), ids=REFUSALS)
def test_a_proxy_that_refuses_is_named_without_what_it_was_shown(
    line: str, why: str, sandbox: int, tmp_path: Path
) -> None:
    """By the log, and with what to do; nothing was asked of PlanDocket."""
    with out_through(tmp_path / "out", line) as (port, _):
        way = {"HTTPS_PROXY": f"http://user:canary-word@127.0.0.1:{port}"}
        answer, [told] = ask(tmp_path / "gateway.log", sandbox, 443, **way)
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert f"the proxy 127.0.0.1:{port} " in told
    assert why in told


# The process


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """As the README has it, but for where the gateway is."""
    command = [program("systemd-analyze"), "verify"]
    [unit] = re.findall(r"```ini\n(.*?)```", README, re.DOTALL)
    file = tmp_path / "plandocket-gateway.service"
    file.write_text(unit.replace("/opt/plandocket-gateway/.venv/bin/gateway", GATEWAY))
    assert GATEWAY in file.read_text()
    checked = subprocess.run([*command, file], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_it_runs_without_rights_on_a_disk_that_is_read_only(sandbox: int, tmp_path: Path) -> None:
    """By the README's command: nobody's, without a capability, with no place to write anything."""
    program("setpriv")
    may = [program("unshare"), "--user", "--map-user=65534", "--keep-caps", "--mount", "true"]
    if subprocess.run(may, capture_output=True, check=False, timeout=30).returncode:  # noqa: S603
        pytest.skip("this kernel lets nobody make namespaces")
    [command] = re.findall(r"```sh\n(unshare .*?)```", README, re.DOTALL)
    probe = command.replace("/ &&", "/ && ! touch PLACE 2>/dev/null &&").replace(
        "PLACE", str(tmp_path / "written")
    )
    text = f"exec {probe}".replace(".venv/bin/gateway", GATEWAY)
    [port] = free_ports(1)
    with started("-c", text, command="sh", **held(sandbox, port)) as process:
        for sent, expected in ((QUERY, DATA), (WRITE, WRITTEN)):
            assert httpx.post(f"http://127.0.0.1:{port}/graphql", json=sent).json() == expected
        status = Path(f"/proc/{process.pid}/status").read_text()
        assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
        process.terminate()
        assert process.wait(30) == 0
    assert not (tmp_path / "written").exists()
