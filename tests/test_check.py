"""`gateway check`: what it says of each thing that can be wrong, and that it is cheap."""

import json
import socket
import ssl
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey
from pydantic import SecretStr

from gateway.commands.check.finding import Finding, Level
from gateway.commands.check.sources import check_sources
from gateway.commands.check.upstream import check_upstream
from gateway.http.callers.tokens import new_token
from gateway.sandbox import ALL_SCOPES, DIALECTS, SANDBOX_KEY, Dialect, Sandbox
from gateway.settings.settings import Settings

KEY = SecretStr(SANDBOX_KEY)


async def check(
    transport: httpx.AsyncBaseTransport | Sandbox, key: SecretStr | None = KEY, **settings: object
) -> list[Finding]:
    """Return the findings at a sandbox, or at whatever stands in for the network."""
    asked = httpx.ASGITransport(transport.app) if isinstance(transport, Sandbox) else transport
    given = Settings.model_validate({"base_url": "https://tenant.test", "connect_timeout": 0.2, **settings})
    return await check_upstream(given, key, asked)


def sentences(findings: list[Finding], level: Level) -> str:
    """Return all sentences of a level as one text."""
    return "\n".join(finding.sentence for finding in findings if finding.level is level)


class Fake(httpx.AsyncBaseTransport):
    """Answers everything alike, or fails with an error."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return or raise it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def caused(error: Exception, cause: Exception) -> Exception:
    """Return an error as httpx raises it over the system's own."""
    error.__cause__ = cause
    return error


async def test_what_cannot_be_read_is_named() -> None:
    """By its column, with what to do; a plan or module that is missing likewise."""
    odd: list[object] = [None, {"id": 2, "is_confirmed": "perhaps"}]
    found = sentences(await check(Fake(httpx.Response(200, json={"data": odd}))), Level.WARNING)
    assert "participants.id, participants.is_confirmed" in found
    assert "correct it in PlanDocket" in found

    found = sentences(await check(Fake(httpx.Response(402, json={"error": "No."}))), Level.FAILURE)
    assert "plan or module for events is missing" in found


async def test_a_good_server_costs_five_requests_and_has_nothing_to_mend() -> None:
    """One for each scope, and one for the second page."""
    sandbox = Sandbox()
    findings = await check(sandbox)
    assert {finding.level for finding in findings} == {Level.OK}
    assert sandbox.count == 5


@pytest.mark.parametrize("name", DIALECTS)
async def test_every_dialect_is_usable(name: str) -> None:
    """What differs is a warning, or nothing; only a list that is cut off after one page is a failure."""
    failures = sentences(await check(Sandbox(DIALECTS[name])), Level.FAILURE)
    assert failures == ""


async def test_the_dialect_is_told() -> None:
    """How the server writes what the documentation leaves open."""
    schema = sentences(await check(Sandbox()), Level.OK)
    sample = sentences(await check(Sandbox(DIALECTS["sample"])), Level.OK)
    assert "with totals, ids as 'id', times as text" in schema
    assert "without totals, ids as 'participant_id', times as unix seconds" in sample


async def test_ignored_includes_are_told() -> None:
    """With the setting that may help."""
    told = sentences(await check(Sandbox(Dialect(include="ignored"))), Level.WARNING)
    assert "include=category,contact,event" in told
    assert "PLANDOCKET_INCLUDE_STYLE" in told


@pytest.mark.parametrize("style", ["repeated", "brackets"])
async def test_the_include_style_that_is_set_is_used(style: str) -> None:
    """So that the operator can try them."""
    sandbox = Sandbox(Dialect(include=style))  # pyright: ignore[reportArgumentType] - both are styles
    assert sentences(await check(sandbox, include_style=style), Level.WARNING) == ""


async def test_a_page_size_that_is_ignored_is_told() -> None:
    """A wrong parameter name, or lists that come whole."""
    told = sentences(await check(Sandbox(Dialect(per_page_param="limit"))), Level.WARNING)
    assert "PLANDOCKET_PER_PAGE_PARAM ('per_page')" in told


async def test_a_page_that_is_ignored_is_told() -> None:
    """Rows would be missing."""
    told = sentences(await check(Sandbox(Dialect(page_param="p"))), Level.FAILURE)
    assert "PLANDOCKET_PAGE_PARAM ('page')" in told


async def test_a_refused_key_is_told_once() -> None:
    """For a single request."""
    sandbox = Sandbox()
    findings = await check(sandbox, SecretStr("wrong"))
    assert [finding.level for finding in findings] == [Level.FAILURE]
    assert "does not know the key" in findings[0].sentence
    assert sandbox.count == 1


async def test_a_missing_scope_is_named() -> None:
    """The others are still checked."""
    findings = await check(Sandbox(keys={SANDBOX_KEY: ALL_SCOPES - {"contacts"}}))
    assert "scope 'contacts'" in sentences(findings, Level.FAILURE)
    assert "events: the key may read them" in sentences(findings, Level.OK)


async def test_a_spent_hour_is_told() -> None:
    """Nothing is wrong with the settings then."""
    assert "spent" in sentences(await check(Sandbox(per_hour=0)), Level.FAILURE)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404, json={"error": "Resource not found"}), "API module"),
        (httpx.Response(404, html="<h1>nothing here</h1>"), "not a PlanDocket tenant"),
        (httpx.Response(200, html="<h1>welcome</h1>"), "not as PlanDocket does"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), "redirects"),
        (httpx.Response(503, json={"error": "x"}), "status 503"),
        (httpx.Response(422, json={"error": "x"}), "PARAM and INCLUDE_STYLE"),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "x")), "no host tenant.test"),
        (caused(httpx.ConnectError("x"), ssl.SSLError(1, "x")), "TLS"),
        (caused(httpx.ConnectError("x"), ConnectionRefusedError()), "tenant.test:443 refuses the connection"),
        (httpx.ConnectTimeout("x"), "does not answer in time"),
        (httpx.ReadTimeout("x"), "takes connections, and does not answer in time"),
    ],
    ids=str,
)
async def test_a_wrong_host_or_a_switched_off_module_is_told(
    answer: httpx.Response | Exception, said: str
) -> None:
    """In a sentence that says what to do."""
    assert said in sentences(await check(Fake(answer)), Level.FAILURE)


async def test_no_key_is_told() -> None:
    """Where callers send their own, the operator is asked for one."""
    [finding] = await check(Sandbox(), None)
    assert "--ask-key" in finding.sentence


async def test_the_key_is_in_no_sentence() -> None:
    """Whatever goes wrong."""
    for answer in (httpx.Response(401, json={}), httpx.Response(500), httpx.ConnectError(SANDBOX_KEY)):
        findings = await check(Fake(answer))
        assert SANDBOX_KEY not in json.dumps([finding.sentence for finding in findings])


# What the settings name besides PlanDocket.

KEYS = {"keys": [ECKey.generate_key("P-256", {"kid": kid}).as_dict(private=False) for kid in ("one", "two")]}
JWT = {
    "auth": "jwt",
    "jwt_issuer": "https://issuer.test",
    "jwt_audience": "gateway",
    "jwt_jwks_url": "https://issuer.test/keys",
}


async def sources(
    transport: httpx.AsyncBaseTransport | None = None, **settings: object
) -> list[tuple[Level, str]]:
    """Return what is found of the files and addresses that settings name."""
    given = {"base_url": "https://tenant.test", "api_key": "canary-key", **settings}
    found = await check_sources(Settings.model_validate(given), transport)
    assert all(finding.sentence and "canary" not in finding.sentence for finding in found)
    return [(finding.level, finding.sentence) for finding in found]


async def test_where_nothing_is_named_there_is_nothing_to_say() -> None:
    """Callers bring keys, and send texts."""
    assert await sources() == []


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        ("{one}", Level.OK, "1 token."),
        ("{one}\n{two}\n", Level.OK, "2 tokens."),
        ("# nobody yet", Level.WARNING, "gateway token NAME --read >> FILE"),
        ("", Level.WARNING, "nobody is let in"),
        ("# remark\nnonsense", Level.FAILURE, "line 2: "),
        ("\udcff", Level.FAILURE, "UTF-8"),
    ],
)
async def test_the_file_of_tokens_is_read(tmp_path: Path, text: str, level: Level, said: str) -> None:
    """As the gateway reads it, with a line for what is wrong."""
    file = tmp_path / "tokens"
    made = {name: new_token(name, ["read"]).line for name in ("one", "two")}
    file.write_text(text.format(**made), errors="surrogateescape")
    [(found, sentence)] = await sources(auth="tokens", tokens_file=file)
    assert (found, sentence.partition(":")[0]) == (level, "GATEWAY_TOKENS_FILE")
    assert said in sentence


async def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    """It is there when the settings look, and gone after."""
    file = tmp_path / "tokens"
    file.write_text("")
    settings = Settings.model_validate(
        {"base_url": "https://tenant.test", "api_key": "k", "auth": "tokens", "tokens_file": file}
    )
    file.unlink()
    [finding] = await check_sources(settings)
    assert finding.level is Level.FAILURE
    assert "No such file" in finding.sentence


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404), "it answers 404"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), "it answers 302"),
        (httpx.Response(200, html="<h1>welcome</h1>"), "not JSON"),
        (httpx.Response(200, json={"issuer": "https://issuer.test"}), "no list of keys"),
        (httpx.Response(200, json={"keys": [{"kty": "oct", "k": "canary"}]}), "no key that signatures"),
        (caused(httpx.ConnectError("x"), socket.gaierror(-2, "x")), "there is no host issuer.test"),
        (caused(httpx.ConnectError("x"), ssl.SSLError(1, "x")), "TLS connection to issuer.test"),
        (caused(httpx.ConnectError("x"), ConnectionRefusedError()), "issuer.test:443 refuses the connection"),
        (httpx.ConnectTimeout("x"), "does not answer in time"),
    ],
    ids=str,
)
async def test_an_issuer_without_keys_is_told(answer: httpx.Response | Exception, said: str) -> None:
    """With the setting to correct."""
    [(level, sentence)] = await sources(Fake(answer), **JWT)
    assert level is Level.FAILURE
    assert said in sentence
    assert "GATEWAY_JWT_JWKS_URL" in sentence


async def test_the_issuers_keys_are_counted() -> None:
    """Those that signatures can be checked with."""
    given = {"keys": [*KEYS["keys"], {"kty": "oct", "k": "canary"}, {"kty": "new"}]}
    [(level, sentence)] = await sources(Fake(httpx.Response(200, json=given)), **JWT)
    assert (level, "issuer.test tells 2 keys" in sentence) == (Level.OK, True)


@pytest.mark.parametrize(
    ("manifest", "level", "said"),
    [
        ({"abc": "{ categories { title } }"}, Level.OK, "every document"),
        ({"abc": "{ nonsense }"}, Level.FAILURE, "the document abc is refused: "),
        ({}, Level.FAILURE, "graphql-codegen"),
        (["x"], Level.FAILURE, "is not a manifest"),
    ],
)
@pytest.mark.parametrize("mode", ["only", "prefer"])
async def test_the_manifest_is_read(
    tmp_path: Path, manifest: object, level: Level, said: str, mode: str
) -> None:
    """Each document against the schema and the limits."""
    file = tmp_path / "documents.json"
    file.write_text(json.dumps(manifest))
    [(found, sentence)] = await sources(documents=mode, documents_file=file)
    assert (found, sentence.partition(":")[0].split()[0]) == (level, "GATEWAY_DOCUMENTS_FILE")
    assert said in sentence


async def test_each_refused_document_is_a_finding(tmp_path: Path) -> None:
    """A line for each."""
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"abc": "{ nonsense }", "def": "{", "ghi": "{ categories { title } }"}))
    found = await sources(documents="only", documents_file=file)
    assert [level for level, _ in found] == [Level.FAILURE] * 2


async def test_what_is_named_and_not_used_is_told(tmp_path: Path) -> None:
    """Whoever set it believes that it holds."""
    file = tmp_path / "file"
    file.write_text("")
    found = await sources(
        tokens_file=file,
        documents_file=file,
        jwt_jwks_url="https://issuer.test/keys",
        metrics_host="0.0.0.0",  # noqa: S104
    )
    assert {level for level, _ in found} == {Level.WARNING}
    assert [sentence.split()[0] for _, sentence in found] == [
        "GATEWAY_TOKENS_FILE",
        "GATEWAY_JWT_JWKS_URL",
        "GATEWAY_DOCUMENTS_FILE",
        "GATEWAY_METRICS_HOST",
    ]
