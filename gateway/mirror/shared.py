"""What the mirror knows of other processes that hold the same owner's rows: nothing but this."""

from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol

from gateway.mirror.rows.changes import Change
from gateway.mirror.rows.held import Part
from gateway.upstream.record import Record
from gateway.upstream.write import Write


class Telling(Protocol):
    """A write, from before it is sent."""

    async def told(self, row_id: int | None) -> str | None:
        """Return the version from which on all processes hold what came of it; None where that is not so yet.

        `row_id` is the row that was written, where that is known.
        """
        ...


class Shared(Protocol):
    """One owner's rows in all processes. Without it there is one."""

    @property
    def walks(self) -> bool:
        """Whether this process reads collections anew: at any time one of them does."""
        ...

    @property
    def version(self) -> str | None:
        """Which of the changes of all processes are held here; None while nobody knows."""
        ...

    def follow(self, change: Change) -> None:
        """Let others know of a change."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Return what surrounds changes that are this process's alone."""
        ...

    def want(self, record: Record[Any], part: Part | None) -> bool:
        """Let the process that walks read all of a resource, or of a part, at once; return whether it can hear."""
        ...

    def refuse(self, record: Record[Any], part: Part | None) -> None:
        """Let processes that wait for a walk know that it comes to nothing."""
        ...

    async def walked(self, record: Record[Any], part: Part | None, begun: float) -> None:
        """Let others know what was walked from a moment on, unless another process walks by now."""
        ...

    def doubt(self, record: Record[Any]) -> None:
        """Let others know that only a walk tells what came of a write, and who walks that it is due."""
        ...

    def writing(self, write: Write[Any]) -> AbstractAsyncContextManager[Telling]:
        """Return what surrounds a write, from before it is sent until it is taken in."""
        ...

    def erase(self) -> None:
        """Let nothing lie anywhere once it is left: PlanDocket refuses the key. Who still has it tells it again."""
        ...

    def leave(self) -> None:
        """Follow no more: nobody uses the owner here."""
        ...

    async def filled(self) -> None:
        """Return once what others hold is held here, or cannot be had soon."""
        ...

    async def reached(self, version: str, within_s: float) -> bool:
        """Return once what is held here is that of a version or later: whether it is within so many seconds."""
        ...
