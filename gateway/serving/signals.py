"""What becomes of the signals that a process gets while it serves."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

log = logging.getLogger(__name__)


def _signals(names: str) -> frozenset[signal.Signals]:
    """Return those of these signals that the system has."""
    return frozenset(found for found in signal.Signals if found.name in names.split())


_ENDING = _signals("SIGINT SIGTERM SIGQUIT SIGBREAK")
_HANG_UP = _signals("SIGHUP")
_RENEWING = _signals("SIGUSR2")
_LEFT_ALONE = _signals(
    "SIGSTOP SIGTSTP SIGCONT SIGTTIN SIGTTOU SIGCHLD SIGSEGV SIGBUS SIGFPE SIGILL SIGABRT SIGTRAP SIGSYS SIGURG "
    "SIGWINCH SIGKILL"
)
"""Those of job control and of a broken process, and those that do no harm by themselves."""


class Signals:
    """The first that ends a process lets it stop by itself, a second ends it at once; others do it no harm.

    SIGHUP reads files anew. Where there are none it ends the process: then it says that the terminal is gone.
    SIGUSR2 replaces workers, where there are some.
    """

    def __init__(
        self,
        stop: Callable[[], Coroutine[Any, Any, None]],
        on_reload: Sequence[Callable[[], None]],
        grace_s: float,
        on_renew: Callable[[], None] | None = None,
    ) -> None:
        """`stop` is what lets it end, within `grace_s`."""
        self._stop = stop
        self._on_reload = on_reload
        self._grace_s = grace_s
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        # Not the same as that it stops: a worker may be told so before the signal that its parent got reaches it, too.
        self._is_signalled = False
        for sig in _ENDING:
            self._handle(sig, partial(self._stop_or_end, sig))
        for sig in _HANG_UP:
            self._handle(sig, partial(self._hang_up, sig))
        if on_renew is not None:
            for sig in _RENEWING:
                self._handle(sig, on_renew)
        for sig in signal.valid_signals() - _ENDING - _LEFT_ALONE - _HANG_UP:
            if signal.getsignal(sig) is signal.SIG_DFL:
                self._handle(sig, partial(self._pass_over, sig))

    def _handle(self, sig: int, handler: Callable[[], None]) -> None:
        try:
            self._loop.add_signal_handler(sig, handler)
        except NotImplementedError:  # on Windows. Source: docs.python.org/3/library/asyncio-platforms.html
            signal.signal(sig, lambda _number, _frame: self._loop.call_soon_threadsafe(handler))

    def begin(self) -> None:
        """Stop, unless that has begun."""
        if self._task is None:
            self._task = self._loop.create_task(self._stop())

    def reload(self) -> None:
        """Read files anew."""
        for reload in self._on_reload:
            reload()

    def end(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """End at once, as by this signal: whoever waits for the process sees so."""
        log.warning("ended at once by a second signal")
        for handler in logging.getLogger().handlers:
            handler.flush()
        with suppress(NotImplementedError):
            self._loop.remove_signal_handler(sig)
        signal.signal(sig, signal.SIG_DFL)
        signal.raise_signal(sig)

    def _stop_or_end(self, sig: signal.Signals) -> None:
        if self._is_signalled:
            self.end(sig)
            return
        self._is_signalled = True
        log.info("stopping: operations that run may go on for %g s, a second signal ends them", self._grace_s)
        self.begin()

    def _hang_up(self, sig: signal.Signals) -> None:
        if not self._on_reload:
            self._stop_or_end(sig)
            return
        log.info("SIGHUP: files are read anew")
        self.reload()

    def _pass_over(self, sig: int) -> None:
        log.warning("signal %d says nothing here, and is passed over", sig)
