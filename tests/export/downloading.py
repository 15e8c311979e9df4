# pyright: basic
"""Fetches exports as a client does."""

import csv
import io
import json
from typing import Any

import httpx
from asking import Ask, Gateway, Time
from mirror.mirroring import mirrored

from gateway.http.callers.tokens import new_token

UNFORGEABLE = {"X-Requested-With": "test"}
ROLES = (
    *("read", "read sensitive", "read events", "read participants", "read contacts"),
    *("read events participants", "read contacts events participants"),
)
TOKENS = {roles: new_token(roles.replace(" ", "-"), roles.split()) for roles in ROLES}


def bearer(roles: str) -> dict[str, str]:
    """Return the headers of a caller with these roles."""
    return {"Authorization": f"Bearer {TOKENS[roles].token.get_secret_value()}"}


def with_tokens(gateway: Gateway, time: Time, tmp_path) -> Ask:
    """Make a gateway that knows a token for each combination of roles, and mirrors."""
    file = tmp_path / "tokens"
    file.write_text("\n".join(made.line for made in TOKENS.values()))
    return mirrored(gateway, time, auth="tokens", tokens_file=file, requests_per_hour="unlimited")


async def download(ask: Ask, file: str, headers: dict | None = None, **given: Any) -> httpx.Response:
    """Return the answer to a GET: what is no text goes as JSON."""
    ask._seen = len(ask.sandbox.requests)
    sent = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
    return await ask.http.get(
        f"/export/{file}", params=sent, headers=UNFORGEABLE if headers is None else headers
    )


async def promised(ask: Ask, file: str, headers: dict | None = None, **given: Any) -> httpx.Response:
    """Return the answer to a POST."""
    return await ask.http.post(f"/export/{file}", json=given, headers=headers)


async def follow(ask: Ask, answer: httpx.Response, headers: dict | None = None) -> httpx.Response:
    """Return what the address of a POST's answer leads to, as a browser's link asks for it."""
    assert answer.status_code == 201, answer.text
    return await ask.http.get(f"/export/{answer.json()['url']}", headers=headers)


def table(answer: httpx.Response, separator: str = ",") -> list[list[str]]:
    """Return the lines of a CSV file, that of the columns' names first."""
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""), delimiter=separator))


def lines(answer: httpx.Response) -> list[Any]:
    """Return the objects of an NDJSON file."""
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Return a refusal's status, code and message."""
    [one] = answer.json()["errors"]
    assert one.keys() == {"message", "extensions"}
    return answer.status_code, one["extensions"]["code"], one["message"]
