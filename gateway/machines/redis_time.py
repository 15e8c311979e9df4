"""Redis' clock, which all processes share, beside a process's own. Pure."""

from collections import deque

_LATELY = 10  # answers: then a clock that was set is believed


class RedisTime:
    """Turns moments of this process's clock into Redis' and back; what nobody knows makes them older."""

    def __init__(self, pace: float) -> None:
        """`pace` is how many seconds this process's clock counts in one of Redis'."""
        self._pace = pace
        self._least = deque[float](maxlen=_LATELY)
        self._most = deque[float](maxlen=_LATELY)

    def learn(self, sent: float, received: float, told: float) -> None:
        """Take in what Redis' clock told to a question, between two moments of this process's."""
        self._least.append(told - received / self._pace)
        self._most.append(told - sent / self._pace)

    def of(self, at: float) -> float:
        """Return what Redis' clock showed at a moment, or somewhat less."""
        return at / self._pace + min(self._least)

    def here(self, told: float) -> float:
        """Return the moment at which Redis' clock showed something, or one somewhat before."""
        return (told - max(self._most)) * self._pace
