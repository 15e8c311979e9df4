"""Every resource that the schema has: the one line to add for a new one."""

from gateway.categories.loaders import CategoryById
from gateway.categories.mutations import CategoryMutations
from gateway.categories.schema import Category, CategoryQueries
from gateway.contacts.loaders import ContactById
from gateway.contacts.mutations import ContactMutations
from gateway.contacts.schema import Contact, ContactQueries
from gateway.events.loaders import EventById
from gateway.events.mutations import EventMutations
from gateway.events.schema import Event, EventQueries
from gateway.graph.resource import Resource
from gateway.participants.loaders import ParticipantById
from gateway.participants.mutations import ParticipantMutations
from gateway.participants.schema import Participant, ParticipantQueries

RESOURCES = (
    Resource(Participant, ParticipantById, ParticipantQueries, ParticipantMutations),
    Resource(Event, EventById, EventQueries, EventMutations),
    Resource(Contact, ContactById, ContactQueries, ContactMutations),
    Resource(Category, CategoryById, CategoryQueries, CategoryMutations),
)

PATHS = tuple(resource.by_id.record.path for resource in RESOURCES)
"""Their paths: "participants", "events"."""
