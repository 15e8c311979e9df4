"""A machine that was suspended wakes to answers as old as they are: ages run by a clock that goes on meanwhile."""

import subprocess
import sys

import pytest
from programs import program

SLEPT_S = 86_400
AHEAD = (
    "import time; from gateway.upstream.way.clock import Clock; print(Clock().monotonic() - time.monotonic())"
)


def slept(script: str) -> float:
    """Return what a script prints where the machine was suspended for a day since it was started."""
    apart = [program("unshare"), "--time", "--boottime", str(SLEPT_S), "--fork"]
    if subprocess.run([*apart, "true"], check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("no namespace of time may be made here")
    command = [*apart, sys.executable, "-c", script]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603


def test_what_was_kept_ages_while_the_machine_is_suspended() -> None:
    """And the hour's requests leave it."""
    assert slept(AHEAD) == pytest.approx(SLEPT_S, abs=1)


def test_without_such_a_clock_there_is_another() -> None:
    """As on macOS and Windows."""
    assert slept(f"import time; del time.CLOCK_BOOTTIME; {AHEAD}") == pytest.approx(0, abs=1)
