"""What all questions share: the database, how rows lie in it, and how much may be done in one step."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.mirror.rows.index.layout import Layout
from gateway.mirror.rows.index.question import By


class Effort(msgspec.Struct, frozen=True):
    """How many rows are looked at in one step, so that no step takes more than some milliseconds."""

    written: int = 1_000
    """That are written in one transaction."""
    sorted: int = 2_000
    """That are sorted, of which no index tells the order."""
    walked: int = 3_000
    """That are read from an index, to find those that pass."""
    scanned: int = 4_000
    """That are looked at one after the other."""


@dataclass
class Base:
    """The rows of one tenant."""

    db: sqlite3.Connection
    layouts: Mapping[str, Layout]
    """By path."""
    effort: Effort
    version: int = 0
    """Goes up with everything that is written."""
    counts: dict[By, Counter[Any]] = field(default_factory=dict[By, Counter[Any]])
    """How many of all rows have what, as far as that was asked for; None stands for null, and for nowhere."""
    failure: BaseException | None = None
    """What kept a change from being written: no answer is right any more."""

    def rows(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        """Return all rows that a statement finds."""
        if self.failure is not None:
            raise self.failure
        return self.db.execute(sql, values).fetchall()

    def value(self, sql: str, values: Mapping[str, Any]) -> Any:
        """Return the one value that a statement finds."""
        return self.rows(sql, values)[0][0]
