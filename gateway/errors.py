"""Every failure the gateway raises, sorted by what the caller can do about it.

* GatewayError
  * CallerError               the query is at fault: tell the client, never retry
    * BadInputError           an argument is wrong; the message says what is allowed
    * UnauthenticatedError    no key or token, or one that nobody knows
    * ForbiddenError          the caller's roles do not grant it
    * TooManyFailuresError    wrong tokens or keys came from the caller's address; carries `retry_after`
    * TooComplexError         the operation needs more upstream reads than one may
    * MirrorIncompleteError   only all rows of a resource tell it, and they are not held; mostly carries `retry_after`
    * NotKeptError            the client wants nothing but what is kept, and this is not
    * OperationTimeoutError   the operation took longer than one may
  * UpstreamError             PlanDocket, or the way to it, is at fault
    * RefusedError            the key lacks a scope, the tenant the plan, or the held key is refused
    * RateLimitedError        no request is left this hour; carries `retry_after`
    * UnavailableError        refused connection, 5xx, no such path
      * TimedOutError         no answer in time
    * UnreadableError         an answer we cannot decode: a bug, or the API changed
    * OutcomeUnknownError     a write was sent and no answer came that settles it: it may have happened
  * OverloadedError           more is asked at once than the gateway can do; carries `retry_after`
  * IssuerUnavailableError    the issuer's keys cannot be fetched, so no JWT can be judged; carries `retry_after`
  * InternalError             a bug here; carries the reference under which the log has it
* SettingsError               the operator's settings are at fault; raised before anything is served

No message holds an upstream body, URL or key: all of them reach clients.
"""

import math
from collections.abc import Sequence
from typing import ClassVar, Self

_LONGEST_SHOWN = 100  # characters
_LONGEST_WAIT_S = 3600  # PlanDocket's hour, and whoever comes again sooner learns more


class GatewayError(Exception):
    """Any failure with a code of its own in `errors[].extensions.code`."""

    code: ClassVar[str]

    @property
    def extensions(self) -> dict[str, object]:
        """What graphql-core puts into the error's `extensions`."""
        return {"code": self.code}

    def saying(self, more: str) -> Self:
        """Return the same error with another sentence behind its own."""
        error = type(self).__new__(type(self), f"{self} {more}")  # others may have been raised the same one
        error.__dict__.update(self.__dict__)
        return error


class LaterError(GatewayError):
    """What is refused now, and may be tried again after a while that is known."""

    def __init__(self, retry_in_s: float, message: str) -> None:
        """`message` has the seconds in place of `{}`."""
        self.retry_after = max(1, math.ceil(min(retry_in_s, _LONGEST_WAIT_S)))
        """Whole seconds, as the header `Retry-After` has them: an hour at the most, whatever was asked for."""
        super().__init__(message.format(self.retry_after))

    @property
    def extensions(self) -> dict[str, object]:
        """Also tells `retryAfter`, in seconds."""
        return {**super().extensions, "retryAfter": self.retry_after}


class CallerError(GatewayError):
    """The query is at fault."""


class BadInputError(CallerError):
    """An argument is wrong; the message says what is allowed."""

    code = "BAD_USER_INPUT"


class UnauthenticatedError(CallerError):
    """No PlanDocket key or token came with the request, or nobody knows it."""

    code = "UNAUTHENTICATED"

    def __init__(self, reason: str, *, wanted: str = "PlanDocket API key", shown: str = "KEY") -> None:
        super().__init__(
            f"{reason} Send your {wanted} as 'Authorization: Bearer {shown}' or 'X-API-Key: {shown}'."
        )

    @classmethod
    def unknown_key(cls) -> "UnauthenticatedError":
        """Return the error for a caller's own key that PlanDocket refuses (401)."""
        return cls("PlanDocket does not know this API key.")


class ForbiddenError(CallerError):
    """The caller is known, and their roles do not grant what they ask."""

    code = "FORBIDDEN"

    @classmethod
    def lacking(cls, roles: Sequence[str]) -> "ForbiddenError":
        """Return the error for a caller without these roles."""
        named = " and ".join(f"'{role}'" for role in roles)
        return cls(
            f"Your token lacks {'the roles' if len(roles) > 1 else 'the role'} {named}, which this needs. "
            "Whoever runs the gateway grants roles: with a new token, or in your JWT's claim."
        )


class TooManyFailuresError(LaterError, CallerError):
    """Wrong tokens, or PlanDocket keys, came from the caller's address."""

    code = "TOO_MANY_FAILURES"

    def __init__(self, retry_in_s: float, shown: str = "tokens") -> None:
        super().__init__(
            retry_in_s,
            f"Too many wrong {shown} came from your address: try again in {{}} s, with a right one.",
        )


class TooComplexError(CallerError):
    """An operation needs more upstream reads than one may make."""

    code = "OPERATION_TOO_COMPLEX"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This needs more than the {most} requests to PlanDocket that one operation may make: "
            "ask for less at once, or for the rest in another operation."
        )


class NotKeptError(CallerError):
    """A client wants nothing but what is kept, and this is not."""

    code = "NOT_KEPT"

    def __init__(self) -> None:
        super().__init__("This is not kept: ask for it without 'only-if-cached' in 'Cache-Control'.")


class MirrorIncompleteError(CallerError):
    """Only all rows of a resource tell what is asked for, PlanDocket has no such question, and they are not held."""

    code = "MIRROR_INCOMPLETE"

    def __init__(self, reason: str, retry_in_s: float | None = None) -> None:
        """`reason` says what is missing, and what to do where no time mends it: then there are no seconds."""
        self.retry_after = None if retry_in_s is None else max(1, math.ceil(min(retry_in_s, _LONGEST_WAIT_S)))
        again = "" if self.retry_after is None else f" Try again in {self.retry_after} s."
        super().__init__(f"{reason}{again}")

    @property
    def extensions(self) -> dict[str, object]:
        """Also tells `retryAfter`, in seconds, where the rows will be held by then."""
        told = super().extensions
        return told if self.retry_after is None else {**told, "retryAfter": self.retry_after}


class OperationTimeoutError(CallerError):
    """An operation took longer than one may."""

    code = "OPERATION_TIMEOUT"

    def __init__(self, mend: str) -> None:
        super().__init__(f"The operation took longer than one may. {mend}")


class UpstreamError(GatewayError):
    """PlanDocket, or the way to it, is at fault."""


class RefusedError(UpstreamError):
    """PlanDocket refuses the key, or refuses it for this resource."""

    code = "UPSTREAM_FORBIDDEN"


class RateLimitedError(LaterError, UpstreamError):
    """No request is left this hour, by our own count or by PlanDocket's.

    Source: /en/getting-started/rate-limiting.html
    """

    code = "UPSTREAM_RATE_LIMITED"

    def __init__(
        self, retry_in_s: float, message: str = "PlanDocket's hourly requests are spent: try again in {} s."
    ) -> None:
        super().__init__(retry_in_s, message)


class UnavailableError(UpstreamError):
    """PlanDocket cannot be reached, or fails."""

    code = "UPSTREAM_UNAVAILABLE"

    def __init__(
        self,
        message: str,
        *,
        may_have_arrived: bool = False,
        never_left: bool = False,
        is_lasting: bool = False,
    ) -> None:
        super().__init__(message)
        self.may_have_arrived = may_have_arrived
        """Whether PlanDocket may have got the request without a word about it."""
        self.never_left = never_left
        """Whether there was not even a connection."""
        self.is_lasting = is_lasting
        """Whether somebody must mend what stands in the way: a bad certificate, a proxy that refuses."""


class TimedOutError(UnavailableError):
    """PlanDocket did not answer in time."""

    code = "UPSTREAM_TIMEOUT"

    def __init__(self, resource: str, *, may_have_arrived: bool) -> None:
        super().__init__(
            f"PlanDocket did not answer for {resource} in time: try again.",
            may_have_arrived=may_have_arrived,
            never_left=not may_have_arrived,
        )


class UnreadableError(UpstreamError):
    """PlanDocket's answer cannot be decoded."""

    code = "UPSTREAM_UNREADABLE"


class OutcomeUnknownError(UpstreamError):
    """A write was sent, and no answer came that settles it. It is never sent again by itself."""

    code = "OUTCOME_UNKNOWN"

    def __init__(
        self, why: str = "PlanDocket got the write, or may have, but its answer did not come"
    ) -> None:
        super().__init__(f"{why}: it may have happened. Look before you send it again.")


class OverloadedError(LaterError):
    """More is asked at once than the gateway can do, so this was not begun: nothing was sent for it."""

    code = "OVERLOADED"

    def __init__(self, retry_in_s: float) -> None:
        super().__init__(retry_in_s, "The gateway has too much to do at once: try again in {} s.")


class IssuerUnavailableError(LaterError):
    """A JWT cannot be judged: the issuer's keys were never fetched, or may have changed since they were."""

    code = "ISSUER_UNAVAILABLE"

    def __init__(self, retry_in_s: float) -> None:
        super().__init__(
            retry_in_s, "The gateway cannot fetch the keys of your token's issuer yet: try again in {} s."
        )


class InternalError(GatewayError):
    """The gateway itself failed: its client learns where its operator finds out why, and no more."""

    code = "INTERNAL_SERVER_ERROR"

    def __init__(self, reference: str) -> None:
        super().__init__(f"The gateway failed here: tell its operator the reference {reference}.")
        self._reference = reference

    @property
    def extensions(self) -> dict[str, object]:
        """Also tells the `reference`."""
        return {**super().extensions, "reference": self._reference}


class SettingsError(Exception):
    """A setting is missing or wrong. The message names it, a line each, and says what to do."""


def cut(text: str) -> str:
    """Return a text of a caller as messages show it: its first hundred characters."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
