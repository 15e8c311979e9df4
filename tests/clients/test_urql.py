"""urql with graphcache, which knows the schema: pages merged, and writes that change what it holds."""

from collections.abc import Callable

from clients.projects import NewProject
from npm import needs_npm

pytestmark = needs_npm


def test_a_screen_in_urql(project: NewProject, address: str, newcomer: Callable[[], str]) -> None:
    """Each page and each write is one request; the cache needs one type called keyless, and warns of nothing."""
    told = project("urql").script("app.mjs", address, newcomer())

    # relayPagination over `edges`: three pages are one list
    ids = told["paged"]["ids"]
    assert len(ids) == len(set(ids)) == 25
    assert told["paged"]["totalCount"] == 134

    # optimistic: shown before the answer, and taken back where the gateway refuses
    updated, refused = told["updated"], told["refused"]
    assert updated["meanwhile"] is updated["after"]
    assert updated["errors"] == []
    assert updated["email"] == updated["before"]
    assert refused["meanwhile"] is not refused["after"]
    assert refused["after"] is updated["after"]
    assert refused["errors"] == ["NOT_FOUND"]

    # a bulk confirm, a create and a delete
    assert told["confirmed"]["confirmed"] == [True] * 5
    assert told["created"]["ids"] == [told["created"]["id"], *ids]
    assert told["deleted"]["ids"] == ids

    steps = ("paged", "updated", "refused", "confirmed", "created", "deleted")
    assert [told[step]["requests"] for step in steps] == [3, 4, 5, 6, 7, 8]
    assert told["complaints"] == []
