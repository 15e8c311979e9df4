"""`gateway mirror` and what `gateway check` says of the mirror: with a gateway that runs, and with none."""

import io
import json
import re
import subprocess
from collections.abc import Iterator

import httpx
import msgspec
import pytest
from rich.console import Console
from serving_here import demo, free_ports, run, started

from gateway.commands.mirror.report import shown
from gateway.mirror.standing import Mirrored, Standing
from gateway.sandbox import SANDBOX_KEY

TOKEN = "canary-operator"
QUERY = "{ contacts(first: 100) { nodes { email } } }"
RUNNING = {"PLANDOCKET_API_KEY": SANDBOX_KEY, "PLANDOCKET_BASE_URL": "http://127.0.0.1:1"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Start a gateway with an operator's token, and yield its port."""
    with demo(GATEWAY_OPERATOR_TOKEN=TOKEN) as port:
        yield port


def mirror(*arguments: str, token: str | None = TOKEN, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command about the mirror, and return what it wrote: never the token, nor a traceback."""
    given = settings if token is None else {"GATEWAY_OPERATOR_TOKEN": token, **settings}
    ended = run("mirror", *arguments, **given)
    assert TOKEN not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


def ask(port: int) -> None:
    """Let the gateway hold a hundred contacts."""
    answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": QUERY}).json()
    assert len(answer["data"]["contacts"]["nodes"]) == 100


def test_the_status_of_a_gateway_that_runs_is_a_table(port: int) -> None:
    """A line for each resource, and the hour as a bar; found by its address, or by the settings."""
    ask(port)
    ended = mirror("status", "--url", f"http://127.0.0.1:{port}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("100 rows are held\n")
    assert re.search(r"^contacts +100 +no: not asked for enough yet *$", ended.stdout, re.MULTILINE)
    assert re.search(r"^The hour: 1 of 1,000 requests are used$", ended.stdout, re.MULTILINE)
    assert mirror("status", GATEWAY_PORT=str(port)).stdout == ended.stdout
    assert mirror("status", GATEWAY_PORT=str(port), GATEWAY_HOST="0.0.0.0").stdout == ended.stdout  # noqa: S104


def test_the_status_is_json_where_that_is_wanted(port: int) -> None:
    """As the address itself answers, whichever page of the gateway was named."""
    ended = mirror("status", "--json", "--url", f"http://127.0.0.1:{port}/graphql")
    shown = {"Authorization": f"Bearer {TOKEN}"}
    told = httpx.get(f"http://127.0.0.1:{port}/operator/mirror", headers=shown).json()
    assert json.loads(ended.stdout) == told


def test_what_is_held_is_dropped(port: int) -> None:
    """Of one resource, of several or of all; a name that is none drops nothing."""
    ask(port)
    url = ("--url", f"http://127.0.0.1:{port}")
    assert mirror("drop", "events", *url).stdout.startswith("0 rows were dropped: events.")
    assert mirror("drop", "contacts", "events", *url).stdout.startswith(
        "100 rows were dropped: contacts, events."
    )
    ask(port)
    assert mirror("drop", *url).stdout.startswith("100 rows were dropped: all resources.")
    assert mirror("status", *url).stdout.startswith("0 rows are held\n")
    ended = mirror("drop", "contats", *url)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "holds no such resource: name some of participants, events, contacts, categories." in ended.stderr


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        (
            "http://127.0.0.1:{port}",
            "wrong",
            "set GATEWAY_OPERATOR_TOKEN to what the gateway there was started with",
        ),
        ("http://127.0.0.1:{port}", None, "GATEWAY_OPERATOR_TOKEN is not set: set it here"),
        (
            "http://127.0.0.1:{port}/elsewhere",
            TOKEN,
            "start it with GATEWAY_OPERATOR_TOKEN set, else correct",
        ),
        ("http://127.0.0.1:{free}", TOKEN, "refuses the connection: correct --url, or start what is there."),
        ("https://127.0.0.1:{port}", TOKEN, "speaks no TLS: let --url begin with http"),
        ("http://no.such.invalid", TOKEN, "there is no host no.such.invalid: correct --url."),
        (
            "127.0.0.1:{port}",
            TOKEN,
            "--url: write the gateway's address alone, such as http://127.0.0.1:8000.",
        ),
        ("http://me:secret@127.0.0.1:{port}", TOKEN, "--url: write the gateway's address alone"),
        ("http://127.0.0.1:{port}/?token=secret", TOKEN, "--url: write the gateway's address alone"),
        ("http://127.0.0.1:nonsense", TOKEN, "--url: write the gateway's address alone"),
    ],
)
@pytest.mark.parametrize("command", ["status", "drop"])
def test_a_gateway_that_cannot_be_asked_is_told_with_what_to_do(
    port: int, command: str, url: str, token: str | None, said: str
) -> None:
    """In a sentence, and nothing of what was given with the address."""
    [free] = free_ports(1)
    ended = mirror(command, "--url", url.format(port=port, free=free), token=token)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in ended.stderr
    assert "secret@" not in ended.stderr
    assert "=secret" not in ended.stderr


def test_a_gateway_that_was_started_without_a_token_is_told() -> None:
    """There is nothing to ask: it wants the setting, and a start."""
    with demo() as port:
        ended = mirror("status", "--url", f"http://127.0.0.1:{port}")
    assert ended.returncode == 1
    assert "start it with GATEWAY_OPERATOR_TOKEN set" in ended.stderr


def test_what_is_no_gateway_is_told() -> None:
    """Whatever it answers."""
    [port] = free_ports(1)
    with started("sandbox", "--port", str(port)):
        ended = mirror("status", "--url", f"http://127.0.0.1:{port}")
    assert ended.returncode == 1
    assert "correct the address" in ended.stderr


@pytest.mark.parametrize("token", [TOKEN, None])
def test_where_none_runs_that_is_said_plainly(token: str | None) -> None:
    """What one would begin with is told, by one that is begun for it; it needs no token, and asks nobody."""
    [port] = free_ports(1)
    settings = {**RUNNING, "GATEWAY_PORT": str(port)}
    gone = "What one held is gone with it, but for what is in its folder."
    sentence = f"No gateway runs at http://127.0.0.1:{port}. {gone}\n"
    status = mirror("status", token=token, **settings)
    assert (status.returncode, status.stdout, status.stderr) == (0, "0 rows are held\n", sentence)
    as_json = mirror("status", "--json", token=token, **settings)
    assert (as_json.returncode, json.loads(as_json.stdout)["rows"], as_json.stderr) == (0, 0, sentence)
    drop = mirror("drop", token=token, **settings)
    assert (drop.returncode, drop.stdout[:21], drop.stderr) == (0, "0 rows were dropped: ", sentence)


def test_where_none_runs_and_none_could_that_is_said() -> None:
    """With the settings that it lacks."""
    [port] = free_ports(1)
    ended = mirror("status", GATEWAY_PORT=str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        f"No gateway runs at http://127.0.0.1:{port}: start it, or name its address with --url."
        in ended.stderr
    )
    assert "PLANDOCKET_BASE_URL: is not set" in ended.stderr


def test_an_empty_token_is_told() -> None:
    """As of every secret."""
    ended = mirror("status", token="")
    assert (ended.returncode, "GATEWAY_OPERATOR_TOKEN: is set and empty" in ended.stderr) == (1, True)


def test_a_check_tells_what_the_gateway_that_runs_holds() -> None:
    """Where there is a token to ask it with: else nothing is said of the mirror."""
    port, sandbox_port = free_ports(2)
    ports = ("--port", str(port), "--sandbox-port", str(sandbox_port))
    settings = {**RUNNING, "PLANDOCKET_BASE_URL": f"http://127.0.0.1:{sandbox_port}"}
    url = ("--url", f"http://127.0.0.1:{port}")
    with started("demo", *ports, GATEWAY_OPERATOR_TOKEN=TOKEN):
        ask(port)
        told = run("check", *url, **settings, GATEWAY_OPERATOR_TOKEN=TOKEN)
        wrong = run("check", *url, **settings, GATEWAY_OPERATOR_TOKEN="wrong")
        elsewhere = run("check", **settings, GATEWAY_OPERATOR_TOKEN=TOKEN, GATEWAY_PORT=str(free_ports(1)[0]))
        without = run("check", *url, **settings)
    assert told.returncode == elsewhere.returncode == without.returncode == 0
    held = "OK       contacts: the gateway holds 100 rows, not all: not asked for enough yet.\n"
    assert held in told.stdout
    assert (wrong.returncode, "FAILURE  http://127.0.0.1" in wrong.stdout) == (1, True)
    assert "OK       No gateway runs at " in elsewhere.stdout
    assert "gateway" not in without.stdout


# What the table looks like.

WHOLE = Mirrored("participants", 1500, 45, None, 81, 126, 457, is_running=False, failures=0)
WHY = "the last reading came to nothing: No."
FAILED = Mirrored(
    "contacts", 7, None, "the last reading came to nothing: No.", 0, 60, 60, is_running=False, failures=2
)
ASKED = Mirrored("events", 12, 90, None, 0, 60, 60, is_running=True, failures=0)
SLICE = Mirrored(
    "participants", 94, 200, None, 300, 900, 8, is_running=False, failures=0, key="wine-fair-2027"
)
SLICED = msgspec.structs.replace(WHOLE, age_s=None, reason="too large", slices=[SLICE])
USED = {"read": 100, "write": 50, "walk": 300, "check": 1, "background": 0}


def printed(standing: Standing, width: int = 80, encoding: str = "utf-8") -> str:
    """Return what is printed to a file of an encoding."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding=encoding) as file:
        console = Console(file=file, width=width, highlight=False, markup=False)
        console.print(*shown(standing, console), sep="\n")
        file.flush()
        return raw.getvalue().decode(encoding)


def held(*resources: Mirrored) -> Standing:
    """Return that something is held with the gateway's own key."""
    return Standing("on", 1, 1519, list(resources), USED, 1000, 549)


def test_a_line_tells_of_a_resource() -> None:
    """Rows, age, whether it is whole, the next walk, and what it costs an hour."""
    lines = printed(held(WHOLE, FAILED, ASKED), 120).splitlines()
    assert [re.sub(" +", " ", line).strip() for line in lines[2:5]] == [
        "participants 1,500 45 s yes in 81 s 457",
        "contacts 7 no: the last reading came to nothing: No. on demand 60",
        "events 12 90 s yes now 60",
    ]


def test_slices_stand_below_their_resource() -> None:
    """With their keys, and all that is told of a resource."""
    lines = printed(held(SLICED, ASKED), 120).splitlines()
    assert lines[2].startswith("participants ")
    assert lines[3].startswith("  wine-fair-2027 ")
    assert re.sub(" +", " ", lines[3]).strip() == "wine-fair-2027 94 3 min yes in 5 min 8"
    assert lines[4].startswith("events ")


@pytest.mark.parametrize(("encoding", "signs"), [("utf-8", "█▓▒░▚·"), ("ascii", "#=+kb.")])
def test_the_hour_is_a_bar_of_its_purposes(encoding: str, signs: str) -> None:
    """As long as their parts of it, told apart without colours."""
    lines = printed(held(WHOLE), 102, encoding).splitlines()
    [bar] = [line for line in lines if len(set(line.strip())) > 2 and set(line.strip()) <= set(signs)]
    assert [bar.count(sign) for sign in signs] == [7, 4, 21, 0, 0, 40]
    legend = lines[lines.index(bar) + 1]
    named = ("reads 100", "writes 50", "walks 300", "key checks 1", "background 0", "left 549")
    assert (
        legend.split() == " ".join(f"{sign} {name}" for sign, name in zip(signs, named, strict=True)).split()
    )


def test_it_fits_a_narrow_terminal() -> None:
    """Long reasons are folded."""
    told = printed(held(WHOLE, FAILED), 80)
    assert max(map(len, told.splitlines())) <= 80
    assert {*WHY.split()} <= {*told.split()}


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing("off", 0, 0, [], USED, 1000, 549), "GATEWAY_MIRROR is off: nothing is held"),
        (Standing("on", 3, 1519, [], USED, None, None), "1,519 rows are held, for 3 keys of callers"),
        (Standing("on", 3, 1519, [], USED, None, None), "The hour: 451 requests are used"),
        (Standing("on", 1, 0, [], dict.fromkeys(USED, 0), None, None), "The hour: 0 requests are used"),
    ],
)
def test_what_else_there_is_to_say(standing: Standing, said: str) -> None:
    """In a line."""
    assert said in printed(standing).splitlines()
