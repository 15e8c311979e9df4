"""Reads the participations of contacts."""

import asyncio

import msgspec

from gateway.graph.loader import Loader
from gateway.participants.record import ParticipantRow
from gateway.upstream.call import Call


class OfContact(msgspec.Struct, frozen=True):
    """The participations of one contact, as a selection wants them."""

    contact_id: int
    call: Call[ParticipantRow]
    """The first page of the participants among which they are."""


class ParticipationsWithoutNumber(Loader[OfContact, tuple[ParticipantRow, ...]]):
    """Contacts to their participations in the list's order, for contacts without a customer number.

    No filter names them (it takes customer numbers only), so all participants are walked once and
    grouped. Source: /en/api/participants.html
    """

    def load(self, key: OfContact) -> "asyncio.Future[tuple[ParticipantRow, ...]]":
        """Return a future of a contact's participations; others' are found in the same walk from now on."""
        self.context.reading.walks.add(key.call.including(frozenset()))
        return super().load(key)

    async def load_batch(self, keys: list[OfContact]) -> list[tuple[ParticipantRow, ...] | Exception]:
        """Return the participations for each contact, in their order."""
        rows: dict[Call[ParticipantRow], dict[int, list[ParticipantRow]]] = {}
        for call in {key.call for key in keys}:
            for row in await self.context.reading.walk(call):
                rows.setdefault(call, {}).setdefault(row.contact_id or 0, []).append(row)
        return [tuple(rows.get(key.call, {}).get(key.contact_id, ())) for key in keys]
