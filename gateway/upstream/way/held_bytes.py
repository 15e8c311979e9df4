"""How many bytes of answers are held at the same time, while they arrive and while large ones are read."""

from gateway.errors import UnavailableError

_MOST = 41_000_000  # the largest answer, twice while it is put together


class Room:
    """For all answers together, since they share the process's memory."""

    def __init__(self) -> None:
        self._taken = 0

    def take(self, size: int) -> None:
        """Note that so many bytes more are held.

        Raises:
            UnavailableError: these and what is held already are over 41 MB; they are noted all the same.
        """
        self._taken += size
        if self._taken > _MOST:
            raise UnavailableError(
                "PlanDocket's answers are too large to take more at the same time: try again later.",
                may_have_arrived=True,
            )

    def give_back(self, size: int) -> None:
        """Note that they are held no longer."""
        self._taken -= size
