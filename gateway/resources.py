"""Every resource that the schema has: the one line to add for a new one."""

from gateway.categories.mutations import CategoryMutations
from gateway.categories.record import CATEGORIES
from gateway.categories.schema import Category, CategoryQueries
from gateway.contacts.mutations import ContactMutations
from gateway.contacts.record import CONTACTS
from gateway.contacts.schema import Contact, ContactQueries
from gateway.events.mutations import EventMutations
from gateway.events.record import EVENTS
from gateway.events.schema import Event, EventQueries
from gateway.graph.resource import Resource
from gateway.participants.mutations import ParticipantMutations
from gateway.participants.record import PARTICIPANTS
from gateway.participants.schema import Participant, ParticipantQueries

RESOURCES = (
    Resource(PARTICIPANTS, Participant, ParticipantQueries, ParticipantMutations),
    Resource(EVENTS, Event, EventQueries, EventMutations),
    Resource(CONTACTS, Contact, ContactQueries, ContactMutations),
    Resource(CATEGORIES, Category, CategoryQueries, CategoryMutations),
)

RECORDS = tuple(resource.record for resource in RESOURCES)
PATHS = tuple(record.path for record in RECORDS)
"""Their paths: "participants", "events"."""
