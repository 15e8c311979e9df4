"""Whose tenants are held: one for each key that PlanDocket accepted, the least recently used going first."""

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from functools import partial
from math import inf
from typing import Any

from gateway.mirror.after_writes import doubt, follow
from gateway.mirror.answers.session import KeepingSession
from gateway.mirror.disk.owner_files import OwnerFiles
from gateway.mirror.elsewhere import Elsewhere
from gateway.mirror.owner import Owner
from gateway.mirror.rows.moments import Moments
from gateway.mirror.rows.tenant import Tenant
from gateway.mirror.shared import Shared
from gateway.mirror.standing import Mirrored, Standing
from gateway.settings.mirror import MirrorSettings
from gateway.upstream.call import Call
from gateway.upstream.client import Upstream
from gateway.upstream.record import Record
from gateway.upstream.way.credential import Credential
from gateway.upstream.way.hour_lanes import Lane
from gateway.upstream.wire.json_rows import Answer
from gateway.upstream.write import Write, Written

log = logging.getLogger(__name__)

Join = Callable[[Credential, Elsewhere], Shared]

_MOST_OWNERS = 1_000
_MOST_FORGOTTEN = 1_000


class Owners:
    """Everything that is held. Two keys may see different rows, so nothing is shared between them."""

    def __init__(
        self,
        upstream: Upstream,
        settings: MirrorSettings,
        records: Sequence[Record[Any]],
        moment: Moments,
        files: OwnerFiles | None,
        join: Join | None = None,
    ) -> None:
        """`join` makes what other processes hold of a key's owner known to it."""
        self.keeps = settings.mirror == "on"
        """Whether anything is held across operations."""
        self.walks = Counter[tuple[str, str]]()
        """Whole readings so far, by path and outcome."""
        self.fresh_for_s = settings.fresh_s
        self._upstream = upstream
        self._settings = settings
        self._records = records
        self._moment = moment
        self._files = files
        self._join = join
        self._owners: OrderedDict[Credential, Owner] = OrderedDict()
        self._forgotten: OrderedDict[Credential, float] = OrderedDict()  # the last ones, and when

    async def resume(self) -> None:
        """Hold what the gateway's own key held before the start."""
        held = self._upstream.held
        owner = None if held is None else self.of(held)
        if self._files is not None:
            self._files.clear(held)
            await self._resume(owner)

    async def _resume(self, owner: Owner | None) -> None:
        if owner is not None and owner.lasting is not None:
            await owner.lasting.resume()
        if owner is not None and owner.shared is not None:
            await owner.shared.filled()

    async def resume_for(self, session: KeepingSession) -> None:
        """Hold what a session's key held before the start: its file is older than what is written now."""
        await self._resume(self.of(session.credential))

    async def saved(self, session: KeepingSession) -> None:
        """Return once all that is held for a session's key is in its file."""
        owner = self.of(session.credential)
        if owner is not None and owner.lasting is not None:
            await owner.lasting.saved()

    async def close(self) -> None:
        """End what runs for what is held, and save that."""
        for owner in self._owners.values():
            await owner.tenant.close()
        if self._files is not None:
            for owner in self._owners.values():
                if owner.lasting is not None:
                    await owner.lasting.close()
            self._files.close()
            self._files = None

    @property
    def rows(self) -> int:
        """How many rows are held."""
        return sum(owner.tenant.rows for owner in self._owners.values())

    def held(self, credential: Credential | None) -> list[Mirrored]:
        """Return how each resource is held for a key; nothing before PlanDocket accepted it."""
        owner = None if credential is None else self.of(credential)
        return [] if owner is None else owner.held(self._upstream.gate.now())

    def standing(self) -> Standing:
        """Return how what is held stands, and the hour; costs no request."""
        held, budget = self._upstream.held, self._upstream.budget
        by_lane = budget.by_lane(held)
        spent = None if held is None else budget.state(held)
        return Standing(
            "on" if self.keeps else "off",
            len(self._owners),
            self.rows,
            self.held(held),
            {lane.value: by_lane[lane] for lane in Lane},
            None if spent is None else spent.limit,
            None if spent is None else spent.remaining,
        )

    async def drop(self, paths: Collection[str]) -> int:
        """Hold nothing more of these resources, of all where none is named; return how many rows that were.

        What is known of demand stays, so that all is read anew as soon as it is asked for, and has room.
        """
        rows = 0
        for owner in list(self._owners.values()):
            await self._resume(owner)  # or its file would bring back what it holds
            for record in self._records:
                if not paths or record.path in paths:
                    rows += await owner.forget(record)
            if owner.lasting is not None:
                await owner.lasting.saved()
        if self._files is not None:
            self._files.remove_but({one.lasting.file.path for one in self._owners.values() if one.lasting})
        log.info("An operator dropped %d rows: %s", rows, ", ".join(paths) or "all that was held")
        return rows

    def of(self, credential: Credential) -> Owner | None:
        """Return what is held for a key that PlanDocket accepted; None for any other, or where nothing is kept."""
        owner = self._owners.get(credential)
        if owner is None and self.keeps and self._upstream.budget.is_accepted(credential):
            owner = self._owners[credential] = self._made(credential)
            if len(self._owners) > _MOST_OWNERS:
                self._drop(next(iter(self._owners)))
        if owner is not None:
            self._owners.move_to_end(credential)
        return owner

    def tenant(self) -> Tenant:
        """Return one of which nothing is held yet."""
        page_size = self._upstream.traits.page_size
        return Tenant(self._records, self._fresh_s, page_size, self._settings.mirror_rows)

    def _made(self, credential: Credential) -> Owner:
        owner = Owner(
            self._upstream,
            credential,
            self.tenant(),
            self._fresh_s,
            self._records,
            self._moment,
            self._make_room,
            self.walks,
            None if self._files is None else self._files.of(credential),
        )
        if self._join is not None:
            owner.join(partial(self._join, credential))
        return owner

    def _drop(self, credential: Credential) -> None:
        owner = self._owners.pop(credential, None)
        if owner is not None:
            self._upstream.tasks.start(owner.tenant.close())
        if owner is not None and owner.shared is not None:
            owner.shared.leave()
        if owner is not None and owner.lasting is not None:
            owner.lasting.file.remove()
        elif self._files is not None:
            self._files.of(credential).remove()

    def _fresh_s(self, record: Record[Any]) -> float:
        return self.fresh_for_s.get(record.path, record.fresh_s)

    async def learn(self, call: Call[Any], answer: Answer[Any], at: float, session: KeepingSession) -> None:
        """Take in what an operation read, and was asked for at a moment."""
        owner = self.of(session.credential)
        if owner is None or at < self._forgotten.get(session.credential, -inf):
            await session.tenant.learn(call, answer, at)
            return
        await self._resume(owner)
        session.owner, session.tenant = owner, owner.tenant
        await owner.learn(call, answer, at, self._upstream.gate.now())
        self._make_room()

    def _make_room(self) -> None:
        """Hold nothing more of whom nobody used for longest, where too many rows are held together."""
        while len(self._owners) > 1 and self.rows > self._settings.mirror_rows:
            self._drop(next(iter(self._owners)))

    def wrote(self, write: Write[Any], written: Written[Any] | None, session: KeepingSession) -> None:
        """Take in a write that was answered now: of the key that wrote, and of others that may see its row."""
        now = self._moment()
        for credential, owner in self._owners.items():
            if credential == session.credential:
                owner.wrote(write, written, now, is_background=session.is_background)
            else:
                with nullcontext() if owner.shared is None else owner.shared.alone():
                    doubt(owner.tenant, write, now)
                owner.save_soon()
        if session.owner is None or self._owners.get(session.credential) is not session.owner:
            follow(session.tenant, write, written, now)

    def forget(self, credential: Credential) -> None:
        """Hold nothing more of a key that PlanDocket refused, nor what was on its way for it."""
        owner = self._owners.get(credential)
        if owner is not None and owner.shared is not None:
            owner.shared.erase()
        self._drop(credential)
        if not self._upstream.budget.is_accepted(credential):  # anyone can make keys up
            return
        self._forgotten[credential] = self._moment()
        self._forgotten.move_to_end(credential)
        if len(self._forgotten) > _MOST_FORGOTTEN:
            self._forgotten.popitem(last=False)
