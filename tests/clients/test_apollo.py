"""Apollo Client 4: pages merged in its cache, writes that change it, its error policies, and hashes for documents."""

from collections.abc import Callable

from clients.projects import NewProject
from npm import needs_npm
from serving_here import demo

pytestmark = needs_npm


def test_a_screen_in_apollo_client(project: NewProject, address: str, newcomer: Callable[[], str]) -> None:
    """Each page and each write is one request; its cache needs possible types and one field policy, no more."""
    told = project("apollo").script("app.mjs", address, newcomer())

    # fetchMore, twice: relayStylePagination merges `edges`
    ids = told["paged"]["ids"]
    assert len(ids) == len(set(ids)) == 25
    assert told["paged"]["totalCount"] == 134

    # optimistic: shown before the answer, and taken back where the gateway refuses
    updated, refused = told["updated"], told["refused"]
    assert updated["meanwhile"] is updated["after"]
    assert updated["errors"] == []
    assert updated["email"] is not None
    assert refused["meanwhile"] is not refused["after"]
    assert refused["after"] is updated["after"]
    assert refused["errors"] == ["NOT_FOUND"]

    # a bulk confirm, a create, and a delete by eviction
    assert told["confirmed"]["confirmed"] == [True] * 5
    assert told["created"]["ids"] == [told["created"]["id"], *ids]
    assert told["deleted"]["ids"] == ids
    assert told["deleted"]["left"] is False

    steps = ("paged", "updated", "refused", "confirmed", "created", "deleted")
    assert [told[step]["requests"] for step in steps] == [3, 4, 5, 6, 7, 8]
    assert told["complaints"] == []


def test_its_error_policies(project: NewProject, address: str) -> None:
    """One bad id among two: `none` throws the error with its path, `all` gives both, `ignore` what is there."""
    told = project("apollo").script("errors.mjs", address)
    assert told["none"] == [{"path": ["nodes", 1], "code": "BAD_USER_INPUT"}]
    assert told["all"] == {"titles": ["Spring Fair 2026", None], "codes": ["BAD_USER_INPUT"]}
    assert told["ignore"] == {"titles": ["Spring Fair 2026", None], "codes": None}


def test_documents_are_registered_by_their_hash(project: NewProject) -> None:
    """Asked by hash alone, sent once with its text, and by hash alone from then on: a GET each time."""
    with demo(GATEWAY_DOCUMENTS="prefer") as port:
        told = project("apollo").script("registered.mjs", f"http://127.0.0.1:{port}/graphql")
    by_hash, with_text = {"method": "GET", "text": False}, {"method": "POST", "text": True}
    assert told["sent"] == [by_hash, with_text, by_hash, by_hash]
    assert told["counts"] == [1500, 882, 618]
