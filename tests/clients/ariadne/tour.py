# pyright: basic, reportMissingImports=false
"""Reads and writes with the client that ariadne-codegen generated, and prints what came as JSON.

Runs in an environment of its own: that of the generator, with the generated package beside this file.
"""

import inspect
import json
import sys

from plandocket import (
    Client,
    ContactBy,
    CreateParticipantInput,
    DeleteParticipantInput,
    EventBy,
    EventOrder,
    EventOrderField,
    GraphQLClientGraphQLMultiError,
    ParticipantBy,
    ParticipantFilter,
    SetParticipantsConfirmedInput,
    UpdateParticipantInput,
)

address, customer_number = sys.argv[1:]
client = Client(url=address)


def pages(of: str, size: int) -> list[list[str]]:
    """Return the ids of the first three pages of an event's participants."""
    found: list[list[str]] = []
    after = None
    while len(found) < 3:
        page = client.participants(
            filter_=ParticipantFilter(event_key=of), first=size, after=after
        ).participants
        found.append([edge.node.id for edge in page.edges])
        after = page.page_info.end_cursor
    return found


def participation(of: str) -> dict[str, object]:
    """Create a participation, confirm it twice, read it and delete it."""
    made = client.create_participant(
        CreateParticipantInput(
            event=EventBy(event_key=of), contact=ContactBy(customer_number=customer_number)
        )
    ).create_participant.participant
    updated = client.update_participant(
        UpdateParticipantInput(id=made.id, is_confirmed=True)
    ).update_participant
    [result] = client.confirm_participants(
        SetParticipantsConfirmedInput(ids=[made.id], is_confirmed=False)
    ).set_participants_confirmed.results
    read = client.participant(ParticipantBy(id=made.id)).participant
    gone = client.delete_participant(DeleteParticipantInput(id=made.id)).delete_participant
    return {
        "confirmed": [
            made.is_confirmed,
            updated.participant.is_confirmed,
            result.participant.is_confirmed,
            read.is_confirmed,
        ],
        "created": read.created_at.tzinfo is not None,
        "email": made.contact.email,
        "gone": gone.deleted_id == made.id,
        "left": client.participant(ParticipantBy(id=made.id)).participant,
    }


def refused() -> str:
    """Return the code of an error that is raised."""
    try:
        client.several(ids=["nonsense"])
    except GraphQLClientGraphQLMultiError as error:
        return error.errors[0].extensions["code"]
    return "none"


methods = inspect.getmembers(Client, inspect.isfunction)
events = client.events(order_by=[EventOrder(field=EventOrderField.DATE_FROM)], first=3).events
json.dump(
    {
        "operations": len([name for name, method in methods if method.__module__ == "plandocket.client"]),
        "pages": pages("book-fair-2027", 4),
        "participation": participation("book-fair-2027"),
        "events": [edge.node.date_from for edge in events.edges],
        "refused": refused(),
    },
    sys.stdout,
)
