"""Programs that Debian has and tests run: a newcomer may lack them, CI may not."""

import os
import shutil

import pytest

_PLACES = "/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin"


def program(name: str) -> str:
    """Return where a program is; skip the test where it is not installed, or fail it in CI."""
    found = shutil.which(name, path=_PLACES)
    if found is None:
        reason = f"{name} is not installed"
        pytest.fail(reason) if "CI" in os.environ else pytest.skip(reason)
    return found
