"""What a check says."""

from enum import Enum

import msgspec

from gateway.upstream.way.obstacle import Obstacle


class Level(Enum):
    """How much a finding matters: the gateway works, works for more requests, or does not work."""

    OK = 0
    WARNING = 1
    FAILURE = 2


class Finding(msgspec.Struct, frozen=True):
    """One sentence: what was seen, and what to do about it."""

    level: Level
    sentence: str


def warning(sentence: str) -> Finding:
    """Return that something costs more, or is set in vain."""
    return Finding(Level.WARNING, sentence)


def failure(sentence: str) -> Finding:
    """Return that something does not work."""
    return Finding(Level.FAILURE, sentence)


def unreachable(setting: str, found: Obstacle) -> Finding:
    """Return why a host, which a setting names, could not be asked."""
    return failure(f"{setting}: {found}{'' if found.mend.endswith('?') else '.'}")
