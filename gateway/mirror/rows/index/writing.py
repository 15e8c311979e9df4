"""How changes come into the index: a transaction for some rows of one resource, and for what follows from them."""

from collections.abc import Generator, Sequence

import msgspec

from gateway.mirror.rows.changes import Change
from gateway.mirror.rows.index.base import Base
from gateway.mirror.rows.index.counting import corrected
from gateway.mirror.rows.index.layout import Layout
from gateway.mirror.rows.tables import write


def made(base: Base) -> Generator[None, None, None]:
    """Make the tables."""
    db = base.db
    db.execute("PRAGMA temp_store = MEMORY")  # or long sorts would write names to the disk
    for layout in base.layouts.values():
        for table in layout.tables:
            for statement in table.created:
                db.execute(statement)
    yield from ()


def written(base: Base, layout: Layout, changes: Sequence[Change]) -> Generator[None, None, None]:
    """Write changes of one resource's rows, and copy what others are ordered by."""
    db = base.db
    row_ids = [change.id for change in changes]
    ids = msgspec.json.encode(row_ids).decode()
    db.execute("BEGIN IMMEDIATE")
    try:
        with corrected(base, layout.record, row_ids):
            write(db, layout.tables, changes)
        for follower in base.layouts.values():
            for include in follower.joined:
                if follower.ones[include].record is layout.record:
                    db.execute(follower.followed(include), (ids,))
    except BaseException as error:
        base.failure = error
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    base.version += 1
    yield from ()
