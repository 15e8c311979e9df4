"""The folder that the gateway may write to, and that one process has at a time."""

import os
from importlib import import_module
from pathlib import Path

from gateway.errors import SettingsError


class Folder:
    """A folder for as long as the process has it: the system gives it free however the process ends."""

    def __init__(self, path: Path) -> None:
        """Make the folder where it is missing, and lock it.

        Raises:
            SettingsError: another process has it, or it cannot be written.
        """
        self.path = path
        self._lock: int | None = None
        try:
            self.hold()
        except OSError as error:
            self.close()
            raise self.refusal(error) from None

    def hold(self) -> None:
        """Have the folder, made and locked anew where somebody removed it.

        Raises:
            BlockingIOError: another process has it.
            OSError: it cannot be made or written.
        """
        self.close()
        self.path.mkdir(mode=0o700, exist_ok=True)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        lock(self._lock)

    def refusal(self, error: OSError) -> SettingsError:
        """Return what the operator is told of a folder that cannot be used."""
        why = f"cannot be written ({error.strerror}): name one that its user may make or write to, with room"
        if isinstance(error, BlockingIOError):
            why = "is another gateway's: end that one, or name another folder"
        return SettingsError(f"GATEWAY_MIRROR_DIR: {self.path} {why}.")

    def close(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def lock(descriptor: int) -> None:
    """Lock a file for this process, in the way that the system has; BlockingIOError where another has it."""
    try:
        fcntl = import_module("fcntl")
    except ImportError:  # on Windows
        msvcrt = import_module("msvcrt")
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError from error
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
