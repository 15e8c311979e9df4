# pyright: basic
"""What was held here at a moment, by which others judge what was asked for then."""

from types import SimpleNamespace

import pytest
from asking import Time

from gateway.machines.channel import Channel
from gateway.resources import RECORDS


@pytest.mark.parametrize("apart", [0.001, 1.0])
def test_what_is_asked_for_after_a_change_is_asked_for_with_it_held(apart: float) -> None:
    """However soon after another it came: else what is read then would be refused for ever."""
    time = Time()
    channel = Channel(SimpleNamespace(key=lambda _, name: name), b"owner", RECORDS, time.clock)  # pyright: ignore[reportArgumentType] - asks nothing
    held = []
    for n in (1, 2, 3):
        channel.move(7, n)
        held.append((time.seconds, channel.position))
        time.seconds += apart
    assert channel.position_at(time.seconds) == channel.position
    assert all(channel.position_at(at) <= position for at, position in held)
    assert channel.position_at(held[0][0] - 1) < held[0][1]
