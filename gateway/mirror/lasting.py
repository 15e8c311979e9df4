"""What is held of an owner, and its file: resumed at the start, and saved after each difference."""

import asyncio

from gateway.mirror.items import Items
from gateway.mirror.owner_file import Kept, KeptCollection, Notes, OwnerFile
from gateway.mirror.pace import Pace
from gateway.mirror.tenant import Tenant
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.tasks import Tasks

_ERASES_EVERY_S = 60.0


class Lasting:
    """Joins a tenant, its pace and its file."""

    def __init__(
        self,
        tenant: Tenant,
        pace: Pace,
        items: Items,
        file: OwnerFile,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        self.file = file
        self._tenant = tenant
        self._pace = pace
        self._items = items
        self._clock = clock
        self._tasks = tasks
        self._resuming: asyncio.Task[None] | None = None
        self._is_due = False
        self._is_erasing = False

    async def resume(self) -> None:
        """Return once all is held that the file holds; it is read the first time only."""
        if self._resuming is None:
            self._resuming = self._tasks.start(self._resume())
        await asyncio.shield(self._resuming)

    async def _resume(self) -> None:
        kept = await self.file.load()
        if kept is not None:
            self._tenant.open_store(self.file.follow)
            await self._tenant.resume(kept, self._clock.monotonic())
            self._resume_pace(kept)
            self._erase_soon()

    def _resume_pace(self, kept: Kept) -> None:
        now = self._clock.monotonic()
        for path, whole in kept.notes.collections.items():
            if (record := self._tenant.record(path)) is not None:
                at = whole.whole_at + kept.moved_s
                self._pace.resume(self._items.whole(record), at, whole.pages, whole.planned_s, now)
        for call, page in self._tenant.told_by_call():
            self._pace.resume(self._items.of(call), page.at, 1, 0.0, now)

    def save_soon(self) -> None:
        """Let the file follow what is held."""
        if self.file.is_used and not self._is_due:
            self._is_due = True
            self._tasks.start(self.saved())

    async def saved(self) -> None:
        """Return once all that is held now is in the file."""
        if self.file.is_used:
            try:
                await self.file.save(self._notes)
            finally:
                self._erase_soon()

    def _erase_soon(self) -> None:
        if self.file.has_gaps and not self._is_erasing:
            self._is_erasing = True
            self._tasks.start(self._erase())

    async def _erase(self) -> None:
        while self.file.has_gaps and self.file.is_working:
            await self._clock.sleep(_ERASES_EVERY_S)
            await self.file.erase()
        self._is_erasing = False

    async def close(self) -> None:
        """Save what is held, and close the file."""
        if self.file.is_used:
            await self.file.save(self._notes)
        await self.file.close()

    def _notes(self) -> Notes:
        self._is_due = False
        collections: dict[str, KeptCollection] = {}
        for record in self._tenant.records:
            item, collection = self._items.whole(record), self._tenant.collection(record)
            if (kept := collection.kept(item.planned_s)) is not None:
                collections[record.path] = kept
        now, unix = self._clock.monotonic(), self._clock.unix()
        return Notes(self._clock.boot, now, unix, collections, self._tenant.pages_by_call())
