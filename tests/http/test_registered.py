# pyright: basic
"""Documents that clients register: nobody pushes out those of others, and strangers register none."""

import hashlib
from pathlib import Path

import pytest
from asking import Ask, Gateway
from keeping.wires import bearer, shared

from gateway.execution import persisted_documents

PAGE = "{ category(by: {databaseId: 1}) { title } }"


def persisted(text: str) -> dict:
    """Return the extension that names a text by its hash."""
    return {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(text.encode()).hexdigest()}}


def cheap(number: int) -> str:
    """Return one of many documents that ask PlanDocket nothing."""
    return f"{{ __typename a{number}: __typename }}"


async def register(ask: Ask, text: str, headers: dict[str, str]) -> None:
    """Send a text with its hash, as Apollo's clients do once."""
    await ask.http.post("/graphql", json={"query": text, "extensions": persisted(text)}, headers=headers)


async def is_registered(ask: Ask, text: str, headers: dict[str, str]) -> bool:
    """Return whether a document is answered by its hash alone."""
    answer = await ask.http.post("/graphql", json={"extensions": persisted(text)}, headers=headers)
    return "PersistedQueryNotFound" not in answer.text


def tenant_of_guests(gateway: Gateway, _: Path) -> Ask:
    """Make a gateway whose callers bring keys of their own, two of them right."""
    return gateway(shared("one", "two"), documents="prefer", api_key=None)


def tenant_of_members(gateway: Gateway, folder: Path) -> Ask:
    """Make a gateway with tokens of two callers."""
    lines = (f"{name} sha256:{hashlib.sha256(name.encode()).hexdigest()} read" for name in ("one", "two"))
    file = folder / "tokens"
    file.write_text("\n".join(lines))
    return gateway(documents="prefer", auth="tokens", tokens_file=file)


@pytest.fixture
def guests(gateway: Gateway, tmp_path: Path) -> Ask:
    """Make a gateway of guests."""
    return tenant_of_guests(gateway, tmp_path)


@pytest.fixture
def members(gateway: Gateway, tmp_path: Path) -> Ask:
    """Make a gateway of members."""
    return tenant_of_members(gateway, tmp_path)


@pytest.fixture
def most(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let a gateway know fifty texts instead of a thousand: that it knows a thousand is in test_stored.py."""
    monkeypatch.setattr(persisted_documents, "_MOST", 50)
    return 50


@pytest.mark.parametrize("tenant", [tenant_of_guests, tenant_of_members])
async def test_one_caller_pushes_out_none_of_another(
    gateway: Gateway, tmp_path: Path, tenant, most: int
) -> None:
    """However many they register: each has an equal share, and loses their own beyond it."""
    ask = tenant(gateway, tmp_path)
    await register(ask, PAGE, bearer("one"))
    await ask.http.post("/graphql", json={"query": PAGE}, headers=bearer("two"))  # a right key, from now on
    for number in range(2 * most):
        await register(ask, cheap(number), bearer("two"))
    assert await is_registered(ask, PAGE, bearer("one"))
    assert await is_registered(ask, cheap(2 * most - 1), bearer("two"))
    assert not await is_registered(ask, cheap(1), bearer("two"))


async def test_who_has_them_all_makes_room(members: Ask, most: int) -> None:
    """The least recently used goes, whoever used it."""
    for number in range(most):
        await register(members, cheap(number), bearer("one"))
    assert await is_registered(members, cheap(0), bearer("two"))
    await register(members, PAGE, bearer("two"))
    assert await is_registered(members, PAGE, bearer("one"))
    assert await is_registered(members, cheap(0), bearer("one"))
    assert not await is_registered(members, cheap(1), bearer("one"))


async def test_a_document_is_registered_once_it_has_run(guests: Ask) -> None:
    """With the first operation of a new key, which PlanDocket accepts by that."""
    await register(guests, PAGE, bearer("one"))
    assert await is_registered(guests, PAGE, bearer("two"))


@pytest.mark.parametrize("headers", [{}, bearer("made-up")])
async def test_strangers_register_none(guests: Ask, headers: dict[str, str]) -> None:
    """Anyone can make keys up: what they send is answered, and forgotten."""
    for text in (PAGE, cheap(1)):
        await register(guests, text, headers)
        assert not await is_registered(guests, text, headers)


async def test_a_flood_of_made_up_keys_pushes_out_none(guests: Ask, most: int) -> None:
    """Each would have a share of its own."""
    await register(guests, PAGE, bearer("one"))
    for number in range(2 * most):
        await register(guests, cheap(number), bearer(f"made-up-{number}"))
    assert await is_registered(guests, PAGE, bearer("one"))


@pytest.mark.parametrize(("letters", "is_kept"), [(19_000, True), (20_000, False)])
@pytest.mark.parametrize("letter", ["a", "ä"])
async def test_a_registered_document_has_20_kb_at_the_most(
    members: Ask, letters: int, letter: str, is_kept: bool
) -> None:
    """Bytes, whatever letters they are; it is answered all the same."""
    text = f"#{letter * (letters // len(letter.encode()))}\n{PAGE}"
    await register(members, text, bearer("one"))
    assert await is_registered(members, text, bearer("one")) is is_kept
