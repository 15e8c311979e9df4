# pyright: basic
"""Behind proxies that are trusted, and only there, a client's address is what they say."""

import io
import json
from pathlib import Path
from typing import cast

import httpx
import pytest
from asking import Ask, Gateway, Time

from gateway.errors import SettingsError
from gateway.http.callers.tokens import new_token
from gateway.settings.settings import load_settings
from gateway.telemetry.log_lines import logging_to

RIGHT = new_token("right", ["read"])
PROXY, INNER, CLIENT, OTHER = "10.0.0.7", "10.1.2.3", "192.0.2.1", "192.0.2.2"
TRUSTED = "10.0.0.7, 10.1.0.0/16, fd00::/8"


@pytest.fixture
def ask(gateway: Gateway, tmp_path: Path, time: Time) -> Ask:
    """Make a gateway behind proxies, that knows one token."""
    return behind(TRUSTED, gateway, tmp_path, time)


def behind(trusted: str | None, gateway: Gateway, folder: Path, time: Time) -> Ask:
    """Make a gateway that trusts these proxies."""
    file = folder / "tokens"
    file.write_text(RIGHT.line)
    return gateway(auth="tokens", tokens_file=file, time=time, trusted_proxies=trusted)


async def send(ask: Ask, token: str, forwarded: str | list[str] | None, peer: str = PROXY) -> int:
    """Send a token over a connection from `peer`, and return the status."""
    app = cast(httpx.ASGITransport, ask.http._transport).app
    lines = [forwarded] if isinstance(forwarded, str) else forwarded or []
    headers = [("Authorization", f"Bearer {token}"), *(("X-Forwarded-For", line) for line in lines)]
    transport = httpx.ASGITransport(app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        return (await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)).status_code


async def lock(ask: Ask, forwarded: str | list[str] | None, peer: str = PROXY) -> None:
    """Send wrong tokens until their address is refused."""
    assert [await send(ask, f"wrong-{n}", forwarded, peer) for n in range(11)] == [401] * 10 + [429]


def right() -> str:
    """Return the token that lets in."""
    return RIGHT.token.get_secret_value()


SAME = {
    "a port": f"{CLIENT}:4711",
    "the clothes of IPv6": f"::ffff:{CLIENT}",
    "brackets and a port": f"[::ffff:{CLIENT}]:4711",
    "what the client made up before it": f"{OTHER}, 10.0.0.7, {CLIENT}",
    "nonsense that the client made up before it": f"unknown, <script>, {CLIENT}",
    "an inner proxy": f"{CLIENT}, {INNER}",
    "both": f"{OTHER}, {CLIENT}, {INNER}",
    "two headers": [OTHER, CLIENT],
    "two headers and an inner proxy": [CLIENT, INNER],
    "spaces and empty places": f" {CLIENT} ,, ",
}


@pytest.mark.parametrize("forwarded", SAME.values(), ids=SAME)
async def test_the_last_address_that_no_trusted_proxy_has_counts(
    ask: Ask, forwarded: str | list[str]
) -> None:
    """However it is written; whoever comes through the same proxy from elsewhere is not concerned."""
    await lock(ask, CLIENT)
    assert await send(ask, right(), forwarded) == 429
    assert await send(ask, right(), OTHER) == 200


@pytest.mark.parametrize("trusted", [None, "10.0.0.8"])
async def test_nobody_else_is_believed(
    trusted: str | None, gateway: Gateway, tmp_path: Path, time: Time
) -> None:
    """By default no header makes another of anyone, wherever it comes from."""
    ask = behind(trusted, gateway, tmp_path, time)
    for peer in (PROXY, "127.0.0.1"):
        await lock(ask, CLIENT, peer)
        assert await send(ask, right(), OTHER, peer) == 429


async def test_a_client_of_its_own_is_not_believed(ask: Ask) -> None:
    """Who goes round the proxy names whom it likes."""
    await lock(ask, OTHER, CLIENT)
    assert await send(ask, right(), OTHER, CLIENT) == 429
    assert await send(ask, right(), OTHER) == 200


@pytest.mark.parametrize("forwarded", [None, "", "unknown", "_hidden", f"{CLIENT}, unknown", "10.0.0.7"])
async def test_a_proxy_that_names_nobody_counts_itself(ask: Ask, forwarded: str | None) -> None:
    """Its own address is what is known."""
    await lock(ask, forwarded)
    assert await send(ask, right(), None) == 429


async def test_where_all_are_trusted_the_first_counts(ask: Ask) -> None:
    """A client inside the trusted network."""
    await lock(ask, f"{INNER}, 10.1.9.9")
    assert await send(ask, right(), INNER) == 429
    assert await send(ask, right(), "10.1.7.7") == 200


async def test_proxies_have_addresses_of_ipv6_too(ask: Ask) -> None:
    """Their clients also: with all of a /64."""
    await lock(ask, "2001:db8::1", "fd00::7")
    assert await send(ask, right(), "[2001:db8::2]:443", "fd00::8") == 429
    assert await send(ask, right(), "2001:db8:0:1::2", "fd00::8") == 200


async def test_a_header_of_thousands_is_not_read_to_its_end(ask: Ask) -> None:
    """Twenty proxies one behind the other are more than anybody has."""
    await lock(ask, ", ".join([CLIENT, *[INNER] * 5_000]))
    assert await send(ask, right(), CLIENT) == 200


async def test_forwarded_is_not_read(ask: Ask) -> None:
    """Proxies that write the other header pass this one on as their client sent it."""
    app = cast(httpx.ASGITransport, ask.http._transport).app
    transport = httpx.ASGITransport(app, client=(PROXY, 1))
    statuses: list[int] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for n in range(11):
            headers = {"Authorization": "Bearer wrong", "X-Forwarded-For": CLIENT}
            headers["Forwarded"] = f"for=192.0.2.{100 + n}"
            response = await http.post("/graphql", json={"query": "{ __typename }"}, headers=headers)
            statuses.append(response.status_code)
    assert statuses == [401] * 10 + [429]


async def test_a_refused_tokens_line_has_the_clients_address(ask: Ask) -> None:
    """So that it can be found who guesses; a line of anyone who is let in has none."""
    stream = io.StringIO()
    with logging_to(stream, "json", "info"):
        await send(ask, right(), CLIENT)
        await send(ask, "wrong", CLIENT)
        await lock(ask, OTHER)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = [line.get("address") for line in lines if line["event"] == "operation"]
    assert told == [None, CLIENT, *[OTHER] * 11]
    assert any("10 wrong tokens came from 192.0.2.2" in line["event"] for line in lines)


@pytest.mark.parametrize(
    "trusted",
    ["localhost", "10.0.0.1/8", "10.0.0.7:80", "0.0.0.0/0", "::/0", "*", "10.0.0.7 10.0.0.8", "/24"],
)
def test_what_is_no_network_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, trusted: str) -> None:
    """By its place, with how one looks; and not everyone can be trusted."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", "https://tenant.plandocket.test")
    monkeypatch.setenv("GATEWAY_TRUSTED_PROXIES", f"10.0.0.7, {trusted}")
    with pytest.raises(SettingsError, match=r"^GATEWAY_TRUSTED_PROXIES: .*its number 2 is"):
        load_settings()
