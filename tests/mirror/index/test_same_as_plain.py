# pyright: basic
# ruff: noqa: S311 - chance is no secret
"""Any question of rows that are held is answered as plain Python answers it, whatever changed before."""

import asyncio
import itertools
import os
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mirror.index.plain import Plain, comparison
from mirror.index.worlds import questions, random_change, world

from gateway.mirror.rows.index.base import Effort
from gateway.mirror.rows.index.index import Index
from gateway.mirror.rows.index.question import Key, Question, Stretch
from gateway.resources import RECORDS

some = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=int(os.environ.get("GATEWAY_INDEX_EXAMPLES", "1000")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
efforts = st.sampled_from((Effort(), Effort(2, 1, 2, 3), Effort(5, 3, 4, 2)))
"""Much in one step, and little: so that all ways are taken with few rows."""
sizes = st.none() | st.integers(0, 5)


def stretch(data: st.DataObject, plain: Plain, question: Question) -> Stretch:
    """Return a stretch whose keys are those of rows that are there, or were."""
    ids = st.sampled_from(sorted(plain.rows[question.record.path]) or [0])
    keys = st.none()
    if plain.rows[question.record.path]:
        keys = st.none() | ids.map(lambda row_id: plain.key(question, row_id))
    first, last = data.draw(st.tuples(sizes, st.none()) | st.tuples(st.none(), sizes))
    offset = data.draw(st.integers(0, 4)) if first is not None else 0
    after, before = data.draw(keys), data.draw(keys)
    if after is not None and before is not None and comparison(question.order)(after, before) >= 0:
        after, before = None, after
    return Stretch(first, last, after, before, offset)


@settings(some, max_examples=some.max_examples * 3 // 4)
@given(st.data())
def test_questions_are_answered_as_by_plain_python(data: st.DataObject) -> None:
    """Pages, counts, facets and quarters of an hour: between changes, with cursors and counts of before."""
    chance = Random(data.draw(st.integers(0, 2**32)))

    async def ask() -> None:
        plain, told = world(chance)
        index = Index(RECORDS, told, data.draw(efforts))
        everything = Question(data.draw(st.sampled_from(RECORDS)))
        try:
            await count(index, plain, everything)
            for _ in range(data.draw(st.integers(1, 3))):
                question = data.draw(questions)
                asked = [stretch(data, plain, question) for _ in range(2)]
                for _ in range(data.draw(st.integers(0, 6))):
                    index.follow(random_change(plain, chance))
                for one in asked:
                    assert await index.page(question, one) == plain.page(question, one)
            for one in (question, everything):
                await count(index, plain, one)
        finally:
            await index.close()

    asyncio.run(ask())


async def count(index: Index, plain: Plain, question: Question) -> None:
    """Compare all counts of rows that pass."""
    record, where = question.record, question.where
    passing = [row_id for row_id in plain.rows[record.path] if plain.passes(record, row_id, where)]
    assert await index.count(record, where) == len(passing)
    for path in record.facets.values():
        if path == "created_at":
            assert await index.quarters(record, where, path) == plain.quarters(record, where, path)
        else:
            assert await index.facet(record, where, path, 3) == plain.facet(record, where, path, 3)


@settings(some, max_examples=some.max_examples // 4)
@given(st.data())
def test_each_row_that_stays_is_seen_once_however_others_change(data: st.DataObject) -> None:
    """Page by page in either direction: each that passed and kept its key throughout, in order."""
    chance = Random(data.draw(st.integers(0, 2**32)))
    question, backwards, size = data.draw(questions), data.draw(st.booleans()), data.draw(st.integers(1, 4))

    def passing(plain: Plain) -> set[Key]:
        return set(plain.page(question, Stretch()).keys)

    async def walk() -> None:
        plain, told = world(chance)
        index, cursor = Index(RECORDS, told, data.draw(efforts)), None
        stayed, seen = passing(plain), list[Key]()
        try:
            for _ in range(100):
                if backwards:
                    rows = await index.page(question, Stretch(last=size, before=cursor))
                    seen = [*rows.keys, *seen]
                else:
                    rows = await index.page(question, Stretch(first=size, after=cursor))
                    seen += rows.keys
                if not (rows.has_previous if backwards else rows.has_next):
                    break
                cursor = rows.keys[0 if backwards else -1]
                for _ in range(chance.randrange(3)):
                    index.follow(random_change(plain, chance))
                stayed &= passing(plain)
        finally:
            await index.close()
        assert [key for key in seen if key in stayed] == [
            key for key in seen if key in stayed and seen.count(key) == 1
        ]
        assert stayed <= set(seen)
        compare = comparison(question.order)
        assert all(compare(one, next_) < 0 for one, next_ in itertools.pairwise(seen))

    asyncio.run(walk())
