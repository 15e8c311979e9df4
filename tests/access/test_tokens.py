# pyright: basic
"""`GATEWAY_AUTH=tokens`: the gateway's own tokens, in a file that may change while it runs."""

import hashlib
import hmac
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from asking import Ask, Gateway, Time

from gateway.errors import SettingsError
from gateway.http.callers.tokens import NewToken, TokenError, new_token, read_lines
from gateway.sandbox import SANDBOX_KEY

QUERY = "{ category(by: {databaseId: 1}) { title } }"
DATA = {"data": {"category": {"title": "Crafts"}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Name the file of tokens."""
    return tmp_path / "tokens"


def secret(made: NewToken) -> str:
    """Return the token itself."""
    return made.token.get_secret_value()


async def status(ask: Ask, token: str, header: str = "Authorization") -> int:
    """Return the status with which a token is answered."""
    shown = f"Bearer {token}" if header == "Authorization" else token
    response = await ask.http.post(
        "/graphql", json={"query": QUERY}, headers={header.encode(): shown.encode()}
    )
    assert response.status_code != 200 or response.json() == DATA
    return response.status_code


def replace(file: Path, *lines: str) -> None:
    """Write the file anew and put it in place of the old one, as careful tools do."""
    new = file.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n")
    os.replace(new, file)


async def test_a_token_lets_in_with_the_held_key(gateway: Gateway, file: Path) -> None:
    """By either header; PlanDocket sees the held key alone."""
    made = new_token("storefront", ["read"])
    replace(file, "# who may call", "", made.line + "  # the shop")
    ask = gateway(auth="tokens", tokens_file=file)
    assert await status(ask, secret(made)) == 200
    assert await status(ask, secret(made), "X-API-Key") == 200
    assert await status(ask, SANDBOX_KEY) == 401
    assert await status(ask, hashlib.sha256(secret(made).encode()).hexdigest()) == 401
    assert await status(ask, "schön") == 401
    assert ask.sandbox.calls == ["GET categories/1"] * 2


async def test_the_bearer_wins_over_the_other_header(gateway: Gateway, file: Path) -> None:
    """And another scheme, such as a proxy's own, is passed over."""
    made = new_token("storefront", ["read"])
    replace(file, made.line)
    ask = gateway(auth="tokens", tokens_file=file)
    for authorization, expected in (
        ("Bearer wrong", 401),
        ("Basic dXNlcjpwYXNz", 200),
        ("bearer wrong", 401),
    ):
        headers = {"Authorization": authorization, "X-API-Key": secret(made)}
        response = await ask.http.post("/graphql", json={"query": QUERY}, headers=headers)
        assert response.status_code == expected


async def test_a_token_never_counts_in_the_address(gateway: Gateway, file: Path) -> None:
    """Addresses end up in logs."""
    made = new_token("storefront", ["read"])
    replace(file, made.line)
    ask = gateway(auth="tokens", tokens_file=file)
    response = await ask.http.get("/graphql", params={"query": QUERY, "access_token": secret(made)})
    assert response.status_code == 401


async def test_the_file_is_read_again_when_it_changes(gateway: Gateway, file: Path) -> None:
    """Within a second: a new token comes, and one that is gone is refused, with no restart."""
    old, new, time = new_token("old", ["read"]), new_token("new", ["read"]), Time()
    replace(file, old.line)
    ask = gateway(auth="tokens", tokens_file=file, time=time)
    assert [await status(ask, secret(old)), await status(ask, secret(new))] == [200, 401]
    replace(file, old.line, new.line)
    time.seconds += 1
    assert [await status(ask, secret(old)), await status(ask, secret(new))] == [200, 200]
    replace(file, new.line)
    time.seconds += 1
    assert [await status(ask, secret(old)), await status(ask, secret(new))] == [401, 200]
    replace(file, "# nobody")
    time.seconds += 1
    assert await status(ask, secret(new)) == 401


async def test_the_file_is_looked_at_once_a_second(
    gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with each request."""
    made, time = new_token("one", ["read"]), Time()
    replace(file, made.line)
    ask = gateway(auth="tokens", tokens_file=file, time=time)
    looked: list[Path] = []
    stat = Path.stat
    monkeypatch.setattr(Path, "stat", lambda self, **given: looked.append(self) or stat(self, **given))
    for seconds in (0, 0.5, 0.4, 0.2, 0.3, 0.8):
        time.seconds += seconds
        await status(ask, secret(made))
    assert looked.count(file) == 2


BROKEN = {
    "no roles": "two sha256:" + "0" * 64,
    "a hash of another kind": "two md5:" + "0" * 64 + " read",
    "a token in place of its hash": "two pdg_canarycanarycanary read",
    "an unknown role": "two sha256:" + "0" * 64 + " read,evnets",
    "no access": "two sha256:" + "0" * 64 + " sensitive,events",
    "a name that cannot stand in a log": "tw\x1bo sha256:" + "0" * 64 + " read",
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
async def test_a_broken_file_leaves_the_tokens_as_they_were(
    gateway: Gateway, file: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the line, once, and shows nothing of it; mended, it is read again."""
    made, added, time = new_token("one", ["read"]), new_token("three", ["read"]), Time()
    replace(file, made.line)
    ask = gateway(auth="tokens", tokens_file=file, time=time)
    replace(file, added.line, line)
    for _ in range(3):
        time.seconds += 1
        assert [await status(ask, secret(made)), await status(ask, secret(added))] == [200, 401]
    [record] = [found for found in caplog.records if found.levelno == logging.ERROR]
    assert "line 2: " in record.getMessage()
    assert "canary" not in caplog.text
    assert "0" * 64 not in caplog.text
    replace(file, added.line)
    time.seconds += 1
    assert [await status(ask, secret(made)), await status(ask, secret(added))] == [401, 200]


async def test_a_file_that_is_gone_leaves_the_tokens_as_they_were(
    gateway: Gateway, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For it may be on its way; said once."""
    made, time = new_token("one", ["read"]), Time()
    replace(file, made.line)
    ask = gateway(auth="tokens", tokens_file=file, time=time)
    os.remove(file)
    for _ in range(3):
        time.seconds += 1
        assert await status(ask, secret(made)) == 200
    assert len([found for found in caplog.records if found.levelno == logging.ERROR]) == 1


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
async def test_a_broken_file_is_no_beginning(gateway: Gateway, file: Path, line: str) -> None:
    """The gateway does not start, and says which line."""
    replace(file, line)
    with pytest.raises(SettingsError, match=r"^GATEWAY_TOKENS_FILE: line 1: "):
        gateway(auth="tokens", tokens_file=file)


ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_no_text_in_utf_8_is_no_beginning(gateway: Gateway, file: Path, encoding: str) -> None:
    """It is told with what to do, and not as a name that has odd letters."""
    file.write_bytes(new_token("one", ["read"]).line.encode(encoding))  # noqa: ASYNC240
    with pytest.raises(SettingsError) as caught:
        gateway(auth="tokens", tokens_file=file)
    assert str(caught.value) == "GATEWAY_TOKENS_FILE: it is not text in UTF-8: save it as UTF-8"


def test_a_name_or_hash_stands_once() -> None:
    """Two tokens of a name could not be told apart in the log; one hash could not tell its name."""
    one, two = new_token("one", ["read"]), new_token("one", ["write"])
    with pytest.raises(TokenError, match="line 3: the name one"):
        read_lines(f"{one.line}\n\n{two.line}")
    with pytest.raises(TokenError, match="line 2: its hash"):
        read_lines(f"{one.line}\n{one.line.replace('one', 'two', 1)}")


@pytest.mark.parametrize("name", ["", "a b", "a\nb", "-a", "ä", "a#b", "a" * 64])
def test_names_are_checked(name: str) -> None:
    """They go into logs and the names of metrics."""
    with pytest.raises(TokenError, match="name"):
        new_token(name, ["read"])


def test_tokens_are_long_and_of_their_own() -> None:
    """256 random bits, of which the line has a hash, and no repr has any."""
    made = {secret(new_token("one", ["read"])) for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) >= 4 + 43 for token in made)
    one = new_token("one", ["read"])
    assert secret(one) not in one.line + repr(one)


async def test_hashes_are_compared_in_constant_time(
    gateway: Gateway, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash that begins alike is compared by `hmac.compare_digest`, in bytes, and is not enough."""
    made = new_token("one", ["read"])
    right = hashlib.sha256(secret(made).encode()).hexdigest()
    almost = right[:-1] + ("0" if right[-1] != "0" else "1")
    replace(file, f"one sha256:{almost} read")
    ask = gateway(auth="tokens", tokens_file=file)
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append((a, b)) or compare(a, b))
    assert await status(ask, secret(made)) == 401
    assert compared == [(bytes.fromhex(almost), bytes.fromhex(right))]


def unreadable(file: Path) -> None:
    """Put a folder in the file's place."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["unix", "windows"])
async def test_a_byte_order_mark_is_no_part_of_the_file(gateway: Gateway, file: Path, ends: str) -> None:
    """Editors on Windows begin a text with one, also where a name or a remark stands first."""
    one, two = new_token("one", ["read"]), new_token("two", ["read"])
    for lines in ([one.line, two.line], ["# those who may", one.line, two.line]):
        file.write_bytes(f"\ufeff{ends.join(lines)}{ends}".encode())  # noqa: ASYNC240
        ask = gateway(auth="tokens", tokens_file=file)
        assert [await status(ask, secret(made)) for made in (one, two)] == [200, 200]


MOMENTS = {
    "truncated": lambda file: file.write_bytes(b""),
    "truncated, with a line break": lambda file: file.write_bytes(b"\n \n"),
    "a byte-order mark alone": lambda file: file.write_bytes(b"\xef\xbb\xbf"),
    "cut in a line": lambda file: file.write_bytes(file.read_bytes()[:-20]),
    "no file": unreadable,
}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
async def test_a_file_that_is_written_just_now_lets_in_as_before(
    gateway: Gateway, file: Path, moment: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    """The last good one holds, the log says so, and nobody at work is taken for a guesser."""
    made, time = new_token("one", ["read"]), Time()
    replace(file, made.line)
    ask = gateway(auth="tokens", tokens_file=file, time=time)
    moment(file)
    for _ in range(15):
        time.seconds += 1
        assert await status(ask, secret(made)) == 200
    [record] = [found for found in caplog.records if found.levelno == logging.ERROR]
    assert "those before hold on" in record.getMessage()


async def test_a_changed_file_is_read_before_anybody_is_refused(gateway: Gateway, file: Path) -> None:
    """Not up to a second later."""
    old, new = new_token("old", ["read"]), new_token("new", ["read"])
    replace(file, old.line)
    ask = gateway(auth="tokens", tokens_file=file, time=Time())
    replace(file, old.line, new.line)
    assert await status(ask, secret(new)) == 200


async def test_a_file_that_is_empty_at_the_start_may_be_filled(gateway: Gateway, file: Path) -> None:
    """There were no tokens that could hold on."""
    made = new_token("one", ["read"])
    replace(file)
    ask = gateway(auth="tokens", tokens_file=file, time=Time())
    assert await status(ask, secret(made)) == 401
    replace(file, made.line)
    assert await status(ask, secret(made)) == 200


async def test_a_byte_order_mark_is_no_part_of_a_name(gateway: Gateway, file: Path) -> None:
    """Editors on Windows write one."""
    made = new_token("one", ["read"])
    replace(file, f"\ufeff{made.line}\r")
    assert await status(gateway(auth="tokens", tokens_file=file), secret(made)) == 200
