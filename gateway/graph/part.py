"""Which part of a list is wanted: the arguments that say so, the same for all lists."""

import msgspec

from gateway.errors import BadInputError
from gateway.graph.connection import DEFAULT_FIRST, MOST
from gateway.graph.cursors import Cursors
from gateway.graph.declared import argument
from gateway.mirror.answers.window import Window

_LARGEST_OFFSET = 2**31 - 1

PART = {
    "first": argument(
        int | None,
        "How many, from the start or `after`: 0 to 100, 25 if not given. 0 is for `totalCount` and counts alone.",
    ),
    "after": argument(
        str | None,
        "Only what follows this cursor's row, wherever that stands by now. Where it is gone, what followed it: "
        "exact where `orderBy` or the ids show the order, else some rows may come twice.",
    ),
    "last": argument(int | None, "How many, from the end or `before`: 0 to 100. Not with `first`."),
    "before": argument(str | None, "Only what precedes this cursor's row, in the same way as `after`."),
    "offset": argument(
        int | None,
        "How many to pass over, with `first` alone: for tables with page numbers. While rows come and go, those of "
        "the next page may be missed or come twice: to read on, cursors are exact.",
    ),
}


class Part(msgspec.Struct, frozen=True):
    """Which part of a list a field's arguments ask for."""

    first: int | None = None
    last: int | None = None
    after: str | None = None
    before: str | None = None
    offset: int | None = None

    def window(self, cursors: Cursors) -> Window:
        """Return it with what cursors of the list name.

        Raises:
            BadInputError: there is no such part, or a cursor is of another list.
        """
        self._check()
        return Window(
            first=DEFAULT_FIRST if self.first is None and self.last is None else self.first,
            last=self.last,
            after=cursors.read(self.after) if self.after else None,
            before=cursors.read(self.before) if self.before else None,
            offset=self.offset or 0,
        )

    def _check(self) -> None:
        if self.first is not None and self.last is not None:
            raise BadInputError("Give 'first' or 'last', not both.")
        if self.offset and (self.last is not None or self.after or self.before):
            raise BadInputError("Give 'offset' with 'first' alone: cursors say themselves where to go on.")
        for name, count, most in (
            ("first", self.first, MOST),
            ("last", self.last, MOST),
            ("offset", self.offset, _LARGEST_OFFSET),
        ):
            if count is not None and not 0 <= count <= most:
                raise BadInputError(f"'{name}' must be from 0 to {most}, not {count}.")
