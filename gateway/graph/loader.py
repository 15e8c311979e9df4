"""What every loader has: the operation that it loads for, and mostly the resource."""

from typing import Generic

import msgspec

from gateway.graph.context import Context
from gateway.mirror.answers.batch_loader import BatchLoader, KeyT, ValueT
from gateway.upstream.record import Record, RowT


class Wanted(msgspec.Struct, Generic[KeyT], frozen=True):
    """A row by some key, and the includes that its selection needs."""

    key: KeyT
    include: frozenset[str] = frozenset()


class Loader(BatchLoader[KeyT, ValueT]):
    """A loader of an operation: see `Context.loader`."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.tasks)
        self.context = context


class RowLoader(Loader[KeyT, ValueT], Generic[KeyT, ValueT, RowT]):
    """A loader of one resource's rows, or of what they lead to."""

    def __init__(self, context: Context, record: Record[RowT]) -> None:
        super().__init__(context)
        self.record = record
