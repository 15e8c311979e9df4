"""Writes of participants. Source: /en/api/participants.html"""

from collections.abc import Collection

import strawberry

from gateway.contacts.record import CONTACTS
from gateway.contacts.schema import ContactBy
from gateway.events.record import EVENTS
from gateway.events.schema import EventBy
from gateway.graph.context import Context
from gateway.graph.declared import optional
from gateway.graph.load_by_id import ById
from gateway.graph.loader import Wanted
from gateway.graph.mutations import Mutations
from gateway.graph.refused_writes import Attempt, Unique
from gateway.graph.user_errors import present
from gateway.participants.record import PARTICIPANTS, ParticipantRow
from gateway.upstream.call import listing
from gateway.upstream.wire.natural_keys import usable


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


_PARTICIPATION = Mutations(
    PARTICIPANTS, CreateParticipantInput, UpdateParticipantInput, noun="participation", unique=_TAKEN
)


@strawberry.type
class ParticipantMutations:
    """Root fields."""

    create_participant = _PARTICIPATION.create("Adds a contact to an event's participants.")
    update_participant = _PARTICIPATION.update()
    delete_participant = _PARTICIPATION.delete()

    create_participants = _PARTICIPATION.bulk_create()
    delete_participants = _PARTICIPATION.bulk_delete()
    set_participants_confirmed = _PARTICIPATION.bulk_set(
        "is_confirmed", "Confirms many participations, or takes that back", "Whether they are confirmed."
    )


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
