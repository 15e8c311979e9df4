"""The overload benchmark runs; how well the gateway bears it is read from its table."""

import re
import subprocess
import sys
from pathlib import Path

OVERLOAD = Path(__file__).with_name("overload.py")


def test_the_benchmark_loads_the_gateway():
    """Every request of a short run is answered: with what was asked for, or with 503 and a time to come back."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(OVERLOAD), "--seconds", "0.5"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert re.search(r"^\| full: 8 clients \| \d+ \|.*\| 0 \|$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^\| 3 times that \| \d+ \|.*\| 0 \|$", done.stdout, re.MULTILINE), done.stdout
