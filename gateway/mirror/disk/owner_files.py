"""The files of all owners, in a folder of the gateway's own."""

import re
import time
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from gateway.errors import SettingsError
from gateway.mirror.disk.owner_file import OwnerFile, is_of_another_application, remove
from gateway.mirror.rows.moments import STALE_S
from gateway.upstream.record import Record
from gateway.upstream.way.clock import Clock
from gateway.upstream.way.credential import Credential

_NAME = re.compile(r"[0-9a-f]{64}\.sqlite3(-wal|-shm)?")


class OwnerFiles:
    """One for each owner: tenant and key. Its name tells neither."""

    def __init__(self, folder: Path, base_url: str, records: Iterable[Record[Any]], clock: Clock) -> None:
        """Have the folder for them; files that have other names than theirs are left alone.

        Raises:
            SettingsError: one of them is another application's.
        """
        self._folder = folder
        self._base_url = base_url
        self._records = list(records)
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "mirror")
        for path in filter(is_of_another_application, self._paths):
            raise SettingsError(
                f"GATEWAY_MIRROR_DIR: {path} is another application's: name a folder of the gateway's own."
            )

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
        """All files of the gateway's, also of which a kill has left no more than what SQLite keeps beside them."""
        return {path.with_suffix(".sqlite3") for path in self._folder.iterdir() if _NAME.fullmatch(path.name)}

    def close(self) -> None:
        """End the thread, once it has done what it was given."""
        self._thread.shutdown()


def _written_at(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
