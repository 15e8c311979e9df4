"""Every resource that the schema has: the one line to add for a new one."""

from gateway.categories.loaders import CategoryById
from gateway.categories.schema import Category, CategoryQueries
from gateway.contacts.loaders import ContactById
from gateway.contacts.schema import Contact, ContactQueries
from gateway.events.loaders import EventById
from gateway.events.schema import Event, EventQueries
from gateway.participants.loaders import ParticipantById
from gateway.participants.schema import Participant, ParticipantQueries
from gateway.resource import Resource

RESOURCES = (
    Resource(Participant, ParticipantById, ParticipantQueries),
    Resource(Event, EventById, EventQueries),
    Resource(Contact, ContactById, ContactQueries),
    Resource(Category, CategoryById, CategoryQueries),
)
