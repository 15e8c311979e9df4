"""Reads contacts."""

from typing import ClassVar

from gateway.contacts.record import CONTACTS, ContactRow
from gateway.graph.row_loaders import ById, ByKey
from gateway.upstream.record import Record


class ContactById(ById[ContactRow]):
    """Ids to contacts, in key order; None where PlanDocket answers 404."""

    record: ClassVar[Record[ContactRow]] = CONTACTS


class ContactByNumber(ByKey[ContactRow]):
    """Customer numbers to contacts, in key order; None where no contact has the number."""

    record: ClassVar[Record[ContactRow]] = CONTACTS
    column: ClassVar[str] = "customer_number"
