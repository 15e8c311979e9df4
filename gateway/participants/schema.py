"""Participants as GraphQL sees them."""

import strawberry

from gateway.graph.entity import Node
from gateway.graph.lists import collection
from gateway.graph.lookup import By, entity
from gateway.graph.relation import included
from gateway.graph.scalars import DateTime
from gateway.participants.record import PARTICIPANTS


@strawberry.type(description="One contact's participation in one event.")
class Participant(Node):
    """Resolved from a ParticipantRow."""

    is_confirmed: bool = strawberry.field(description="Whether the participation is confirmed.")
    created_at: DateTime | None = strawberry.field(description="When it was created in PlanDocket.")
    updated_at: DateTime | None = strawberry.field(description="When it was last changed in PlanDocket.")
    event = included(
        PARTICIPANTS,
        "event",
        description="The event. Null once deleted in PlanDocket; its ids alone cost no request.",
    )
    contact = included(
        PARTICIPANTS,
        "contact",
        description="The contact. Null once deleted in PlanDocket; its ids alone cost no request.",
    )
    category = included(
        PARTICIPANTS,
        "category",
        description="The category it takes part in, if any. Null too where PlanDocket does not tell: "
        "then named in `extensions.upstream.unavailable`.",
    )


@strawberry.input(one_of=True, description="Names one participant. Exactly one of these.")
class ParticipantBy(By):
    """Exactly one of its fields."""

    record = PARTICIPANTS


@strawberry.type
class ParticipantQueries:
    """Root fields."""

    participant = entity(ParticipantBy)
    participants = collection(PARTICIPANTS)
