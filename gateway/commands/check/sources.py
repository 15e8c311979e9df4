"""The files and addresses that the settings name, other than PlanDocket's: each is read as the gateway reads it."""

from collections.abc import Iterator

import httpx

from gateway.commands.check.finding import Finding, Level, failure, unreachable, warning
from gateway.errors import SettingsError
from gateway.execution.operation import Executor
from gateway.execution.persisted_documents import StoredDocuments
from gateway.http.callers.issuer import FetchError, client, fetch, keys_of, way_of
from gateway.http.callers.tokens import TokenError, read_file
from gateway.schema import RULES, SCHEMA
from gateway.settings.settings import Settings, unknown_settings
from gateway.upstream.way.obstacle import obstacle


async def check_sources(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> list[Finding]:
    """Return a finding for each that is used, and one for each that is set in vain; `transport` is the network."""
    findings = list(_unused(settings))
    if settings.auth == "tokens":
        findings.append(_tokens(settings))
    if settings.auth == "jwt":
        findings.append(await _keys(settings, transport))
    if settings.documents != "off" and settings.documents_file is not None:
        findings += _documents(settings)
    return findings


def _unused(settings: Settings) -> Iterator[Finding]:
    for sentence in unknown_settings():
        yield warning(sentence)
    given = (
        ("GATEWAY_TOKENS_FILE", settings.tokens_file, "GATEWAY_AUTH", settings.auth, "tokens"),
        ("GATEWAY_JWT_JWKS_URL", settings.jwt_jwks_url, "GATEWAY_AUTH", settings.auth, "jwt"),
    )
    for name, value, by, mode, wanted in given:
        if value is not None and mode != wanted:
            yield warning(f"{name} is set and not used: set {by} to {wanted}, or unset it.")
    if settings.documents_file is not None and settings.documents == "off":
        yield warning(
            "GATEWAY_DOCUMENTS_FILE is set and not used: set GATEWAY_DOCUMENTS to only or prefer, or unset it."
        )
    if "metrics_host" in settings.model_fields_set and settings.metrics_port is None:
        yield warning("GATEWAY_METRICS_HOST is set and not used: set GATEWAY_METRICS_PORT too, or unset it.")


def _tokens(settings: Settings) -> Finding:
    assert settings.tokens_file is not None, "the settings see to that"  # noqa: S101
    try:
        count = len(read_file(settings.tokens_file))
    except TokenError as error:
        return failure(f"GATEWAY_TOKENS_FILE: {error}. Correct it; 'gateway token' prints lines for it.")
    if not count:
        return warning(
            "GATEWAY_TOKENS_FILE: there is no token in it, so nobody is let in: append one with "
            "'gateway token NAME --read >> FILE'."
        )
    return Finding(Level.OK, f"GATEWAY_TOKENS_FILE: {count} {'token' if count == 1 else 'tokens'}.")


async def _keys(settings: Settings, transport: httpx.AsyncBaseTransport | None) -> Finding:
    name, url = "GATEWAY_JWT_JWKS_URL", settings.jwt_jwks_url
    assert url is not None, "the settings see to that"  # noqa: S101
    try:
        async with client(settings, transport) as http:
            count = len(keys_of(await fetch(http, str(url))))
    except FetchError as error:
        return failure(
            f"{name}: the issuer's keys cannot be fetched: {error}. Set it to the 'jwks_uri' that the issuer "
            "tells at /.well-known/openid-configuration."
        )
    except SettingsError as error:
        return failure(str(error))
    except (httpx.HTTPError, TimeoutError) as error:
        return unreachable(name, obstacle(error, way_of(settings)))
    keys = "1 key" if count == 1 else f"{count} keys"
    return Finding(Level.OK, f"{name}: {url.host} tells {keys} that signatures can be checked with.")


def _documents(settings: Settings) -> Iterator[Finding]:
    try:
        StoredDocuments(settings, Executor(SCHEMA, RULES, settings).problems)
    except SettingsError as error:
        for line in str(error).splitlines():
            yield failure(line)
    else:
        yield Finding(
            Level.OK, "GATEWAY_DOCUMENTS_FILE: every document in it fits the schema and the limits."
        )
