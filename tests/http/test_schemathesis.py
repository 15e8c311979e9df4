"""Operations of every kind that the schema allows, as schemathesis makes them: none ends in 5xx.

GATEWAY_FUZZ_S is for how many seconds; without it few, for a quick run.
"""

import os
import subprocess
import sys
from pathlib import Path

from fuzzing import fuzzed

COMMAND = str(Path(sys.executable).with_name("schemathesis"))
HERE = Path(__file__).parent


def test_no_operation_ends_in_5xx(tmp_path: Path) -> None:
    """Nor in an exception, told or logged."""
    seconds = int(os.environ.get("GATEWAY_FUZZ_S", "8"))
    checks = "no_failure_within"
    with fuzzed(tmp_path / "log") as gateway:
        done = subprocess.run(  # noqa: S603
            [
                *(COMMAND, "run", f"http://127.0.0.1:{gateway.port}/graphql", "--no-color"),
                *("--max-time", str(seconds), "--checks", checks, "--suppress-health-check", "all"),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(HERE), "SCHEMATHESIS_HOOKS": "scalars"},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 60,
        )
        gateway.settle()
    assert done.returncode == 0, done.stdout[-4000:]
    assert "Test cases:" in done.stdout
