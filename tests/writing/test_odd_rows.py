# pyright: basic
"""A PUT sends what PlanDocket has: what stands in for it, or for what could not be read, is never written back."""

import pytest
from odd import Odd, only
from writing.mutations import answer_to, gid, sent, writes

from gateway.sandbox import Sandbox


@pytest.fixture
def ask(gateway):
    """Make a gateway that changes rows with PUT, on whose way to PlanDocket answers are changed."""

    def make(change):
        sandbox = Sandbox()
        return gateway(sandbox, transport=Odd(sandbox, change), update_method="PUT")

    return make


STAND_INS = {
    "an event's is_visible, null": ("events", "Event", "is_visible", None),
    "an event's is_visible, missing": ("events", "Event", "is_visible", ...),
    "an event's country": ("events", "Event", "country", None),
    "a column that is missing": ("events", "Event", "state", ...),
    "a contact's rating": ("contacts", "Contact", "rating", None),
    "a category's is_visible": ("categories", "Category", "is_visible", None),
    "a category's sort_order": ("categories", "Category", "sort_order", ...),
    "a participant's is_confirmed": ("participants", "Participant", "is_confirmed", None),
}
GIVEN = {
    "events": {"city": "Gent"},
    "contacts": {"city": "Gent"},
    "categories": {"content": "x"},
    "participants": {"event": {"databaseId": 2}},
}


@pytest.mark.parametrize(("path", "kind", "column", "value"), STAND_INS.values(), ids=STAND_INS.keys())
async def test_stand_ins_are_left_out(ask, path, kind, column, value):
    """PlanDocket had no value, or none that was told: it is given none."""
    ask = ask(only(path, 1, **{column: value}))
    answer = await answer_to(ask, f"update{kind}", {"id": gid(kind, 1), **GIVEN[path]})

    assert answer["data"][f"update{kind}"]["userErrors"] == []
    assert column not in sent(ask).body
    assert len(sent(ask).body) >= 2


UNREADABLE = {
    "an event's date": ("events", "Event", "date_from", "soon", {"dateFrom": "2026-05-01"}),
    "a date that does not exist": ("events", "Event", "date_to", "2026-02-30", {"dateTo": "2026-05-01"}),
    "an event's is_visible": ("events", "Event", "is_visible", "perhaps", {"isVisible": True}),
    "a rating that is a fraction": ("contacts", "Contact", "rating", 3.5, {"rating": 3}),
    "a restriction": ("categories", "Category", "event_keys", {"a": 1}, {"events": []}),
    "a parent": ("categories", "Category", "parent_category_id", 2**31, {"parent": None}),
    "a confirmation": ("participants", "Participant", "is_confirmed", [], {"isConfirmed": True}),
    "a participation's event": (
        "participants",
        "Participant",
        "event_id",
        "x",
        {"event": {"databaseId": 2}},
    ),
    "a participation's contact": (
        "participants",
        "Participant",
        "contact_id",
        None,
        {"contact": {"databaseId": 12}},
    ),
    "one of a contact's categories": (
        "contacts",
        "Contact",
        "categories",
        [{"title": "x"}],
        {"categories": []},
    ),
    "one of a contact's events": ("contacts", "Contact", "events", 7, {"events": []}),
}
OTHER = {
    "events": {"city": "Gent"},
    "contacts": {"city": "Gent"},
    "categories": {"content": "x"},
    "participants": {},
}


@pytest.mark.parametrize(
    ("path", "kind", "column", "value", "given"), UNREADABLE.values(), ids=UNREADABLE.keys()
)
async def test_what_cannot_be_read_is_not_lost(ask, path, kind, column, value, given):
    """PlanDocket has a value there: nothing is sent without it, and the message says what to give."""
    ask = ask(only(path, 1, **{column: value}))
    answer = await answer_to(ask, f"update{kind}", {"id": gid(kind, 1), **OTHER[path]})
    [error] = answer["errors"]

    assert writes(ask.sandbox) == []
    assert f"give '{next(iter(given))}'" in error["message"]


@pytest.mark.parametrize(
    ("path", "kind", "column", "value", "given"), UNREADABLE.values(), ids=UNREADABLE.keys()
)
async def test_what_is_given_along_is_sent(ask, path, kind, column, value, given):
    """Then nothing is lost."""
    ask = ask(only(path, 1, **{column: value}))
    answer = await answer_to(ask, f"update{kind}", {"id": gid(kind, 1), **given})

    assert answer["data"][f"update{kind}"]["userErrors"] == []
    assert len(writes(ask.sandbox)) == 1


async def test_many_at_once_each_for_itself(ask):
    """One that cannot be written whole does not keep the others."""
    ask = ask(only("participants", 2, event_id="x"))
    answer = await answer_to(
        ask,
        "setParticipantsConfirmed",
        {"ids": [gid("Participant", n) for n in (1, 2, 3)], "isConfirmed": True},
    )

    results = answer["data"]["setParticipantsConfirmed"]["results"]
    assert [bool(one["userErrors"]) for one in results] == [False, True, False]
    assert [request.path for request in writes(ask.sandbox)] == ["participants/1", "participants/3"]
