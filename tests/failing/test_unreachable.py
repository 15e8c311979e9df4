# pyright: basic
"""What stands between the gateway and PlanDocket: told apart in the log, and costing nothing of the hour."""

import asyncio
import datetime
import socket
import ssl
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trustme
from asking import Time
from failing.faults import closed_port
from failing.wires import Failing
from keeping.wires import breathe

from gateway.commands.check.upstream import check_upstream
from gateway.errors import SettingsError
from gateway.settings.settings import Settings
from gateway.upstream.way.network import proxy_to, trusted

LIST = "{ categories { title } }"
USED = "{ upstream { used breaker } }"
LISTED = b'{"data": [{"id": 7, "title": "VIP"}]}'
DELETE = 'mutation { deleteCategory(input: {id: "Q2F0ZWdvcnk6Nw=="}) { deletedId } }'
CA = trustme.CA()
YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)


def http(status, body, *headers):
    """Return an answer's bytes."""
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def listening(answer=http(200, LISTED), tls=None, until=b"\r\n\r\n"):  # noqa: B008 - bytes
    """Answer every request alike, or hang up on it; yield the port, and the heads that came."""
    came = []

    async def serve(reader, writer):
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(until):
                came.append(head.decode("latin-1"))
                if not answer:
                    break
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1], came
    finally:
        server.close()


def shown(*names, ca=CA, **given):
    """Return what a server shows a certificate with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **given).configure_cert(context)
    return context


@pytest.fixture
def ca_file(tmp_path):
    """Write down the CA."""
    file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(file)
    return file


async def told(ask, caplog):
    """Fail at a read, and return what the log says of it, and what of the hour it cost."""
    error = await ask.error(LIST)
    assert error["extensions"]["code"] in ("UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT", "UPSTREAM_UNREADABLE")
    used = (await ask(USED))["upstream"]["used"]
    return [found.getMessage() for found in caplog.records if "PlanDocket " in found.getMessage()], used


async def test_a_port_where_nobody_listens(gateway, caplog):
    """It is tried three times, and none counts."""
    port = closed_port()
    lines, used = await told(gateway(base_url=f"http://127.0.0.1:{port}"), caplog)
    assert len(lines) == 3
    assert f"127.0.0.1:{port} refuses the connection: correct PLANDOCKET_BASE_URL" in lines[0]
    assert used == 0


async def test_a_host_that_there_is_not(gateway, caplog):
    """By its name; or that no name server tells, where there is none."""
    lines, used = await told(gateway(base_url="http://plandocket.invalid"), caplog)
    assert "there is no host plandocket.invalid" in lines[0] or "no name server tells where" in lines[0]
    assert used == 0


@pytest.fixture
def full_port():
    """Listen where no connection is taken any more."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_nobody_answers_at_all(gateway, caplog, full_port):
    """As behind a firewall that drops what comes."""
    ask = gateway(base_url=f"http://127.0.0.1:{full_port}", connect_timeout=0.1)
    lines, used = await told(ask, caplog)
    assert f"127.0.0.1:{full_port} does not answer in time: open the way there" in lines[0]
    assert used == 0


@pytest.mark.parametrize(
    "limit", [{"operation_timeout": 0.2}, {"total_timeout": 0.2, "operation_timeout": 1}]
)
async def test_what_is_given_up_before_there_is_a_connection_costs_nothing(gateway, full_port, limit):
    """Though the caller went away, or the request had no more time, while it still looked for one."""
    ask = gateway(base_url=f"http://127.0.0.1:{full_port}", connect_timeout=30, **limit)
    await ask.error(LIST)
    await breathe()
    assert (await ask(USED))["upstream"]["used"] == 0


BAD = {
    "of an unknown CA": (lambda: shown("127.0.0.1", ca=trustme.CA()), "certificate"),
    "expired": (lambda: shown("127.0.0.1", not_after=YESTERDAY), "expired"),
    "of another name": (lambda: shown("tenant.test"), "mismatch"),
}


@pytest.mark.parametrize(("tls", "why"), BAD.values(), ids=BAD)
async def test_a_bad_certificate(gateway, caplog, ca_file, tls, why):
    """One try, since the next would fail too; nothing was sent, and a write is no open question."""
    async with listening(tls=tls()) as (port, came):
        ask = gateway(base_url=f"https://127.0.0.1:{port}", ca_file=ca_file)
        lines, used = await told(ask, caplog)
        write = await ask.error(DELETE)
    assert len(lines) == 1
    assert f"the certificate of 127.0.0.1:{port} is not valid here" in lines[0]
    assert why in lines[0]
    assert write["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert (came, used) == ([], 0)


async def test_a_ca_of_ones_own_is_believed(gateway, ca_file, monkeypatch):
    """By the setting, or by the variable that other programs read."""
    async with listening(tls=shown("127.0.0.1")) as (port, _):
        url = f"https://127.0.0.1:{port}"
        assert await gateway(base_url=url, ca_file=ca_file)(LIST)
        monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
        assert await gateway(base_url=url)(LIST)


async def test_https_where_it_is_not_spoken(gateway, caplog):
    """Likewise one try."""
    async with listening(until=b"\0") as (port, _):  # a greeting of TLS is no line
        lines, used = await told(gateway(base_url=f"https://127.0.0.1:{port}"), caplog)
    assert lines == [
        f"PlanDocket cannot be reached: 127.0.0.1:{port} speaks no TLS: let PLANDOCKET_BASE_URL begin with http, "
        "or correct its port"
    ]
    assert used == 0


@pytest.mark.parametrize(
    "said",
    [
        b"<html><h1>400 Bad Request</h1>The plain HTTP request was sent to HTTPS port</html>",
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ],
    ids=["nginx", "Go", "Apache"],
)
async def test_plain_http_where_tls_is_spoken(gateway, caplog, said):
    """As servers say it, and as those that only hang up leave it to be guessed."""
    async with listening(http(400, said)) as (port, _):
        lines, used = await told(gateway(base_url=f"http://127.0.0.1:{port}"), caplog)
    assert f"127.0.0.1:{port} speaks TLS alone: let PLANDOCKET_BASE_URL begin with https" in lines[0]
    assert used == 1
    caplog.clear()
    async with listening(tls=shown("127.0.0.1")) as (port, _):
        lines, used = await told(gateway(base_url=f"http://127.0.0.1:{port}"), caplog)
    assert "let PLANDOCKET_BASE_URL begin with https if that is spoken there" in lines[0]
    assert used == 3  # the bytes were there: only what certainly never left costs nothing


@pytest.mark.parametrize("status", [200, 401, 403, 404])
async def test_a_page_in_place_of_plandocket(gateway, caplog, status):
    """Another server, or another path of it."""
    async with listening(http(status, b"\n<!doctype html><p>canary-page")) as (port, _):
        ask = gateway(base_url=f"http://127.0.0.1:{port}/wrong")
        await ask.error(LIST)
    lines = [found.getMessage() for found in caplog.records if "a page and no JSON" in found.getMessage()]
    assert f"from 127.0.0.1:{port} with status {status}: is PLANDOCKET_BASE_URL the tenant's own" in lines[0]
    assert "canary" not in caplog.text


PROXY_REFUSES = {
    "wants a password": (http(407, b"canary"), "must have the right user and password", 1),
    "knows another password": (http(401, b"canary"), "must have the right user and password", 1),
    "does not lead there": (http(403, b"canary"), "let it lead to plandocket.test, or name", 1),
    "finds nobody behind it": (http(502, b"canary"), "(502)", 3),
    "hangs up": (b"", "drops the connection", 3),
    "is none": (b"canary\r\n\r\n", "drops the connection", 3),
}


@pytest.mark.parametrize(("answer", "why", "tries"), PROXY_REFUSES.values(), ids=PROXY_REFUSES)
async def test_a_proxy_that_does_not_lead_on(gateway, caplog, monkeypatch, answer, why, tries):
    """By its name, without what it is shown; its word that waits for others is tried again."""
    async with listening(answer) as (port, came):
        monkeypatch.setenv("HTTPS_PROXY", f"http://canary-user:canary-word@127.0.0.1:{port}")
        lines, used = await told(gateway(base_url="https://plandocket.test"), caplog)
    assert f"the proxy 127.0.0.1:{port} " in lines[0]
    assert why in lines[0]
    assert all(head.startswith("CONNECT plandocket.test:443 ") for head in came)
    assert all("Proxy-Authorization: Basic " in head for head in came)
    assert (len(came), len(lines), used) == (tries, tries, 0)


async def test_a_proxy_for_plain_http_that_wants_a_password(gateway, caplog, monkeypatch):
    """What it was shown went no further: only a proxy says 407."""
    async with listening(http(407, b"<p>canary")) as (port, came):
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{port}")
        lines, used = await told(gateway(base_url="http://plandocket.test"), caplog)
    assert f"the proxy 127.0.0.1:{port} refuses the way to plandocket.test (407)" in lines[0]
    assert (len(came), used) == (1, 0)


async def test_a_proxy_that_is_not_there(gateway, caplog, monkeypatch):
    """The host that is missing is the proxy's, not PlanDocket's."""
    port = closed_port()
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
    lines, used = await told(gateway(base_url="https://plandocket.test"), caplog)
    assert f"127.0.0.1:{port} refuses the connection: correct HTTPS_PROXY or HTTP_PROXY" in lines[0]
    assert used == 0


async def test_loopback_is_asked_without_a_proxy(gateway, monkeypatch):
    """A proxy elsewhere knows nothing of this machine, and the demo's sandbox is on it."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    async with listening() as (port, _):
        assert await gateway(base_url=f"http://127.0.0.1:{port}")(LIST)


async def test_what_was_seen_is_what_the_check_says(monkeypatch):
    """In the words of the log."""
    monkeypatch.setenv("HTTPS_PROXY", "http://canary:canary@127.0.0.1:1")
    settings = Settings.model_validate({"base_url": "https://plandocket.test", "api_key": "key"})
    [finding] = await check_upstream(settings, settings.api_key)
    assert finding.sentence.startswith("PLANDOCKET_BASE_URL: 127.0.0.1:1 refuses the connection")
    assert "canary" not in finding.sentence


PROXIES = {
    '"http://proxy.test:3128"': "no address of a proxy",
    "http://proxy.test:canary": "no address of a proxy",
    "http://": "no address of a proxy",
    "http://canary proxy:1": "no address of a proxy",
    "socks5://canary:canary@proxy.test:1080": "not by socks5",
    "http://proxy.test:99999": "no address of a proxy",
}


@pytest.mark.parametrize(("value", "why"), PROXIES.items())
async def test_a_bad_proxy_stops_the_start(gateway, monkeypatch, value, why):
    """As one sentence, and as a finding; without its value, which may hold a password."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    with pytest.raises(SettingsError) as caught:
        gateway(base_url="https://plandocket.test")
    assert str(caught.value).startswith("HTTPS_PROXY: ")
    assert why in str(caught.value)
    settings = Settings.model_validate({"base_url": "https://plandocket.test", "api_key": "key"})
    [finding] = await check_upstream(settings, settings.api_key)
    assert finding.sentence == str(caught.value)
    assert "canary" not in finding.sentence


@pytest.mark.parametrize("value", ["proxy.test:3128", "http://[::1]:3128", "http://user:word@proxy.test"])
def test_a_proxy_is_written_in_several_ways(monkeypatch, value):
    """As other programs take it."""
    monkeypatch.setenv("https_proxy", value)
    assert proxy_to(httpx.URL("https://plandocket.test")) is not None
    monkeypatch.setenv("no_proxy", "other.test, .plandocket.test,plandocket.test")
    assert proxy_to(httpx.URL("https://plandocket.test")) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("SSL_CERT_FILE", "/nowhere"), ("SSL_CERT_FILE", __file__), ("SSL_CERT_DIR", "/nowhere")],
)
def test_bad_certificates_to_believe_stop_the_start(monkeypatch, name, value):
    """By the variable's name."""
    for other in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        trusted(None)


async def test_a_probe_that_never_left_may_be_sent_again(gateway):
    """PlanDocket said when it opens again: before that only one request in ten minutes finds out."""
    time = Time()
    wire = Failing(None, "429", "refused", "refused", "refused", headers={"Retry-After": "3600"})
    ask = gateway(transport=wire, time=time)
    assert (await ask.error(LIST))["extensions"]["code"] == "UPSTREAM_RATE_LIMITED"
    time.seconds += 601
    assert (await ask.error(LIST))["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert await ask(LIST)
    assert (await ask(USED))["upstream"]["used"] == 2
