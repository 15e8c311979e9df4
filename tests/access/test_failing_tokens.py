# pyright: basic
"""Whoever guesses is slowed; whoever has a right token elsewhere does not notice."""

from pathlib import Path
from typing import cast

import httpx
import pytest
from asking import Ask, Gateway, Time

from gateway.http.callers import wrong_credentials
from gateway.http.callers.tokens import NewToken, new_token
from gateway.http.callers.wrong_credentials import Failures

RIGHT, OTHER = new_token("right", ["read"]), new_token("other", ["read"])


@pytest.fixture
def ask(gateway: Gateway, tmp_path: Path, time: Time) -> Ask:
    """Make a gateway that knows two tokens."""
    file = tmp_path / "tokens"
    file.write_text(f"{RIGHT.line}\n{OTHER.line}")
    return gateway(auth="tokens", tokens_file=file, time=time)


async def send(ask: Ask, token: NewToken | str | None, address: str = "192.0.2.1") -> httpx.Response:
    """Send a token from an address."""
    app = cast(httpx.ASGITransport, ask.http._transport).app
    shown = token.token.get_secret_value() if isinstance(token, NewToken) else token
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://localhost"
    ) as http:
        return await http.post(
            "/graphql",
            json={"query": "{ __typename }"},
            headers={} if shown is None else {"Authorization": f"Bearer {shown}"},
        )


async def guess(ask: Ask, times: int, address: str = "192.0.2.1") -> list[int]:
    """Send wrong tokens and return how they are answered."""
    return [(await send(ask, f"wrong-{i}", address)).status_code for i in range(times)]


async def test_an_address_has_ten_guesses_a_minute(
    ask: Ask, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """Beyond them none is looked at, not even a right one; then again one for each that is a minute old."""
    assert await guess(ask, 12) == [401] * 10 + [429] * 2
    refused = await send(ask, RIGHT)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert "10 wrong tokens came from 192.0.2.1" in caplog.text
    told = refused.json()["errors"][0]["extensions"]
    assert told == {"code": "TOO_MANY_FAILURES", "retryAfter": 60}
    time.seconds += 59
    assert (await send(ask, RIGHT)).headers["retry-after"] == "1"
    time.seconds += 1
    assert (await send(ask, RIGHT)).status_code == 200


async def test_a_right_token_elsewhere_is_not_concerned(ask: Ask) -> None:
    """Whatever comes from other addresses, or from thousands of them."""
    for n in range(20):
        await guess(ask, 11, f"192.0.2.{n}")
    assert (await send(ask, RIGHT, "198.51.100.1")).status_code == 200


async def test_a_neighbour_at_work_is_not_locked_out(ask: Ask) -> None:
    """A token that was right from this address before stays right; another is not tried."""
    assert (await send(ask, RIGHT)).status_code == 200
    assert await guess(ask, 11) == [401] * 10 + [429]
    assert (await send(ask, RIGHT)).status_code == 200
    assert (await send(ask, OTHER)).status_code == 429


async def test_no_token_is_no_guess(ask: Ask) -> None:
    """A browser that forgot to log in is told so, however often."""
    assert {(await send(ask, None)).status_code for _ in range(30)} == {401}
    assert (await send(ask, RIGHT)).status_code == 200


async def test_an_ipv6_customer_is_one(ask: Ask) -> None:
    """With all of its /64; the next one is another."""
    for n in range(10):
        await guess(ask, 1, f"2001:db8::{n:x}")
    assert (await send(ask, RIGHT, "2001:db8::ffff")).status_code == 429
    assert (await send(ask, RIGHT, "2001:db8:0:1::1")).status_code == 200


async def test_ipv4_in_the_clothes_of_ipv6_is_ipv4(ask: Ask) -> None:
    """A socket that takes both names it so: they are not one customer."""
    await guess(ask, 10, "::ffff:192.0.2.1")
    assert (await send(ask, RIGHT, "192.0.2.1")).status_code == 429
    assert (await send(ask, RIGHT, "::ffff:192.0.2.2")).status_code == 200


async def test_a_token_that_was_right_is_no_guess(
    ask: Ask, tmp_path: Path, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """A page that goes on with a token that was withdrawn locks out nobody at its address."""
    (tmp_path / "tokens").write_text(OTHER.line)
    time.seconds += 1
    assert [(await send(ask, RIGHT)).status_code for _ in range(12)] == [401] * 12
    assert "was withdrawn" in (await send(ask, RIGHT)).text
    assert (await send(ask, OTHER)).status_code == 200
    assert "wrong tokens" not in caplog.text


async def test_a_token_that_becomes_right_is_no_guess(ask: Ask, tmp_path: Path) -> None:
    """It was rolled out before the file was: once it is in there it passes at once; another new one does not."""
    new, third = new_token("new", ["read"]), new_token("third", ["read"])
    assert [(await send(ask, new)).status_code for _ in range(12)] == [401] * 10 + [429] * 2
    (tmp_path / "tokens").write_text(f"{new.line}\n{third.line}")
    assert (await send(ask, new)).status_code == 200
    assert (await send(ask, third)).status_code == 429


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has many addresses pushes out the oldest."""
    monkeypatch.setattr(wrong_credentials, "_ADDRESSES", 100)
    monkeypatch.setattr(wrong_credentials, "_TRUSTED", 100)
    kept = Failures(Time())
    for n in range(1_000):
        kept.note(f"host-{n}", b"other")
        kept.trust(f"host-{n}", b"digest")
    assert len(kept._failed) == len(kept._trusted) == 100
