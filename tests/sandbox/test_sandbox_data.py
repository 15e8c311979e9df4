# pyright: basic
"""The seeded tenant is believable and the same every time."""

import ast
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gateway.sandbox
from gateway.sandbox.data import seed

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def tables():
    """Return fresh tables."""
    return seed()


def test_the_sizes_are_fixed(tables):
    """Twelve events, 300 contacts, 20 categories, 1,500 participations."""
    sizes = [len(t) for t in (tables.events, tables.contacts, tables.categories, tables.participants)]
    assert sizes == [12, 300, 20, 1500]


def test_two_seeds_are_equal_and_apart(tables):
    """Every sandbox starts from the same rows, and a delete in one is not seen in the other."""
    other = seed()
    assert list(other.participants) == list(tables.participants)
    assert list(other.contacts) == list(tables.contacts)

    tables.delete(tables.events.get(1))

    assert other.events.get(1) is not None
    assert len(other.participants) == 1500


def test_no_contact_takes_part_in_an_event_twice(tables):
    """The pairs of event and contact are unique."""
    assert max(Counter((p.event_id, p.contact_id) for p in tables.participants).values()) == 1


def test_every_event_has_between_90_and_170_participants(tables):
    """Events differ in size, and none is empty."""
    sizes = Counter(p.event_id for p in tables.participants)
    assert len(sizes) == 12
    assert all(90 <= size <= 170 for size in sizes.values())


def test_some_contacts_take_part_in_nothing(tables):
    """Twenty or so contacts have no participation."""
    assert 20 <= 300 - len({p.contact_id for p in tables.participants}) <= 30


def test_about_sixty_percent_are_confirmed(tables):
    """Both states are common."""
    assert 0.55 < sum(p.is_confirmed for p in tables.participants) / 1500 < 0.65


def test_some_participations_have_a_category(tables):
    """The hidden link is there for most and null for many, and always a category of the contact."""
    linked = [p for p in tables.participants if p.category_id is not None]
    assert 900 < len(linked) < 1400
    assert all(p.category_id in tables.contacts.get(p.contact_id).category_ids for p in linked)


def test_every_tenth_contact_has_no_customer_number(tables):
    """The other numbers are unique."""
    numbers = [c.customer_number for c in tables.contacts]
    assert numbers[9::10] == [None] * 30
    assert len({n for n in numbers if n}) == 270
    assert numbers[0] == "C-10001"


def test_mail_addresses_can_reach_nobody(tables):
    """Only the domains reserved for examples are used."""
    assert {c.email.partition("@")[2] for c in tables.contacts} == {"example.org", "example.com"}


def test_contacts_have_up_to_three_categories(tables):
    """From none to three, each once."""
    assert {len(c.category_ids) for c in tables.contacts} == {0, 1, 2, 3}
    assert all(len(set(c.category_ids)) == len(c.category_ids) for c in tables.contacts)


def test_the_tree_is_three_deep_and_shows_every_visibility(tables):
    """Levels 1 to 3, every applicant_visibility, and event keys that are null, empty and set."""
    assert {len(tables.line_of(c.id)) for c in tables.categories} == {1, 2, 3}
    assert {c.applicant_visibility for c in tables.categories} == {"selectable", "container", "admin_only"}
    assert {c.event_ids if not c.event_ids else "set" for c in tables.categories} == {None, (), "set"}


def test_events_lie_before_around_and_after_the_day(tables):
    """Some are over, one is running, some are to come; some are hidden; dates come in both precisions."""
    days = [str(e.date_from)[:10] for e in tables.events]
    assert min(days) < "2026-11-23" < max(days)
    assert {e.is_visible for e in tables.events} == {True, False}
    assert {isinstance(e.date_from, datetime) for e in tables.events} == {True, False}
    assert {e.image is None for e in tables.events} == {True, False}


def test_nothing_was_made_in_the_future(tables):
    """All timestamps are in UTC, in order, and before the fixed day."""
    for table in (tables.contacts, tables.categories, tables.participants):
        assert all(row.created_at <= row.updated_at < NOW for row in table)
        assert len({row.created_at for row in table}) == len(table)


def test_a_participation_begins_after_its_contact(tables):
    """Contacts are older than their participations."""
    assert all(p.created_at > tables.contacts.get(p.contact_id).created_at for p in tables.participants)


def test_the_sandbox_is_an_island():
    """No module of the sandbox imports the gateway outside the sandbox."""
    for path in Path(gateway.sandbox.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                name = node.module or ""
                assert node.level == 0
                assert not name.startswith("gateway") or name.startswith("gateway.sandbox")
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("gateway") for alias in node.names)
