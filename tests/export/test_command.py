# pyright: basic
"""`gateway export`: from a gateway that runs, and from one of its own."""

import csv
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_here import demo, free_ports, run, started

from gateway.http.callers.tokens import new_token
from gateway.sandbox import SANDBOX_KEY

ROOT = Path(__file__).parents[2]
EVENTS = ("events.csv", "--fields", "eventKey,title", "--order-by", '{"field": "EVENT_KEY"}')


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start a demo, and yield its port."""
    with demo() as port:
        yield port


def export(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command, and return what it wrote: never a traceback."""
    ended = run("export", *arguments, **settings)
    assert "Traceback" not in ended.stderr
    return ended


def test_from_a_gateway_that_runs(port: int, tmp_path: Path) -> None:
    """Found by its address, or by the settings; to stdout, or a file."""
    ended = export(*EVENTS, "--url", f"http://127.0.0.1:{port}")
    assert (ended.returncode, ended.stderr) == (0, "")
    rows = list(csv.reader(ended.stdout.splitlines()))
    assert rows[0] == ["eventKey", "title"]
    assert len(rows) == 13
    assert rows[1:] == sorted(rows[1:])
    file = tmp_path / "events.csv"
    assert export(*EVENTS, "--output", str(file), GATEWAY_PORT=str(port)).stdout == ""
    assert list(csv.reader(file.read_text().splitlines())) == rows
    asked = ("--filter", '{"eventKeys": ["wine-fair-2027"]}', "--spreadsheet", "de", "--output", str(file))
    export(*EVENTS, *asked, GATEWAY_PORT=str(port))
    assert file.read_text("utf-8-sig") == '"eventKey";"title"\n"wine-fair-2027";"Wine Fair 2027"\n'
    assert [one.name for one in tmp_path.iterdir()] == ["events.csv"]


def test_from_one_of_its_own(tmp_path: Path) -> None:
    """Which reads what is wanted and no more, and says what the hour has left."""
    [box, free] = free_ports(2)
    with started("sandbox", "--port", str(box)):
        settings = {"PLANDOCKET_BASE_URL": f"http://127.0.0.1:{box}", "GATEWAY_PORT": str(free)}
        ended = export(*EVENTS, PLANDOCKET_API_KEY=SANDBOX_KEY, **settings)
        assert ended.returncode == 0, ended.stderr
        assert len(ended.stdout.splitlines()) == 13
        assert f"No gateway runs at http://127.0.0.1:{free}." in ended.stderr
        assert re.search(r"The hour: [1-5] of 1,000 requests to PlanDocket are used\.", ended.stderr)
        ended = export("events.csv", "--fields", "id", GATEWAY_TOKEN=SANDBOX_KEY, **settings)
        assert ended.returncode == 0, ended.stderr
        assert len(ended.stdout.splitlines()) == 13
        ended = export("events.csv", **settings)
        assert ended.returncode == 1
        assert "Set GATEWAY_TOKEN to a token or key that it knows." in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("events.csv", "--fields", "name"), "status 400: 'name' in 'fields' is no column of Event"),
        (("events.csv", "--filter", "{"), "status 400: 'filter' is not JSON"),
        (("events.xlsx",), "status 404: There is no such export"),
        (
            ("events.csv", "--output", "/nowhere/events.csv"),
            "/nowhere/events.csv cannot be written: No such file",
        ),
        (("events.csv", "--url", "localhost"), "--url: write the gateway's address alone"),
    ],
)
def test_what_cannot_be_done_is_said(port: int, arguments: tuple[str, ...], said: str) -> None:
    """And it ends with 1."""
    ended = export(*arguments, GATEWAY_PORT=str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr


def test_where_a_named_gateway_does_not_run() -> None:
    """None is begun in its place."""
    [free] = free_ports(1)
    ended = export("events.csv", "--url", f"http://127.0.0.1:{free}")
    assert ended.returncode == 1
    assert "refuses the connection: correct --url, or start what is there." in ended.stderr


def test_with_a_token(tmp_path: Path) -> None:
    """It is shown, and neither told nor written."""
    made = new_token("export", ["read"], ["events"])
    file = tmp_path / "tokens"
    file.write_text(made.line)
    [box, port] = free_ports(2)
    of_serve = {
        "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{box}",
        "PLANDOCKET_API_KEY": SANDBOX_KEY,
        "GATEWAY_AUTH": "tokens",
        "GATEWAY_TOKENS_FILE": str(file),
        "GATEWAY_PORT": str(port),
    }
    with started("sandbox", "--port", str(box)), started("serve", **of_serve):
        url = ("--url", f"http://127.0.0.1:{port}")
        assert "Set GATEWAY_TOKEN" in export("events.csv", *url).stderr
        token = made.token.get_secret_value()
        ended = export("events.csv", "--fields", "id", *url, GATEWAY_TOKEN=token)
        assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 13)
        ended = export("contacts.csv", *url, GATEWAY_TOKEN=token)
        assert "status 403: Your token lacks the role 'contacts'" in ended.stderr
        assert token not in ended.stderr


def test_the_readmes_commands_run(port: int, tmp_path: Path) -> None:
    """As they stand, at another port."""
    section = (ROOT / "README.md").read_text().partition("\n## Export\n")[2].partition("\n## ")[0]
    [script] = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    script = script.replace(".venv/bin/gateway", str(ROOT / ".venv/bin/gateway")).replace(":8000", f":{port}")
    environment = {"PATH": "/usr/bin:/bin", "GATEWAY_PORT": str(port)}
    first, second = re.findall(r"^(?:\S|  ).*?[^\\]$", script, re.DOTALL | re.MULTILINE)
    for command, mark in ((first, "\ufeff"), (second, "contact.email")):
        subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=True, timeout=60)  # noqa: S603, S607
        text = (tmp_path / "participants.csv").read_text()
        assert text.startswith(mark)
        assert len(text.splitlines()) > 300
