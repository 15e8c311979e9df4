# pyright: basic
"""`gateway import`: through a gateway that runs, through one of its own, and killed."""

import re
import signal
import subprocess
from pathlib import Path

import httpx
from importing.importing import free, table
from serving_here import GATEWAY, environment, free_ports, run, started

from gateway.sandbox import SANDBOX_KEY, Sandbox

ROWS = 40


def test_killed_it_goes_on(tmp_path: Path) -> None:
    """`kill -9` in the middle; each row is there once, and the report says so."""
    [port, box] = free_ports(2)
    file = tmp_path / "list.csv"
    rows = free(Sandbox(), ROWS)
    file.write_text(table(*rows))
    command = ("import", "participants", str(file), "--yes", "--url", f"http://127.0.0.1:{port}")
    with started("demo", "--port", str(port), "--sandbox-port", str(box)):
        before = count(box)
        journal = tmp_path / "list.csv.journal"
        process = subprocess.Popen([GATEWAY, *command], env=environment(), stdout=subprocess.PIPE)  # noqa: S603
        while not journal.exists() or journal.read_bytes().count(b"\n") < 10:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        noted = journal.read_text().splitlines()
        if '"sends"' in noted[-1]:  # what is in doubt is looked up a minute later: this one long ago
            noted[-1] = re.sub(r'"at":[0-9.]+', '"at":1.0', noted[-1])
            journal.write_text("\n".join(noted) + "\n")
        ended = run(*command)
        assert ended.returncode == 0, ended.stderr
        assert count(box) == before + ROWS
    report = (tmp_path / "list.report.csv").read_text("utf-8-sig").splitlines()[1:]
    assert len(report) == ROWS
    assert all(line.endswith(",created,") for line in report)
    assert not journal.exists()


def test_through_one_of_its_own(tmp_path: Path) -> None:
    """Where none runs, one is begun; without --yes and nobody to ask, nothing is written."""
    [port, box] = free_ports(2)
    file = tmp_path / "list.csv"
    file.write_text(table(*free(Sandbox(), 2), separator=";"))
    settings = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{box}", "PLANDOCKET_API_KEY": SANDBOX_KEY}
    with started("sandbox", "--port", str(box)):
        before = count(box)
        ended = run("import", "participants", str(file), "--yes", GATEWAY_PORT=str(port), **settings)
        assert ended.returncode == 0, ended.stderr
        assert "No gateway runs" in ended.stderr
        assert "2 created. What came of each row" in ended.stdout
        assert count(box) == before + 2
    missing = run(
        "import", "participants", str(tmp_path / "none.csv"), "--yes", GATEWAY_PORT=str(port), **settings
    )
    assert missing.returncode == 1
    assert "none.csv cannot be read: No such file" in missing.stderr


def count(box: int) -> int:
    """Return how many participations the sandbox at a port has."""
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    answer = httpx.get(f"http://127.0.0.1:{box}/api/v1/participants?per_page=1", headers=headers).json()
    return answer["meta"]["total"] if "meta" in answer else answer["total"]
