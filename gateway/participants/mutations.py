"""Writes of participants. Source: /en/api/participants.html"""

from collections.abc import Collection, Sequence
from typing import Annotated, Any

import msgspec
import strawberry

from gateway.contacts.record import CONTACTS
from gateway.contacts.schema import ContactBy
from gateway.errors import (
    GatewayError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    UnauthenticatedError,
)
from gateway.events.record import EVENTS
from gateway.events.schema import EventBy
from gateway.graph.context import Context, Info
from gateway.graph.declared import optional
from gateway.graph.load_by_id import ById
from gateway.graph.loader import Wanted
from gateway.graph.mutations import Mutations
from gateway.graph.payload import WRITTEN, Saved, saved_row, written_id
from gateway.graph.refused_writes import Attempt, Unique
from gateway.graph.user_errors import UserError, UserErrorCode, present
from gateway.participants.record import PARTICIPANTS, ParticipantRow
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable

MOST_AT_ONCE = 100


async def _is_taken(context: Context, attempt: Attempt) -> bool:
    """Return whether another participation joins the same two, as one filtered list tells."""
    ends = {name: attempt.body[name] for name in ("event_key", "customer_number") if name in attempt.body}
    row = None
    if attempt.row_id is not None and len(ends) < 2:
        row = await context.loader(ById, PARTICIPANTS).load(
            Wanted(attempt.row_id, frozenset({"event", "contact"}))
        )
        ends |= {} if row is None else await _ends_of(context, row, ends)

    def is_twin(other: ParticipantRow) -> bool:
        shares_what_stays = (
            row is None or other.event_id == row.event_id or other.contact_id == row.contact_id
        )
        return other.id != attempt.row_id and shares_what_stays

    if len(ends) < 2:
        return False
    call = listing(PARTICIPANTS, ends)
    kept = context.reading.at_hand(call)
    if kept is not None and any(map(is_twin, kept.rows)):
        return True
    return any(map(is_twin, await context.reading.listing_now(call).page(1)))


_TAKEN = Unique(("event_key", "customer_number"), "The contact takes part in this event already.", _is_taken)


@strawberry.input(description="A new participation of a contact in an event.")
class CreateParticipantInput:
    """PlanDocket wants `event_key` and `customer_number`: they are found for the event and contact given."""

    event: EventBy = strawberry.field(description="In which event.")
    contact: ContactBy = strawberry.field(description="Whose; it must have a customer number.")
    is_confirmed: bool | None = optional("Whether it is confirmed.")


@strawberry.input(description="Changes of a participation; what is left out stays.")
class UpdateParticipantInput:
    """Whether event and contact can change is undocumented."""

    id: strawberry.ID = strawberry.field(description="Which participation.")
    is_confirmed: bool | None = optional("Whether it is confirmed.")
    event: EventBy | None = optional("Moves it to this event, where PlanDocket allows that.")
    contact: ContactBy | None = optional("Gives it to this contact, where PlanDocket allows that.")


@strawberry.input(description="Confirms many participations at once, or takes that back.")
class SetParticipantsConfirmedInput:
    """PlanDocket has no bulk endpoint: each id is a write of its own."""

    ids: list[strawberry.ID] = strawberry.field(description=f"Which participations, at most {MOST_AT_ONCE}.")
    is_confirmed: bool = strawberry.field(description="Whether they are confirmed.")


@strawberry.type(description="What came of one of many.")
class ParticipantConfirmation:
    """Resolved from Confirmation."""

    user_errors: list[UserError] = strawberry.field(
        description="Why it was not written, or that nobody knows whether it was; empty if it was."
    )
    written: bool | None = strawberry.field(
        description="Whether it was written; null where nobody knows (`OUTCOME_UNKNOWN`)."
    )
    written_id = written_id(WRITTEN)
    participant = saved_row(PARTICIPANTS, "The participation")
    participant_id: strawberry.ID = strawberry.field(description="The participation's id as it was given.")


@strawberry.type(description="What came of confirming many.")
class SetParticipantsConfirmedPayload:
    """Resolved from Confirmations."""

    results: list[ParticipantConfirmation] = strawberry.field(
        description="In the order of the ids; empty where there are too many."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Why none was written; what is wrong with one of many stands in its result."
    )


class Confirmation(Saved, frozen=True, kw_only=True):
    """What came of one of many."""

    participant_id: str


class Confirmations(msgspec.Struct, frozen=True):
    """What came of all of them, in the order of the ids, or why none was written."""

    results: list[Confirmation] = []
    user_errors: list[UserError] = []


_PARTICIPATION = Mutations(
    PARTICIPANTS, CreateParticipantInput, UpdateParticipantInput, noun="participation", unique=_TAKEN
)


@strawberry.type
class ParticipantMutations:
    """Root fields."""

    create_participant = _PARTICIPATION.create("Adds a contact to an event's participants.")
    update_participant = _PARTICIPATION.update()
    delete_participant = _PARTICIPATION.delete()

    @strawberry.mutation(
        graphql_type=SetParticipantsConfirmedPayload | None,
        description="Confirms many participations, or takes that back: a write for each, a result for each.",
    )
    async def set_participants_confirmed(
        self,
        info: Info,
        input: Annotated[SetParticipantsConfirmedInput, strawberry.argument(description="What to write.")],
    ) -> Confirmations:
        """Return what the payload is resolved from."""
        if len(input.ids) > MOST_AT_ONCE:
            message = (
                f"'ids' must have at most {MOST_AT_ONCE} entries, not {len(input.ids)}: "
                f"send {MOST_AT_ONCE} at a time."
            )
            error = UserError(message=message, field=["input", "ids"], code=UserErrorCode.VALIDATION_FAILED)
            return Confirmations(user_errors=[error])
        # A write is sent once, though its id is given twice.
        ids = list(dict.fromkeys(input.ids))
        body = {"is_confirmed": input.is_confirmed}
        results = await _PARTICIPATION.writable.update_all(info.context, ids, body)
        _raise_common(results)
        saved = dict(zip(ids, results, strict=True))
        return Confirmations([_confirmation(i, one, saved[one]) for i, one in enumerate(input.ids)])


async def _ends_of(context: Context, row: ParticipantRow, sent: Collection[str]) -> dict[str, str | None]:
    """Return the keys of a participation's event and contact that are not sent; a contact may have none.

    Where it is not known which they are, theirs are missing.
    """
    ends: dict[str, str | None] = {}
    if "event_key" not in sent and row.event_id:
        event = await context.loader(ById, EVENTS).load(Wanted(row.event_id))
        ends["event_key"] = usable(present(event, "event", "id").event_key)
    if "customer_number" not in sent and row.contact_id:
        contact = await context.loader(ById, CONTACTS).load(Wanted(row.contact_id))
        ends["customer_number"] = usable(present(contact, "contact", "id").customer_number)
    return ends


def _raise_common(results: Sequence[Saved | Exception]) -> None:
    """Raise what no item can help: a key that is refused for all of them."""
    for result in results:
        if isinstance(result, Saved) or not isinstance(result, RefusedError | UnauthenticatedError):
            return
    for result in results:
        if isinstance(result, Exception):
            raise result


def _confirmation(index: int, global_id: str, result: Saved | Exception) -> Confirmation:
    if isinstance(result, Saved):
        errors = [_at(error, index) for error in result.user_errors]
        came: dict[str, Any] = msgspec.structs.asdict(result) | {"user_errors": errors}
        return Confirmation(participant_id=global_id, **came)
    if not isinstance(result, GatewayError):
        raise result
    code = _CODES.get(type(result), UserErrorCode.UNAVAILABLE)
    error = UserError(message=str(result), field=None, code=code)
    written = None if isinstance(result, OutcomeUnknownError) else False
    return Confirmation(participant_id=global_id, written=written, user_errors=[_at(error, index)])


_CODES: dict[type[Exception], UserErrorCode] = {
    RateLimitedError: UserErrorCode.RATE_LIMITED,
    OutcomeUnknownError: UserErrorCode.OUTCOME_UNKNOWN,
}


def _at(error: UserError, index: int) -> UserError:
    """Return the error at its id's place in the input."""
    return UserError(message=error.message, field=["input", "ids", str(index)], code=error.code)
