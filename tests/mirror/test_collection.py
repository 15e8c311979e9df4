# pyright: basic
"""What a collection tells of lists follows from the rows it holds, whatever was told of them, in any order."""

from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.contacts.record import CONTACTS, ContactRow
from gateway.mirror.refresh.collection_walk import Walked
from gateway.mirror.rows.changes import Changes
from gateway.mirror.rows.collection import Collection
from gateway.mirror.rows.held import SELF, Held, Part
from gateway.mirror.rows.list_order import Sorting
from gateway.mirror.rows.store import Filters, Store
from gateway.participants.record import PARTICIPANTS, ParticipantRow
from gateway.upstream.record import Record, Row
from gateway.upstream.wire.natural_keys import comparable

IDS = st.integers(1, 6)
SOME = st.sets(IDS).map(sorted)
AGES = st.integers(0, 5)
TEXTS = ("", "a", "A", "\xc4", "ae", "b\0", "b", "\U0001f600", "\ud800", "z" * 99, "\xdf", "ss", None)
KEYS = ("", "K-1", "K-2", "\xfc", "u\u0308", None)


class Lists(RuleBasedStateMachine):
    """A collection and its store, against its rows."""

    record: ClassVar[Record[Any]] = CONTACTS
    filters: ClassVar[tuple[Filters, ...]] = ((), (("events", 1),), (("events", 2), ("categories", 1)))
    parts: ClassVar[tuple[Part, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.now = 10.0
        self.touched: dict[str, float] = {}
        self.walked: dict[Filters, float] = {}
        changes, store = Changes(), Store([self.record])
        self.held: Collection[Any] = Collection(self.record, changes, 3)
        changes.followers.append(store.follow)
        self.held.keep_in(store)

    def row(self, row_id: int, text: int, key: int) -> Row:
        """Return a row of one of few texts and keys."""
        told = {"last_name": TEXTS[text], "customer_number": KEYS[key]}
        rest = dict.fromkeys(ContactRow.__struct_fields__)
        return ContactRow(**{**rest, "id": row_id, **told})

    def rows(self, filters: Filters = ()) -> dict[int, Held]:
        """Return the rows that are held and pass."""
        found = {row_id: self.held.find(row_id) for row_id in self.held}
        return {
            row_id: held
            for row_id, held in found.items()
            if held is not None and all(self.has(held, *pair) for pair in filters)
        }

    def has(self, held: Held, name: str, value: object) -> bool:
        """Return whether a row passes one filter."""
        links: Mapping[str, Any] = held.links
        return (
            value in links.get(name, ()) if name in self.record.includes else getattr(held.row, name) == value
        )

    @rule(
        row_id=IDS,
        text=st.integers(0, len(TEXTS) - 1),
        key=st.integers(0, len(KEYS) - 1),
        links=st.dictionaries(
            st.sampled_from(["events", "categories"]), st.sets(st.integers(1, 3)).map(tuple)
        ),
        age=AGES,
        is_member=st.booleans(),
    )
    def is_told(
        self, row_id: int, text: int, key: int, links: dict[str, Any], age: int, *, is_member: bool
    ) -> None:
        """Tell of a row that was asked for some time ago."""
        self.now += 1
        at = self.now - age
        links = {name: told for name, told in links.items() if name in self.record.includes}
        row = self.row(row_id, text, key)
        self.held.put(row, at, links, dict.fromkeys(links, at), is_member=is_member)

    @rule(name=st.sampled_from([SELF, "events", "categories"]), row_ids=SOME)
    def may_be_another(self, name: str, row_ids: list[int]) -> None:
        """Tell that a write may have changed rows."""
        self.now += 1
        if name == SELF or name in self.record.includes:
            self.held.age(name, row_ids, self.now)
            self.touched[name] = self.now

    @rule(row_id=IDS, told=st.sets(st.integers(1, 3)).map(tuple))
    def is_corrected(self, row_id: int, told: tuple[int, ...]) -> None:
        """Tell what an include tells since."""
        self.now += 1
        if "events" in self.record.includes:
            self.held.correct("events", row_id, told, self.now)
            self.touched["events"] = self.now

    @rule(row_id=IDS, age=AGES)
    def is_gone(self, row_id: int, age: int) -> None:
        """Tell that a row was not there."""
        self.now += 1
        self.held.remove(row_id, self.now - age)

    @rule(row_ids=SOME, age=AGES)
    def is_walked(self, row_ids: list[int], age: int) -> None:
        """End a walk of all rows."""
        self.now += 1
        if not self.parts:
            self.held.settle(Walked([one for one in row_ids if one in self.rows()], 1, 1), self.now - age)

    @rule(row_ids=SOME, age=AGES, number=st.integers(0, 2))
    def is_walked_in_part(self, row_ids: list[int], age: int, number: int) -> None:
        """End a walk of a part; let go of the one before where there are three."""
        self.now += 1
        if self.parts:
            part = self.parts[number]
            passing = [one for one in row_ids if one in self.rows(part.filters)]
            self.held.settle_slice(part, Walked(passing, 1, 1), self.now - age)
            self.walked.pop(part.filters, None)
            self.walked[part.filters] = self.now - age
        if number == 2 and self.held.drop_slice():
            del self.walked[next(iter(self.walked))]

    @invariant()
    def lists_are_as_the_rows_tell(self) -> None:
        """Which pass, how many, and in which order, in any part."""
        for filters in self.filters:
            passing = self.rows(filters)
            assert self.held.ids(filters) == sorted(passing)
            for name in self.record.sorts:
                for descends in (False, True):
                    sorting = Sorting(name, descends)
                    ids = sorted(passing)
                    ids.sort(key=lambda one: sorting.own_key(passing[one].row) or b"", reverse=descends)
                    ids.sort(key=lambda one: sorting.value(passing[one].row) is None)
                    assert self.held.ids(filters, sorting) == ids
                    assert [
                        *self.held.ids(filters, sorting, 0, 2),
                        *self.held.ids(filters, sorting, 2),
                    ] == ids

    @invariant()
    def what_may_be_another_is_told_as_old(self) -> None:
        """As long as it may, and no longer."""
        for filters in self.filters:
            names = [name for name, _ in filters if name in self.record.includes]
            tells = all(any(name in held.links for held in self.rows().values()) for name in names)
            assert self.held.tells(filters) is tells
            if not tells:
                continue
            is_old = any(name in held.old for name in (SELF, *names) for held in self.watched(filters, name))
            is_old = is_old or any(name not in held.links for name in names for held in self.rows().values())
            passing = self.held.passing(filters)
            assert passing is not None
            assert (passing.count, passing.is_old) == (len(self.rows(filters)), is_old)

    def watched(self, filters: Filters, name: str) -> Iterable[Held]:
        """Return the rows that may pass by now: those of a part that was walked since a write alone, else all."""
        walked_at = next((at for part, at in self.walked.items() if set(part) <= set(filters)), None)
        is_sure = walked_at is not None and walked_at >= self.touched.get(name, -inf)
        return self.rows(filters if is_sure else ()).values()

    @invariant()
    def keys_lead_to_rows(self) -> None:
        """To one that has it, where there is one."""
        if self.record.key is None:
            return
        told = {row_id: getattr(held.row, self.record.key) for row_id, held in self.rows().items()}
        for key in KEYS:
            having = [
                row_id for row_id, own in told.items() if key and own and comparable(own) == comparable(key)
            ]
            assert key is None or self.held.id_of(key) in (having or [None])


class PartLists(Lists):
    """The same of a collection that is held in parts."""

    record = PARTICIPANTS
    parts = tuple(Part((("event_id", number),), str(key)) for number, key in ((1, 1), (2, 2), (1, 3)))
    filters = ((("event_id", 1),), (("event_id", 2), ("is_confirmed", True)))

    def row(self, row_id: int, text: int, key: int) -> Row:
        """Return a row of one of few events."""
        return ParticipantRow(row_id, key, text, text % 2 == 0, None, None)


@pytest.mark.parametrize("machine", [Lists, PartLists])
def test_lists_follow_from_rows(machine: type[Lists]) -> None:
    """Counts, orders, keys, and whether they may be others by now."""
    run_state_machine_as_test(
        machine, settings=settings(max_examples=50, stateful_step_count=20, deadline=None)
    )
