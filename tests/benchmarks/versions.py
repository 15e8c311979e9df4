"""What the speed benchmark measured, and on what."""

import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path

from servers import PEERS, need


def versions(*, with_node: bool) -> str:
    """Return what was measured with, a line for each kind of tool."""
    names = (
        "strawberry-graphql",
        "graphql-core",
        "starlette",
        "uvicorn",
        "uvloop",
        "httptools",
        "httpx",
        "msgspec",
    )
    lines = [
        f"{os.cpu_count()} cores ({_processor()}), load {os.getloadavg()[0]:.2f} at the start",
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {_version(name)}" for name in names),
    ]
    if with_node:
        dependencies: dict[str, str] = json.loads((PEERS / "package.json").read_text())["dependencies"]
        node = _printed(need("node", "Node.js"), "--version").removeprefix("v")
        lines.append(f"Node.js {node}, " + ", ".join(f"{name} {one}" for name, one in dependencies.items()))
    wrk = _printed(need("wrk", "Debian's wrk"), "-v").split(" [")[0]
    lines.append(
        f"{wrk}, {_printed(need('nginx', 'Debian nginx-light'), '-v').removeprefix('nginx version: ')}"
    )
    return "\n".join(lines)


def _printed(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return (done.stdout + done.stderr).splitlines()[0].strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
