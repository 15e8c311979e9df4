"""The speed benchmark runs; how fast it finds the gateway is for no test to say."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPEED = Path(__file__).with_name("speed.py")
PLACES = "/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin"
MISSING = [
    tool for tool in ("wrk", "nginx") if shutil.which(tool) is None and not shutil.which(tool, path=PLACES)
]


@pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
def test_the_benchmark_measures_the_gateway():
    """A run as short as wrk allows prints requests a second of a page that was checked."""
    options = ["--seconds", "1", "--rounds", "1", "--pages", "100", "--only", "warm"]
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(SPEED), *options], capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^\| gateway, warm \| [\d,.]+ \|", done.stdout, re.MULTILINE), done.stdout


def test_an_unknown_name_is_refused():
    """What `--only` does not know is named, with what it knows."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(SPEED), "--only", "luke-warm"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "not luke-warm" in done.stderr
