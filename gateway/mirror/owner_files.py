"""The files of all owners, in a folder of the gateway's own."""

import time
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gateway.mirror.moments import STALE_S
from gateway.mirror.owner_file import OwnerFile, remove
from gateway.upstream.record import Record
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential


class OwnerFiles:
    """One for each owner: tenant and key. Its name tells neither."""

    def __init__(self, folder: Path, base_url: str, records: Iterable[Record[Any]], clock: Clock) -> None:
        self._folder = folder
        self._base_url = base_url
        self._records = list(records)
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "mirror")

    def of(self, credential: Credential) -> OwnerFile:
        """Return a credential's file, which need not exist."""
        path = self._folder / f"{credential.name_at(self._base_url).hex()}.sqlite3"
        return OwnerFile(path, self._records, self._clock, self._thread)

    def clear(self, held: Credential | None) -> None:
        """Remove what nobody needs: with a key of the gateway's own all others' files, else those unused for a day."""
        kept = None if held is None else self.of(held).path
        for path in self._paths:
            is_used = path == kept if held is not None else time.time() - _written_at(path) < STALE_S
            if not is_used:
                remove(path)

    def remove_but(self, used: Collection[Path]) -> None:
        """Remove all files but these."""
        for path in self._paths:
            if path not in used:
                remove(path)

    @property
    def _paths(self) -> set[Path]:
        """All files, also of which a kill has left no more than what SQLite keeps beside them."""
        return {path.with_suffix(".sqlite3") for path in self._folder.glob("*.sqlite3*")}

    def close(self) -> None:
        """End the thread, once it has done what it was given."""
        self._thread.shutdown()


def _written_at(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
