"""The README's configurations of proxies, run as they stand, do what it says; what they add is needed."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from house.proxies import PROXIES, README, passing
from serving_here import free_ports, started

from gateway.http.callers.tokens import new_token

HELD = {"PLANDOCKET_BASE_URL": "http://127.0.0.1:1", "PLANDOCKET_API_KEY": "canary-held"}
RIGHT = new_token("right", ["read"])
QUERY = {"query": "{ __typename }"}
CLIENT, OTHER = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def open_gateway() -> Iterator[int]:
    """Start a gateway that lets everyone in on loopback, and yield its port."""
    [port] = free_ports(1)
    with started("serve", GATEWAY_PORT=str(port), **HELD):
        yield port


@pytest.fixture
def guarded_gateway(tmp_path: Path) -> Iterator[int]:
    """Start a gateway that wants tokens and trusts this machine's proxies, as the README tells; yield its port."""
    [port] = free_ports(1)
    file = tmp_path / "tokens"
    file.write_text(RIGHT.line)
    assert "`GATEWAY_TRUSTED_PROXIES=127.0.0.1`" in README
    guard = {
        "GATEWAY_AUTH": "tokens",
        "GATEWAY_TOKENS_FILE": str(file),
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.1",
    }
    with started("serve", GATEWAY_PORT=str(port), **HELD, **guard):
        yield port


def statuses(port: int, address: str, tokens: list[str]) -> list[int]:
    """Show tokens to a proxy from an address of this machine, each time as if from elsewhere; return the answers'."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address)) as http:
        return [
            http.post(
                f"http://127.0.0.1:{port}/graphql",
                json=QUERY,
                headers={"Authorization": f"Bearer {token}", "X-Forwarded-For": f"192.0.2.{n}"},
            ).status_code
            for n, token in enumerate(tokens)
        ]


WRONG = [f"wrong-{n}" for n in range(11)]
LOCKED = [401] * 10 + [429]


@pytest.mark.parametrize("is_plain", [True, False], ids=["plain", "as written"])
@pytest.mark.parametrize("name", PROXIES)
def test_no_proxy_leads_to_metrics_without_a_token(
    name: str, is_plain: bool, open_gateway: int, tmp_path: Path
) -> None:
    """Not the plainest either, which adds no header that tells of it and asks for a name of loopback."""
    proxy = PROXIES[name]
    with passing(proxy, proxy.plain if is_plain else proxy.written, open_gateway, tmp_path) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 404
    assert "GATEWAY_METRICS_PORT" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("name", PROXIES)
def test_as_written_each_client_counts_for_itself(name: str, guarded_gateway: int, tmp_path: Path) -> None:
    """Whatever it says of itself."""
    with passing(PROXIES[name], PROXIES[name].written, guarded_gateway, tmp_path) as port:
        assert statuses(port, CLIENT, WRONG) == LOCKED
        assert statuses(port, OTHER, [RIGHT.token.get_secret_value()]) == [200]


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_without_what_these_add_nobody_who_guesses_is_stopped(
    name: str, guarded_gateway: int, tmp_path: Path
) -> None:
    """They pass on an address that the client made up, a new one for each guess."""
    with passing(PROXIES[name], PROXIES[name].plain, guarded_gateway, tmp_path) as port:
        assert statuses(port, CLIENT, WRONG) == [401] * 11


def name_status(port: int) -> int:
    """Ask a proxy under the name that the world has for it, and return the answer's status."""
    address = f"http://127.0.0.1:{port}/graphql"
    return httpx.post(address, json=QUERY, headers={"Host": "graphql.example.org"}).status_code


@pytest.mark.parametrize("name", PROXIES)
def test_as_written_none_opens_a_gateway_that_lets_everyone_in(
    name: str, open_gateway: int, tmp_path: Path
) -> None:
    """The gateway reads what name was asked for, and it is not of this machine."""
    with passing(PROXIES[name], PROXIES[name].written, open_gateway, tmp_path) as port:
        assert name_status(port) == 421


def test_without_the_name_nginx_opens_it(open_gateway: int, tmp_path: Path) -> None:
    """Whoever reaches nginx uses the key: the gateway's warning at the start is about that."""
    with passing(PROXIES["nginx"], PROXIES["nginx"].plain, open_gateway, tmp_path) as port:
        assert name_status(port) == 200
