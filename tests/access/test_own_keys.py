# pyright: basic
"""Callers with PlanDocket keys of their own: whoever shows rubbish is slowed, and no guest is locked out by it."""

import asyncio
from typing import cast

import httpx
import pytest
from asking import Ask, Gateway, Time, endpoint_of

from gateway.http.callers import passthrough
from gateway.sandbox import Sandbox
from gateway.sandbox.app import ALL_SCOPES
from gateway.upstream.way import budget

QUERY = "{ events(first: 1) { nodes { id } } }"
MANY = "{ events { totalCount } contacts { totalCount } categories { id } participants { totalCount } }"
GUESSER, OFFICE = "192.0.2.1", "198.51.100.1"


def tenant(*keys: str) -> Sandbox:
    """Return a sandbox that knows these keys."""
    return Sandbox(keys=dict.fromkeys(keys, ALL_SCOPES))


async def send(ask: Ask, key: str, address: str = GUESSER, query: str = QUERY) -> list[str]:
    """Send a query with a key from an address, and return the codes of its errors."""
    app = cast(httpx.ASGITransport, ask.http._transport).app
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        response = await http.post("/graphql", json={"query": query}, headers={"X-API-Key": key})
    return [error["extensions"]["code"] for error in response.json().get("errors", [])]


async def flood(ask: Ask, count: int, address: str = GUESSER) -> list[str]:
    """Send rubbish keys from an address, one after the other, and return the codes of their errors."""
    return [code for n in range(count) for code in await send(ask, f"rubbish-{address}-{n}", address)]


async def test_any_number_of_new_keys_is_answered(
    gateway: Gateway, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, from one address and within one moment: a key that is good counts for nothing.

    Neither towards the bound of its address nor towards those of all, which are lowered so that less is beyond them.
    """
    monkeypatch.setattr(passthrough, "_TOGETHER", 50)
    monkeypatch.setattr(budget, "_MOST_STRANGERS", 100)
    keys = [f"key-{n}" for n in range(200)]
    ask = gateway(tenant(*keys), api_key=None, time=time)
    assert [code for key in keys for code in await send(ask, key)] == []
    assert ask.sandbox.count == 200


async def test_an_address_has_ten_refused_keys_a_minute(
    gateway: Gateway, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """The flood beyond them costs PlanDocket nothing, and its end is told."""
    ask = gateway(tenant("good"), api_key=None, time=time)
    assert await flood(ask, 100) == ["UNAUTHENTICATED"] * 10 + ["TOO_MANY_FAILURES"] * 90
    assert ask.sandbox.count == 10
    assert caplog.text.count("10 wrong keys came from 192.0.2.1") == 1
    time.seconds += 59
    assert await send(ask, "good") == ["TOO_MANY_FAILURES"]
    time.seconds += 1
    assert await send(ask, "good") == []


async def test_an_answer_says_when_to_come_again(gateway: Gateway, time: Time) -> None:
    """In words for a person and a number for a program."""
    ask = gateway(tenant(), api_key=None, time=time)
    headers = {"X-API-Key": "rubbish"}
    for _ in range(10):
        await ask.answer(QUERY, headers)
    time.seconds += 20
    [error] = (await ask.answer(QUERY, headers))["errors"]
    assert error["extensions"] == {"code": "TOO_MANY_FAILURES", "retryAfter": 40}
    assert "wrong keys" in error["message"]
    assert "try again in 40 s" in error["message"]


async def test_a_flood_from_one_address_holds_up_no_new_key_from_another(
    gateway: Gateway, time: Time
) -> None:
    """Not even while it lasts."""
    keys = [f"key-{n}" for n in range(50)]
    ask = gateway(tenant(*keys), api_key=None, time=time)
    for key in keys:
        await flood(ask, 12)
        assert await send(ask, key, OFFICE) == []


async def test_a_flood_at_once_is_bounded_too(gateway: Gateway, time: Time) -> None:
    """Beside ten refused keys there can only be what was on its way when they were: ten more."""
    ask = gateway(tenant("good"), api_key=None, time=time)
    await asyncio.gather(*(send(ask, f"rubbish-{n}") for n in range(100)))
    assert ask.sandbox.count < 20
    assert await send(ask, "good", OFFICE) == []


async def test_a_key_that_was_accepted_is_not_held_up_by_its_neighbours(gateway: Gateway, time: Time) -> None:
    """Wherever it was accepted."""
    ask = gateway(tenant("here", "elsewhere"), api_key=None, time=time)
    await send(ask, "here")
    await send(ask, "elsewhere", OFFICE)
    await flood(ask, 50)
    assert await send(ask, "here") == await send(ask, "elsewhere") == []


async def test_one_operation_with_a_wrong_key_is_one_failure(gateway: Gateway, time: Time) -> None:
    """However many lists it reads: a page with a mistyped key must not lock its user out at once."""
    ask = gateway(tenant("good"), api_key=None, time=time)
    for _ in range(9):
        assert set(await send(ask, "mistyped", query=MANY)) == {"UNAUTHENTICATED"}
    assert await send(ask, "good") == []


async def test_a_refused_key_is_not_sent_again_for_the_same_operation(gateway: Gateway, time: Time) -> None:
    """Mutations run one after the other, and each would ask."""
    ask = gateway(tenant(), api_key=None, time=time)
    fields = " ".join(f'm{n}: createEvent(input: {{title: "Fair"}}) {{ event {{ id }} }}' for n in range(5))
    assert await send(ask, "wrong", query=f"mutation {{ {fields} }}") == ["UNAUTHENTICATED"] * 5
    assert ask.sandbox.count == 1


async def test_a_key_that_was_withdrawn_counts_like_any_other(gateway: Gateway, time: Time) -> None:
    """It was accepted once, and goes on asking."""
    ask = gateway(sandbox := tenant("old"), api_key=None, time=time)
    assert await send(ask, "old") == []
    sandbox._keys.clear()
    codes = [code for _ in range(30) for code in await send(ask, "old")]
    assert codes == ["UNAUTHENTICATED"] * 10 + ["TOO_MANY_FAILURES"] * 20


async def test_a_server_that_fails_accepts_no_key(gateway: Gateway, time: Time) -> None:
    """What it answers then says nothing of the key, so rubbish stays rubbish."""

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(503 if request.headers["authorization"].endswith("first") else 401)

    ask = gateway(transport=Failing(), api_key=None, time=time)
    assert await send(ask, "first") == ["UPSTREAM_UNAVAILABLE"]
    await flood(ask, 10)
    assert await send(ask, "first") == ["TOO_MANY_FAILURES"]


async def test_all_addresses_together_have_a_bound(
    gateway: Gateway, time: Time, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has many addresses still cannot use the gateway to flood PlanDocket; who is known works on."""
    monkeypatch.setattr(passthrough, "_TOGETHER", 50)
    ask = gateway(tenant("known", "new"), api_key=None, time=time)
    await send(ask, "known", OFFICE)
    codes = [code for n in range(200) for code in await send(ask, f"rubbish-{n}", f"192.0.2.{n}")]
    assert codes == ["UNAUTHENTICATED"] * 50 + ["OVERLOADED"] * 150
    assert ask.sandbox.count == 51
    assert caplog.text.count("50 wrong keys came from all addresses") == 1
    assert await send(ask, "known", OFFICE) == []
    assert await send(ask, "new", OFFICE) == ["OVERLOADED"]
    time.seconds += 60
    assert await send(ask, "new", OFFICE) == []


def test_the_bound_for_all_lets_sixty_addresses_fail() -> None:
    """One that fails, or a handful of them, is far from it."""
    assert passthrough._TOGETHER >= 600


async def test_the_gateways_own_key_is_under_no_such_bound(gateway: Gateway, time: Time) -> None:
    """Nobody chooses it: that it is refused says nothing of who asks."""
    ask = gateway(tenant(), api_key="unknown", time=time)
    codes = [code for _ in range(30) for code in await send(ask, "", GUESSER)]
    assert codes == ["UPSTREAM_FORBIDDEN"] * 30


async def test_a_key_longer_than_any_is_refused_unseen(gateway: Gateway) -> None:
    """Whatever is kept for a caller is kept with their key: nothing is sent for one over 512 characters."""
    ask = gateway(tenant("k" * 512, "k" * 513), api_key=None)

    assert await send(ask, "k" * 512) == []
    sent = len(ask.sandbox.calls)
    assert await send(ask, "k" * 513) == ["UNAUTHENTICATED"]
    assert len(ask.sandbox.calls) == sent


async def test_the_documents_of_made_up_keys_are_not_kept(gateway: Gateway) -> None:
    """As those of nobody are not: only what PlanDocket accepted lets documents stay."""
    ask = gateway(tenant("good"), api_key=None)
    kept = endpoint_of(ask)._executor._documents._kept
    for number in range(5):
        await send(ask, f"made-up-{number}", query=f"{{ a{number}: __typename }}")
    assert list(kept) == []
    await send(ask, "good")
    await send(ask, "good")
    assert list(kept) == [QUERY]
