# pyright: basic
"""Which way of `GATEWAY_AUTH` holds, which settings contradict each other, and the commands in each."""

import json
import logging
import re
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from time import time as now

import pytest
from asking import Gateway
from forks import run_fork
from joserfc import jwt
from joserfc.jwk import ECKey
from serving_here import environment, free_ports, run, started

from gateway.errors import SettingsError
from gateway.http.callers.tokens import new_token
from gateway.settings.settings import Settings

JWT = {
    "jwt_issuer": "https://issuer.test",
    "jwt_audience": "gateway",
    "jwt_jwks_url": "https://issuer.test/keys",
}
NETWORK = "0.0.0.0"  # noqa: S104


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Make a file with a token."""
    file = tmp_path / "tokens"
    file.write_text(new_token("one", ["read"]).line)
    return file


def settings(**given: object) -> Settings:
    """Return settings of these values alone."""
    return Settings.model_validate({"base_url": "http://plandocket.test", **given})


WRONG = {
    "passthrough with a held key": ({"api_key": "canary", "auth": "passthrough"}, "GATEWAY_AUTH"),
    "a network without a word": ({"api_key": "canary", "host": NETWORK}, "GATEWAY_HOST"),
    "no held key for tokens": ({"auth": "tokens"}, "PLANDOCKET_API_KEY"),
    "no held key for jwt": ({"auth": "jwt", **JWT}, "PLANDOCKET_API_KEY"),
    "no held key for anyone": ({"auth": "none"}, "PLANDOCKET_API_KEY"),
    "no file": ({"api_key": "canary", "auth": "tokens"}, "GATEWAY_TOKENS_FILE"),
    "no issuer": ({"api_key": "canary", "auth": "jwt", **JWT, "jwt_issuer": None}, "GATEWAY_JWT_ISSUER"),
    "no audience": (
        {"api_key": "canary", "auth": "jwt", **JWT, "jwt_audience": None},
        "GATEWAY_JWT_AUDIENCE",
    ),
    "no keys": ({"api_key": "canary", "auth": "jwt", **JWT, "jwt_jwks_url": None}, "GATEWAY_JWT_JWKS_URL"),
}


@pytest.mark.parametrize(("given", "name"), WRONG.values(), ids=WRONG)
def test_settings_that_do_not_go_together_are_refused(given: dict, name: str) -> None:
    """By the name of the one to mend; the key is not shown."""
    with pytest.raises(SettingsError) as caught:
        settings(**given)
    assert str(caught.value).startswith(f"{name}: ")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://issuer.test/keys", "http://10.0.0.1/keys"])
def test_keys_come_over_https(url: str) -> None:
    """Or from this machine: whoever is on the way could bring keys of their own."""
    with pytest.raises(ValueError, match="https"):
        settings(api_key="k", auth="jwt", **{**JWT, "jwt_jwks_url": url})
    settings(api_key="k", auth="jwt", **{**JWT, "jwt_jwks_url": "http://127.0.0.1:8080/keys"})


LOUD = "GATEWAY_AUTH"


@pytest.mark.parametrize(
    ("given", "warns"),
    [
        ({}, True),
        ({"auth": "none"}, False),
        ({"auth": "none", "host": NETWORK}, True),
        ({"auth": "jwt", **JWT, "host": NETWORK}, False),
        ({"api_key": None}, False),
        ({"api_key": None, "auth": "passthrough", "host": NETWORK}, False),
    ],
)
async def test_the_log_warns_where_anyone_may_call_unasked(
    gateway: Gateway, given: dict, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start, and says what to set."""
    gateway(**given)
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [LOUD in message for message in found] == [True] * warns


async def test_none_lets_anyone_in(gateway: Gateway) -> None:
    """With all access, as before there were roles."""
    answer = await gateway(auth="none").answer("{ contact(by: {databaseId: 1}) { notes } }")
    assert "errors" not in answer


async def test_passthrough_takes_each_callers_own_key(gateway: Gateway) -> None:
    """PlanDocket judges it; without one, what needs none is answered."""
    ask = gateway(api_key=None, auth="passthrough")
    query = "{ contact(by: {databaseId: 1}) { notes } }"
    assert "errors" not in await ask.answer(query, {"Authorization": "Bearer sandbox-key"})
    assert (await ask.error(query))["extensions"]["code"] == "UNAUTHENTICATED"
    assert await ask("{ __typename }") == {"__typename": "Query"}
    response = await ask.http.post(
        "/graphql", json={"query": query}, headers={"Authorization": "Bearer two words"}
    )
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/"])
async def test_probes_need_no_token(gateway: Gateway, file: Path, path: str) -> None:
    """They tell nothing."""
    response = await gateway(auth="tokens", tokens_file=file).http.get(path)
    assert response.status_code in (200, 307)


def test_a_printed_line_lets_its_token_in(tmp_path: Path) -> None:
    """From the command to the running gateway, on any address."""
    made = run("token", "storefront", "--read", "--only", "events, contacts", "--sensitive")
    assert made.returncode == 0
    [token] = [line for line in made.stderr.splitlines() if line.startswith("pdg_")]
    [line] = made.stdout.splitlines()
    assert re.fullmatch("storefront sha256:[0-9a-f]{64} read,sensitive,events,contacts", line)
    assert made.stderr.count(token) == 1
    file = tmp_path / "tokens"
    with file.open("a") as appended:  # as >> does
        appended.write(made.stdout)
    port, sandbox_port = free_ports(2)
    given = {
        "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
        "PLANDOCKET_API_KEY": "sandbox-key",
        "GATEWAY_AUTH": "tokens",
        "GATEWAY_TOKENS_FILE": str(file),
        "GATEWAY_HOST": NETWORK,
        "GATEWAY_PORT": str(port),
    }
    with started("sandbox", "--port", str(sandbox_port)), started("serve", **given):
        assert b"totalCount" in post(port, "{ contacts { totalCount nodes { notes } } }", token)
        assert b"FORBIDDEN" in post(port, "{ categories { title } }", token)
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(port, "{ __typename }", "wrong")
        assert refused.value.code == 401
        refused.value.close()


def post(port: int, query: str, token: str) -> bytes:
    """Send a query."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        b'{"query": "' + query.encode() + b'"}',
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return response.read()


class _Issuer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with the key."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"keys": [KEY.as_dict(private=False)]}).encode())

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say nothing."""


KEY = ECKey.generate_key("P-256", {"kid": "one"})


def test_keys_are_fetched_over_the_network() -> None:
    """From a running issuer to a running gateway."""
    port, sandbox_port = free_ports(2)
    with HTTPServer(("127.0.0.1", 0), _Issuer) as issuer:
        Thread(target=issuer.serve_forever, daemon=True).start()
        given = {
            "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}",
            "PLANDOCKET_API_KEY": "sandbox-key",
            "GATEWAY_AUTH": "jwt",
            "GATEWAY_JWT_ISSUER": "me",
            "GATEWAY_JWT_AUDIENCE": "gateway",
            "GATEWAY_JWT_JWKS_URL": f"http://127.0.0.1:{issuer.server_port}/keys",
            "GATEWAY_PORT": str(port),
        }
        claims = {"iss": "me", "aud": "gateway", "exp": int(now()) + 60, "roles": "read"}
        token = jwt.encode({"alg": "ES256", "kid": "one"}, claims, KEY)
        with started("sandbox", "--port", str(sandbox_port)), started("serve", **given) as process:
            assert b"totalCount" in post(port, "{ contacts { totalCount } }", token)
            process.terminate()
            assert process.wait(30) == 0
        issuer.shutdown()


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("storefront",), "--read or --write"),
        (("storefront", "--read", "--write"), "--read or --write"),
        (("store front", "--read"), "name"),
        (("storefront", "--read", "--only", "event"), "participants, events, contacts, categories"),
        (("storefront", "--read", "--only", "write"), "no resource"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(arguments: tuple[str, ...], wanted: str) -> None:
    """And it is said what does."""
    ended = run("token", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert wanted in ended.stderr


def test_a_line_that_cannot_be_written_makes_no_token() -> None:
    """A token without its line is of no use to anybody."""
    with Path("/dev/full").open("w") as full:
        ended = run_fork(["token", "storefront", "--read"], environment(), full)
    assert ended.returncode == 1
    assert "No token was made" in ended.stderr
    assert "pdg_" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_broken_file_is_said_at_the_start(tmp_path: Path) -> None:
    """Not as a traceback."""
    file = tmp_path / "tokens"
    file.write_text("nonsense")
    ended = run(
        "serve",
        PLANDOCKET_BASE_URL="http://127.0.0.1:1",
        PLANDOCKET_API_KEY="canary",
        GATEWAY_AUTH="tokens",
        GATEWAY_TOKENS_FILE=str(file),
    )
    assert ended.returncode == 1
    assert "GATEWAY_TOKENS_FILE: line 1: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "canary" not in ended.stderr


def test_check_says_what_is_wrong_with_each_setting(tmp_path: Path) -> None:
    """A line for each, and 1."""
    file = tmp_path / "tokens"
    file.write_text("nonsense")
    given = {
        "PLANDOCKET_BASE_URL": "http://127.0.0.1:1",
        "PLANDOCKET_API_KEY": "canary",
        "GATEWAY_AUTH": "tokens",
    }
    read = run("check", **given, GATEWAY_TOKENS_FILE=str(file))
    gone = run("check", **given, GATEWAY_TOKENS_FILE=str(tmp_path / "gone"), GATEWAY_PORT="none")
    assert (read.returncode, gone.returncode) == (1, 1)
    assert re.match(
        r"FAILURE  GATEWAY_TOKENS_FILE: line 1: .*\nFAILURE  PLANDOCKET_BASE_URL: 127\.0\.0\.1:1 refuses",
        read.stdout,
    )
    assert re.match(
        r"FAILURE  GATEWAY_TOKENS_FILE: there is no such file.*\nFAILURE  GATEWAY_PORT: ", gone.stderr
    )
    assert "canary" not in read.stdout + read.stderr + gone.stdout + gone.stderr


MODES = {
    "none": {"GATEWAY_AUTH": "none"},
    "tokens": {"GATEWAY_AUTH": "tokens"},
    "jwt": {
        "GATEWAY_AUTH": "jwt",
        "GATEWAY_JWT_ISSUER": "https://issuer.test",
        "GATEWAY_JWT_AUDIENCE": "gateway",
        "GATEWAY_JWT_JWKS_URL": "https://issuer.test/keys",
    },
}


NAMED = {"none": "", "tokens": "GATEWAY_TOKENS_FILE: 1 token", "jwt": "127.0.0.1 tells 1 key"}


@pytest.mark.parametrize("mode", MODES)
def test_check_and_plan_need_no_token(mode: str, file: Path, tmp_path: Path) -> None:
    """They ask PlanDocket, or nobody: `plan` works without a key too."""
    given = MODES[mode] | ({"GATEWAY_TOKENS_FILE": str(file)} if mode == "tokens" else {})
    [port] = free_ports(1)
    with started("sandbox", "--port", str(port)), HTTPServer(("127.0.0.1", 0), _Issuer) as issuer:
        Thread(target=issuer.serve_forever, daemon=True).start()
        if mode == "jwt":
            given = given | {"GATEWAY_JWT_JWKS_URL": f"http://127.0.0.1:{issuer.server_port}/keys"}
        key = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{port}", "PLANDOCKET_API_KEY": "sandbox-key"}
        checked = run("check", **given, **key)
        issuer.shutdown()
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert NAMED[mode] in checked.stdout
    operation = tmp_path / "page.graphql"
    operation.write_text("{ contact(by: {databaseId: 1}) { notes } }")
    planned = run("plan", str(operation), **given)
    assert planned.returncode == 0, planned.stderr
    assert "1 request" in planned.stdout
