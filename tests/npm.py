"""npm projects below the tests: what their lock files name, installed where npm is."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

_INSTALL_S = 300

needs_npm = pytest.mark.skipif(
    shutil.which("npm") is None and "CI" not in os.environ, reason="there is no npm: Node.js brings it"
)


def install(project: Path) -> None:
    """Install the versions of a project's lock file into its folder, where that was not done since it changed."""
    installed = project / "node_modules" / ".package-lock.json"
    lock = project / "package-lock.json"
    with alone(project):
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return
        run(project, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", timeout_s=_INSTALL_S)


def alone(project: Path) -> FileLock:
    """Return what is entered by whoever installs something into a folder: tests run in several processes."""
    return FileLock(project / "installing.lock")


def run(project: Path, *command: str, timeout_s: float = 60) -> str:
    """Return what a command prints in a project's folder; AssertionError where it fails."""
    path = f"{project / 'node_modules' / '.bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(  # noqa: S603
        command,
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stderr[-2000:] or done.stdout[-2000:]
    return done.stdout
