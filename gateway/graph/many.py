"""What came of many writes at once: a result for each, in the order in which they were given."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gateway.errors import (
    GatewayError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    UnauthenticatedError,
)
from gateway.graph.payload import Saved
from gateway.graph.user_errors import UserError, UserErrorCode

MOST_AT_ONCE = 100

_CODES: dict[type[Exception], UserErrorCode] = {
    RateLimitedError: UserErrorCode.RATE_LIMITED,
    OutcomeUnknownError: UserErrorCode.OUTCOME_UNKNOWN,
}


class Results(msgspec.Struct, frozen=True):
    """What came of all of them, or why none was written."""

    results: list[Saved] = []
    user_errors: list[UserError] = []


class Given(msgspec.Struct, frozen=True):
    """The entries of an input's list: ids, or inputs of their own."""

    name: str
    """The list's."""
    entries: Sequence[Any]

    @property
    def each(self) -> Mapping[Any, Any]:
        """What is to be written: an id once, though it is given twice; each input."""
        return dict(zip(self._keys, self.entries, strict=True))

    @property
    def _keys(self) -> list[Any]:
        return [entry if isinstance(entry, str) else i for i, entry in enumerate(self.entries)]

    @property
    def refused(self) -> Results | None:
        """Why nothing is written; None where that is not so."""
        count = len(self.entries)
        if count <= MOST_AT_ONCE:
            return None
        message = f"'{self.name}' must have at most {MOST_AT_ONCE} entries, not {count}: send {MOST_AT_ONCE} at a time."
        path, code = ["input", self.name], UserErrorCode.VALIDATION_FAILED
        return Results(user_errors=[UserError(message=message, field=path, code=code)])

    def results(self, came: Sequence[Saved | Exception]) -> Results:
        """Return a result for each entry, from what came of `each`.

        Raises:
            RefusedError, UnauthenticatedError: what no entry can help, a key that is refused for all of them.
        """
        common = [one for one in came if isinstance(one, RefusedError | UnauthenticatedError)]
        if common and len(common) == len(came):
            raise common[0]
        by_key = dict(zip(self.each, came, strict=True))
        return Results([self._result(i, by_key[key]) for i, key in enumerate(self._keys)])

    def _result(self, index: int, came: Saved | Exception) -> Saved:
        entry = self.entries[index]
        given_id = entry if isinstance(entry, str) else getattr(entry, "id", None)
        if isinstance(came, Saved):
            errors = [self._at(error, index) for error in came.user_errors]
            return msgspec.structs.replace(came, user_errors=errors, given_id=given_id)
        if not isinstance(came, GatewayError):
            raise came
        code = _CODES.get(type(came), UserErrorCode.UNAVAILABLE)
        error = self._at(UserError(message=str(came), field=None, code=code), index)
        written = None if isinstance(came, OutcomeUnknownError) else False
        return Saved(written, user_errors=[error], given_id=given_id)

    def _at(self, error: UserError, index: int) -> UserError:
        """Return the error of an entry at its place: at its id, or within its input."""
        is_id = isinstance(self.entries[index], str)
        within = [] if is_id or error.field is None else error.field[1:]
        return UserError(
            message=error.message, field=["input", self.name, str(index), *within], code=error.code
        )
