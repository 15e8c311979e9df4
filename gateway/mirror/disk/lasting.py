"""What is held of an owner, and its file: resumed at the start, and saved after each difference."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any

from gateway.mirror.disk.owner_file import OwnerFile
from gateway.mirror.refresh.items import Items
from gateway.mirror.refresh.pace import Pace
from gateway.mirror.rows.changes import Change
from gateway.mirror.rows.kept import KeptWalk, Notes, taken_up
from gateway.mirror.rows.tenant import Tenant
from gateway.upstream.record import Record
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.tasks import Tasks

_ERASES_EVERY_S = 60.0
_ROWS_AT_ONCE = 500  # some milliseconds


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
        self._paths = set[str]()  # whose rows the file is told of
        self._complete = set[str]()  # those of which it has all

    def follow(self, change: Change) -> None:
        """Take in a change of what a restart takes up."""
        if change.record.path in self._paths:
            self.file.follow(change)

    async def resume(self) -> None:
        """Return once all is held that the file holds; it is read the first time only."""
        if self._resuming is None:
            self._resuming = self._tasks.start(self._resume())
        await asyncio.shield(self._resuming)

    async def _resume(self) -> None:
        kept = await self.file.load()
        if kept is not None:
            self._paths.update(path for path, rows in kept.rows.items() if rows)
            self._complete.update(self._paths)
            self._tenant.open_store(self.follow)
            await self._tenant.resume(kept, self._clock.monotonic())
            self._resume_walks(kept.notes)
            self._erase_soon()

    def _resume_walks(self, notes: Notes) -> None:
        now = self._clock.monotonic()
        for record in self._tenant.records:
            self._items.whole(record).cost = notes.costs[record.path]
            for walk in [walk for walk in notes.walks if walk.path == record.path]:
                if walk.part is not None or not self._items.is_too_large(record):  # the limit may be another
                    self._tenant.collection(record).resume(walk, now)
                    item = self._items.whole(record, walk.part)
                    self._pace.resume(item, walk.at, walk.cost, walk.planned_s, now)
        for call, page in self._tenant.told_by_call():
            self._pace.resume(self._items.of(call), page.at, 1, 0.0, now)

    def save_soon(self) -> None:
        """Let the file follow what is held."""
        mirrored = (one for one in self._tenant.records if self._tenant.collection(one).is_mirrored)
        for path, record in taken_up(mirrored).items():
            if path not in self._paths:
                self._paths.add(path)
                self._tasks.start(self._take_in(record))
        if self._paths and not self._is_due:
            self._is_due = True
            self._tasks.start(self.saved())

    async def saved(self) -> None:
        """Return once all that is held now is in the file."""
        if self._paths:
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
        for record in self._tenant.records:
            if record.path in self._paths - self._complete:
                await self._take_in(record)
        if self._paths:
            await self.file.save(self._notes)
        await self.file.close()

    async def _take_in(self, record: Record[Any]) -> None:
        """Let the file have all rows of a resource: what changes meanwhile it is told of."""
        collection = self._tenant.collection(record)
        ids = iter(list(collection))
        while piece := list(islice(ids, _ROWS_AT_ONCE)):
            for change in collection.told(piece):
                self.file.follow(change)
            await self.file.save(self._notes)
        self._complete.add(record.path)
        await self.file.save(self._notes)

    def _notes(self) -> Notes:
        self._is_due = False
        records = self._tenant.records
        costs = {record.path: self._items.whole(record).cost for record in records}
        walks = [walk for record in records if record.path in self._complete for walk in self._walks(record)]
        now, unix = self._clock.monotonic(), self._clock.unix()
        return Notes(self._clock.boot, now, unix, costs, walks, self._tenant.pages_by_call())

    def _walks(self, record: Record[Any]) -> Iterator[KeptWalk]:
        collection = self._tenant.collection(record)
        for part, at, order, pages in collection.walks:
            item, is_doubted = self._items.whole(record, part), collection.is_doubted_since(at)
            yield KeptWalk(record.path, part, at, order, pages, item.cost, item.planned_s, is_doubted)
