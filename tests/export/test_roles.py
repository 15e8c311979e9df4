# pyright: basic
"""What an export tells a caller: no more than GraphQL does, by whatever way."""

import pytest
from asking import Ask, Gateway, Time
from export.downloading import bearer, download, error, follow, lines, promised, table, with_tokens

LIMITED = "read events participants"
NAME = {"contact": {"search": "huber"}}
HIDDEN = {
    "a column": {"fields": "id,contact.lastName"},
    "an id": {"fields": "contact.databaseId"},
    "a filter": {"filter": NAME},
    "a filter in not": {"filter": {"not": {"and": [NAME]}}},
    "an empty filter": {"filter": {"contact": {}}},
    "a search": {"filter": {"search": "huber"}},
    "an order": {"orderBy": [{"field": "ID"}, {"field": "CONTACT_LAST_NAME"}]},
    "an order that is no list": {"orderBy": {"field": "CONTACT_CITY"}},
    "a column of another": {"fields": "category.title"},
}


@pytest.fixture
def ask(gateway: Gateway, time: Time, tmp_path) -> Ask:
    """Make a gateway that knows a token for each combination of roles."""
    return with_tokens(gateway, time, tmp_path)


@pytest.mark.parametrize("given", HIDDEN.values(), ids=HIDDEN)
async def test_contacts_are_not_found_out(ask: Ask, given: dict) -> None:
    """By GET or by POST, whether such rows are there or not: nothing but the role that is missing is told."""
    lacks = "categories" if "category.title" in given.values() else "contacts"
    said = f"Your token lacks the role '{lacks}', which this needs."
    for file in ("participants.csv", "participants.ndjson"):
        for answer in (
            await download(ask, file, bearer(LIMITED), **given),
            await promised(ask, file, bearer(LIMITED), **given),
        ):
            status, code, message = error(answer)
            assert (status, code) == (403, "FORBIDDEN")
            assert message.startswith(said)
            assert "x-total-count" not in answer.headers
    assert ask.sandbox.count == 0
    assert (await download(ask, "participants.csv", bearer("read"), **given)).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        {"fields": "id,notes"},
        {"fields": "taxId"},
        {"filter": {"ratings": [5]}},
        {"filter": {"or": [{"not": {"ratings": []}}]}},
    ],
)
async def test_what_is_private_is_not_found_out(ask: Ask, given: dict) -> None:
    """Notes, ratings and tax ids are for those with `sensitive`."""
    status, code, message = error(await download(ask, "contacts.csv", bearer("read"), **given))
    assert (status, code) == (403, "FORBIDDEN")
    assert message.startswith("Your token lacks the role 'sensitive'")
    assert error(await promised(ask, "contacts.csv", bearer("read"), **given))[0] == 403
    assert ask.sandbox.count == 0
    assert (await download(ask, "contacts.csv", bearer("read sensitive"), **given)).status_code == 200


async def test_a_resource_beyond_the_roles(ask: Ask) -> None:
    """It is refused, whatever is asked of it."""
    for given in ({}, {"fields": "id"}, {"filter": {"ids": []}}):
        status, code, message = error(await download(ask, "contacts.csv", bearer("read events"), **given))
        assert (status, code) == (403, "FORBIDDEN")
        assert message.startswith("Your token lacks the role 'contacts'")
    assert ask.sandbox.count == 0


async def test_columns_by_default_are_those_that_a_caller_may_see(ask: Ask) -> None:
    """In their order in the schema."""
    [seen, *_] = table(await download(ask, "contacts.csv", bearer("read")))
    [all_, *_] = table(await download(ask, "contacts.csv", bearer("read sensitive")))
    assert set(all_) - set(seen) == {"notes", "rating", "taxId"}
    assert [name for name in all_ if name in seen] == seen
    [first, *_] = lines(await download(ask, "contacts.ndjson", bearer("read")))
    assert list(first) == seen


async def test_a_search_finds_only_what_its_caller_may_see(ask: Ask) -> None:
    """Behind one who sees notes, too."""
    from dataclasses import replace

    table_of = ask.sandbox.tables.contacts
    row = next(iter(table_of))
    table_of.put(replace(row, notes="quixotic"))
    asked = {"filter": {"search": "quixotic"}, "fields": "databaseId"}
    assert table(await download(ask, "contacts.csv", bearer("read sensitive"), **asked))[1:] == [
        [str(row.id)]
    ]
    assert table(await download(ask, "contacts.csv", bearer("read"), **asked))[1:] == []


async def test_nobody_is_let_in_without_a_token(ask: Ask) -> None:
    """Nor with a wrong one; errors of what is asked for come after that."""
    for headers in ({}, {"Authorization": "Bearer canary-wrong"}, {"X-API-Key": "canary-wrong"}):
        assert (await download(ask, "events.csv", headers, fields="nonsense")).status_code == 401
        answer = await promised(ask, "events.csv", headers, fields="nonsense")
        assert error(answer)[:2] == (401, "UNAUTHENTICATED")
    assert ask.sandbox.count == 0


async def test_an_address_shows_what_its_caller_may_see(ask: Ask) -> None:
    """Columns are settled when it is made."""
    answer = await follow(ask, await promised(ask, "contacts.csv", bearer("read")))
    assert "notes" not in table(answer)[0]
    answer = await follow(ask, await promised(ask, "contacts.csv", bearer("read sensitive")))
    assert "notes" in table(answer)[0]
