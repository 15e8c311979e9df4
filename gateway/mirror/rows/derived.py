"""What includes tell of rows that follows from the rows of another resource, where walks have shown that it does.

How PlanDocket counts an event's participants, and whose events are a contact's, is undocumented: all participations,
or confirmed ones. So either is tried on what walks bring, and taken only where it agrees with every row, and where
the two differ for one; a single contradiction takes it back.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

from gateway.mirror.rows.changes import Change
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.record import Derived, Record, Row

_ROWS_AT_ONCE = 200


def _all(_: Row) -> bool:
    return True


class _Rule(msgspec.Struct):
    """One way of deriving, and what walks have shown of it."""

    derived: Derived
    record: Record[Any]
    passes: Callable[[Row], bool]
    is_shown: bool = False

    def value(self, rows: Iterable[Row]) -> Any:
        """Return what an include tells of what these rows belong to."""
        passing = [row for row in rows if self.passes(row)]
        if self.derived.column is None:
            return len(passing)
        column = self.derived.column
        return tuple(sorted({getattr(row, column) for row in passing if getattr(row, column)}))

    def told_after(self, change: Change, row_id: int, rows: Iterable[Row], before: Any) -> Any:
        """Return what an include tells of a row after a write, from what it told before and the rows as they are now.

        A count goes on from what was told: it may be younger than the rows. A list is known only where it was what
        the rows were; else None.
        """
        if self.derived.column is None:
            return before + self._counts(change.after, row_id) - self._counts(change.before, row_id)
        rows = list(rows)
        others = [row for row in rows if change.after is None or row.id != change.after.id]
        was = [change.before] if change.before is not None and self._counts(change.before, row_id) else []
        return self.value(rows) if self.value([*others, *was]) == _sorted(before) else None

    def _counts(self, row: Row | None, row_id: int) -> bool:
        return row is not None and getattr(row, self.derived.by) == row_id and self.passes(row)


class Derivations:
    """The rules of some resources, by what they tell: "events.participant_count"."""

    def __init__(self, records: Iterable[Record[Any]]) -> None:
        self._rules: dict[str, list[_Rule]] = defaultdict(list)
        self._judged: dict[str, tuple[int, int]] = {}  # by tag: which versions of both were looked at last
        for record in records:
            for tag, derived in record.derived.items():
                for passes in (_all, *(_of_flag(flag) for flag in derived.flags)):
                    self._rules[tag].append(_Rule(derived, record, passes))

    def correct(self, tenant: Tenant, tag: str, ids: Iterable[int], change: Change) -> list[int]:
        """Change what follows for these rows from a write; return those of which nobody knows how."""
        rule = next((rule for rule in self._rules.get(tag, ()) if rule.is_shown), None)
        source = None if rule is None else tenant.whole(rule.record)
        record = tenant.record(tag.split(".")[0])
        if rule is None or source is None or record is None or change.record is not rule.record:
            return list(ids)
        name, collection, left = tag.removeprefix(f"{record.path}."), tenant.collection(record), list[int]()
        for row_id in ids:
            filters = ((rule.derived.by, row_id),)
            passing, held = source.passing(filters), collection.find(row_id)
            if held is None or passing is None or name not in held.links:
                continue
            rows = [found.row for one in source.ids(filters) if (found := source.find(one))]
            told = rule.told_after(change, row_id, rows, held.links[name])
            if told is None or passing.is_old:
                left.append(row_id)
            else:
                collection.correct(name, row_id, told, change.at)
        return left

    async def learn(self, tenant: Tenant) -> None:
        """See which rules agree with all that is held, after a walk; with turns for others, since rows are many."""
        for tag, rules in self._rules.items():
            path, name = tag.split(".")
            record = tenant.record(path)
            target = None if record is None else tenant.whole(record)
            source = tenant.whole(rules[0].record)
            if target is None or source is None or self._judged.get(tag) == (target.version, source.version):
                continue
            versions, seen = (target.version, source.version), list[list[Any]]()
            for number, row_id in enumerate(list(target)):
                if number % _ROWS_AT_ONCE == 0:
                    await asyncio.sleep(0)
                held = target.find(row_id)
                if held is not None and name in held.links and name not in held.old:
                    ids = source.ids(((rules[0].derived.by, row_id),))
                    rows = [one.row for i in ids if (one := source.find(i))]
                    seen.append([_sorted(held.links[name]), *(rule.value(rows) for rule in rules)])
            if (target.version, source.version) == versions:
                self._judged[tag] = versions
                _judge(rules, seen)


def _judge(rules: list[_Rule], seen: list[list[Any]]) -> None:
    """Take rules as shown, by what was told of each row, and what each rule says it is."""
    differ = any(value != first for _, first, *others in seen for value in others)
    for place, rule in enumerate(rules, 1):
        agrees = all(values[place] == values[0] for values in seen)
        rule.is_shown = bool(seen) and agrees and (differ or rule.is_shown)


def _sorted(value: Any) -> Any:
    return tuple(sorted(cast("tuple[int, ...]", value))) if isinstance(value, tuple) else value


def _of_flag(column: str) -> Callable[[Row], bool]:
    return lambda row: bool(getattr(row, column))
