# pyright: basic
"""Addresses that a link in a browser can follow: for sixty seconds, once, for the caller who asked for them."""

import logging

import pytest
from asking import Ask, Gateway, Time
from export.downloading import TOKENS, bearer, download, error, follow, promised, table, with_tokens
from mirror.mirroring import mirrored

from gateway.sandbox import SANDBOX_KEY

READ = bearer("read")
GONE = (404, "NOT_FOUND", "This address was used, is over 60 s old, or is none: ask for one by POST.")


@pytest.fixture
def ask(gateway: Gateway, time: Time, tmp_path) -> Ask:
    """Make a gateway that knows tokens."""
    return with_tokens(gateway, time, tmp_path)


async def test_it_is_the_same_file_without_a_token(ask: Ask) -> None:
    """And without a header against forgery, for no more requests."""
    asked = {"filter": {"isConfirmed": True}, "orderBy": [{"field": "ID"}], "fields": "id,contact.lastName"}
    answer = await promised(ask, "participants.csv", READ, **asked)
    assert answer.json()["expiresIn"] == 60
    assert answer.headers["location"] == answer.json()["url"]
    assert answer.headers["cache-control"] == "no-store"
    file = await follow(ask, answer)
    spent = ask.sandbox.count
    assert table(file) == table(await download(ask, "participants.csv", READ, **asked))
    assert ask.sandbox.count == spent
    assert file.headers["content-disposition"] == 'attachment; filename="participants.csv"'


async def test_it_holds_once(ask: Ask) -> None:
    """The second time nothing is told of it."""
    answer = await promised(ask, "events.csv", READ)
    assert (await follow(ask, answer)).status_code == 200
    assert error(await follow(ask, answer)) == GONE


async def test_it_holds_for_sixty_seconds(ask: Ask, time: Time) -> None:
    """One does not prolong another."""
    early, late = [await promised(ask, "events.csv", READ) for _ in "12"]
    time.seconds += 59
    assert (await follow(ask, early)).status_code == 200
    time.seconds += 1
    await promised(ask, "events.csv", READ)
    assert error(await follow(ask, late)) == GONE


async def test_it_is_for_its_caller(ask: Ask) -> None:
    """Who shows another's token is refused, and it is used up; who shows the same one's is not."""
    answer = await promised(ask, "events.csv", READ)
    assert error(await follow(ask, answer, bearer("read events")))[:2] == (403, "FORBIDDEN")
    assert error(await follow(ask, answer)) == GONE
    answer = await promised(ask, "events.csv", READ)
    assert error(await follow(ask, answer, {"Authorization": "Bearer canary-wrong"}))[0] == 401
    assert error(await follow(ask, answer)) == GONE
    for headers in (READ, {"Authorization": "Basic eDp5"}):  # a browser's, for a proxy
        assert (await follow(ask, await promised(ask, "events.csv", READ), headers)).status_code == 200


async def test_it_holds_while_its_callers_token_does(ask: Ask, time: Time, tmp_path) -> None:
    """What a withdrawn one asked for is nobody's."""
    answer = await promised(ask, "events.csv", READ)
    (tmp_path / "tokens").write_text(TOKENS["read events"].line)
    time.seconds += 1
    assert error(await follow(ask, answer))[:2] == (401, "UNAUTHENTICATED")


async def test_it_is_for_who_brought_a_key_of_their_own(gateway: Gateway, time: Time) -> None:
    """They may show it again, each has their last hundred, and another key is another caller."""
    ask = mirrored(gateway, time, api_key=None, requests_per_hour="unlimited")
    key = {"X-API-Key": SANDBOX_KEY}
    first, *_, last = [await promised(ask, "events.csv", key) for _ in range(101)]
    assert error(await follow(ask, first)) == GONE
    assert (await follow(ask, last, key)).status_code == 200
    answer = await promised(ask, "events.csv", key)
    assert error(await follow(ask, answer, {"X-API-Key": "another"}))[:2] == (403, "FORBIDDEN")
    assert (await follow(ask, await promised(ask, "events.csv", key))).status_code == 200


async def test_it_is_for_its_file(ask: Ask) -> None:
    """It stands alone: nothing that is added to it counts, and it is none at another file."""
    url = (await promised(ask, "events.csv", READ)).json()["url"]
    assert error(await ask.http.get(f"/export/{url}&fields=title")) == GONE
    url = (await promised(ask, "events.csv", READ)).json()["url"]
    assert error(await ask.http.get(f"/export/{url.replace('events', 'contacts')}")) == GONE
    assert error(await ask.http.get("/export/events.csv?once=x")) == GONE


async def test_a_look_at_it_does_not_use_it_up(ask: Ask) -> None:
    """Nor does an old proxy, by which nobody would see where a file broke off."""
    answer = await promised(ask, "events.csv", READ)
    assert (await ask.http.head(f"/export/{answer.json()['url']}")).status_code == 405
    assert (await follow(ask, answer)).status_code == 200


async def test_nobody_guesses_or_reads_it(ask: Ask, caplog) -> None:
    """It is random, has nothing of its caller's token, and no log has it."""
    caplog.set_level(logging.DEBUG)
    urls = {(await promised(ask, "events.csv", READ)).json()["url"] for _ in range(50)}
    secrets = {url.removeprefix("events.csv?once=") for url in urls}
    assert len(secrets) == 50
    assert all(len(secret) == 43 for secret in secrets)  # 256 bits
    token = TOKENS["read"].token.get_secret_value()
    assert not any(token in url or url in token for url in urls)
    await ask.http.get(f"/export/events.csv?once={secrets.pop()}")
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "ExportEvent" in logged
    assert token not in logged
    assert not any(secret in logged for secret in secrets)


async def test_no_caller_crowds_out_another(ask: Ask) -> None:
    """Each has their last hundred; all have a thousand, and are told when there is room again."""
    other = await promised(ask, "events.csv", bearer("read events"))
    first, *_ = [await promised(ask, "events.csv", READ) for _ in range(101)]
    assert error(await follow(ask, first)) == GONE
    assert (await follow(ask, other)).status_code == 200


async def test_what_is_wrong_is_said_at_once(ask: Ask) -> None:
    """The page that posts learns it, and no link leads to an error."""
    answer = await promised(ask, "events.csv", READ, filter={"titel": "x"})
    assert error(answer)[2].startswith("'$filter.titel' is unknown")
    assert "location" not in answer.headers
