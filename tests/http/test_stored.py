"""Stored documents: operations by the hashes of a manifest, or by those that clients bring."""

# pyright: basic
import hashlib
import json
from pathlib import Path

import pytest
from asking import Ask, Gateway

from gateway.errors import SettingsError
from gateway.settings.settings import load_settings

TEXT = "query CategoryById($id: Int!) { category(by: {databaseId: $id}) { title } }"
OTHER = "{ category(by: {databaseId: 1}) { title } }"
MUTATION = 'mutation { updateContact(input: {id: "x", website: null}) { userErrors { code } } }'
DATA = {"data": {"category": {"title": "Crafts"}}}
VARIABLES = {"id": 1}
UNFORGEABLE = {"X-Requested-With": "a test"}
NEW = "application/graphql-response+json"


def sha256(text: str) -> str:
    """Return a text's hash as clients write it."""
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str) -> dict:
    """Return the extension that names a text by its hash."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Write two documents, one under each kind of name."""
    file = tmp_path / "persisted.json"
    md5 = hashlib.md5(MUTATION.encode(), usedforsecurity=False).hexdigest()
    file.write_text(json.dumps({f"sha256:{sha256(TEXT)}": TEXT, md5: MUTATION}))
    return file


@pytest.fixture(params=["prefer", "only"])
def ask(gateway: Gateway, manifest: Path, request: pytest.FixtureRequest) -> Ask:
    """Make a gateway that knows the manifest."""
    return gateway(documents=request.param, documents_file=manifest)


async def post(ask: Ask, **fields) -> dict:
    """Return the whole answer to a body of these fields."""
    return (await ask.http.post("/graphql", json=fields)).json()


@pytest.mark.parametrize("name", [sha256(TEXT), f"sha256:{sha256(TEXT)}"])
async def test_a_document_is_run_by_its_id(ask: Ask, name: str) -> None:
    """With its variables, whether or not the id says by which algorithm."""
    assert await post(ask, documentId=name, variables=VARIABLES) == DATA


async def test_a_document_is_run_by_the_hash_of_apollos_clients(ask: Ask) -> None:
    """In the extension that they send."""
    assert await post(ask, extensions=persisted(TEXT), variables=VARIABLES) == DATA


async def test_a_document_is_run_by_its_text(ask: Ask) -> None:
    """Also where only stored ones are: it is one."""
    assert await post(ask, query=TEXT, variables=VARIABLES) == DATA


async def test_a_document_is_run_by_get(ask: Ask) -> None:
    """Both ways, for caches of addresses."""
    variables = json.dumps(VARIABLES)
    for name in ({"documentId": sha256(TEXT)}, {"extensions": json.dumps(persisted(TEXT))}):
        params = {**name, "variables": variables}
        response = await ask.http.get("/graphql", params=params, headers=UNFORGEABLE)
        assert response.json() == DATA
        assert (await ask.http.get("/graphql", params=params)).status_code == 403


async def test_a_stored_mutation_is_not_run_by_get(ask: Ask) -> None:
    """A hash makes it no safer."""
    md5 = hashlib.md5(MUTATION.encode(), usedforsecurity=False).hexdigest()
    response = await ask.http.get("/graphql", params={"documentId": md5}, headers=UNFORGEABLE)
    assert response.status_code == 405


async def test_an_unknown_id_is_told(ask: Ask) -> None:
    """By the media type's rule: the request was well-formed."""
    for accept, status in (("application/json", 200), (NEW, 400)):
        body = {"documentId": "nonsense"}
        response = await ask.http.post("/graphql", json=body, headers={"Accept": accept})
        assert response.status_code == status
        [error] = response.json()["errors"]
        assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        assert "manifest" in error["message"]


async def test_an_unknown_hash_is_told_in_apollos_words(ask: Ask) -> None:
    """Its clients go by them, and send the text next."""
    [error] = (await post(ask, extensions=persisted(OTHER)))["errors"]
    assert error["message"] == "PersistedQueryNotFound"
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_nobody_without_a_query_gets_the_page(ask: Ask) -> None:
    """Clients with `Accept: */*` least of all."""
    for params in ({}, {"documentId": sha256(TEXT)}, {"extensions": json.dumps(persisted(TEXT))}):
        response = await ask.http.get("/graphql", params=params, headers={"Accept": "*/*"})
        assert response.headers["content-type"] == "application/json"


async def test_clients_register_texts(gateway: Gateway, manifest: Path) -> None:
    """Hash and text once, the hash alone from then on."""
    ask = gateway(documents="prefer", documents_file=manifest)
    assert await post(ask, query=OTHER, extensions=persisted(OTHER)) == DATA
    assert await post(ask, extensions=persisted(OTHER)) == DATA


async def test_a_hash_must_be_its_texts(gateway: Gateway, manifest: Path) -> None:
    """Nobody puts a text under another's hash."""
    ask = gateway(documents="prefer", documents_file=manifest)
    response = await ask.http.post("/graphql", json={"query": OTHER, "extensions": persisted(TEXT + " ")})
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    [error] = (await post(ask, extensions=persisted(TEXT + " ")))["errors"]
    assert error["message"] == "PersistedQueryNotFound"


async def test_only_so_many_texts_are_registered(gateway: Gateway, manifest: Path) -> None:
    """The least recently used goes; what is in the manifest stays, and what cannot run never comes in."""
    ask = gateway(documents="prefer", documents_file=manifest)
    texts = [f"{{ __typename a{number}: __typename }}" for number in range(1_001)]
    await post(ask, query=texts[0], extensions=persisted(texts[0]))
    for text in texts[1:1_000]:
        await post(ask, query=text, extensions=persisted(text))
    assert "data" in await post(ask, extensions=persisted(texts[0]))
    await post(ask, query=texts[1_000], extensions=persisted(texts[1_000]))
    assert "data" in await post(ask, extensions=persisted(texts[0]))
    assert "errors" in await post(ask, extensions=persisted(texts[1]))
    assert await post(ask, documentId=sha256(TEXT), variables=VARIABLES) == DATA
    await post(ask, query="{ nonsense }", extensions=persisted("{ nonsense }"))
    [error] = (await post(ask, extensions=persisted("{ nonsense }")))["errors"]
    assert error["message"] == "PersistedQueryNotFound"


async def test_nothing_but_the_manifest_is_taken_where_that_is_set(gateway: Gateway, manifest: Path) -> None:
    """No other text, with a hash or without, and none is learned; nothing is asked of PlanDocket."""
    ask = gateway(documents="only", documents_file=manifest)
    for fields in ({}, {"extensions": persisted(OTHER)}):
        response = await ask.http.post("/graphql", json={"query": OTHER, **fields})
        assert response.status_code == 403
        assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "errors" in await post(ask, extensions=persisted(OTHER))
    assert ask.sandbox.calls == []


async def test_the_page_is_off_where_only_stored_documents_are_taken(
    gateway: Gateway, manifest: Path
) -> None:
    """It could ask nothing."""
    ask = gateway(documents="only", documents_file=manifest)
    assert (await ask.http.get("/graphql", headers={"Accept": "text/html"})).status_code == 406


async def test_names_are_not_taken_where_stored_documents_are_off(gateway: Gateway) -> None:
    """Apollo's clients are told in their words, and send texts from then on: those run."""
    ask = gateway()
    for fields in ({"extensions": persisted(OTHER)}, {"documentId": sha256(TEXT)}):
        [error] = (await post(ask, **fields))["errors"]
        assert error["message"] == "PersistedQueryNotSupported"
        assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert await post(ask, query=OTHER, extensions=persisted(OTHER)) == DATA
    assert "errors" in await post(ask, extensions=persisted(OTHER))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{ not JSON", "is not a manifest"),
        ("[]", "is not a manifest"),
        ('{"abc": 5}', "is not a manifest"),
        ("{}", "holds no document"),
        ('{"abc": "{ categories {"}', "the document abc is refused: Syntax Error"),
        (
            '{"abc": "{ categories { id } }", "def": "{ nonsense }"}',
            "the document def is refused: Cannot query",
        ),
        ('{"abc": "fragment F on Category { title }"}', "the document abc is refused"),
    ],
)
async def test_a_broken_manifest_is_told_at_the_start(
    gateway: Gateway, tmp_path: Path, content: str, told: str
) -> None:
    """By the setting's name and the document's."""
    file = tmp_path / "broken.json"
    file.write_text(content)
    with pytest.raises(SettingsError) as caught:
        gateway(documents="prefer", documents_file=file)
    assert str(caught.value).startswith(f"GATEWAY_DOCUMENTS_FILE: {told}")


async def test_a_byte_order_mark_is_no_part_of_a_manifest(gateway: Gateway, manifest: Path) -> None:
    """Some tools write one."""
    manifest.write_text("\ufeff" + manifest.read_text())  # noqa: ASYNC240
    ask = gateway(documents="only", documents_file=manifest)
    assert await post(ask, documentId=sha256(TEXT), variables=VARIABLES) == DATA


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "latin-1"])
async def test_a_manifest_in_another_encoding_is_told_at_the_start(
    gateway: Gateway, manifest: Path, encoding: str
) -> None:
    """With what to do."""
    manifest.write_bytes('{"abc": "{ __typename } # é"}'.encode(encoding))  # noqa: ASYNC240
    with pytest.raises(SettingsError) as caught:
        gateway(documents="only", documents_file=manifest)
    assert str(caught.value) == "GATEWAY_DOCUMENTS_FILE: is not text in UTF-8: save it as UTF-8."


async def test_clients_register_texts_without_a_manifest(gateway: Gateway) -> None:
    """`prefer` alone switches automatic persisted queries on, in the words that Apollo's clients go by."""
    ask = gateway(documents="prefer")
    [error] = (await post(ask, extensions=persisted(OTHER)))["errors"]
    assert error["message"] == "PersistedQueryNotFound"
    assert await post(ask, query=OTHER, extensions=persisted(OTHER)) == DATA
    assert await post(ask, extensions=persisted(OTHER)) == DATA
    [error] = (await post(ask, documentId=sha256(OTHER)))["errors"]
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


def test_nothing_but_a_file_needs_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """`only` without one could answer nothing, and is refused by name; `prefer` starts."""
    monkeypatch.setenv("PLANDOCKET_BASE_URL", "https://tenant.plandocket.test")
    monkeypatch.setenv("GATEWAY_DOCUMENTS", "prefer")
    assert load_settings().documents_file is None
    monkeypatch.setenv("GATEWAY_DOCUMENTS", "only")
    with pytest.raises(SettingsError, match=r"^GATEWAY_DOCUMENTS_FILE: is not set"):
        load_settings()
