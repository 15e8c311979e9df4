# pyright: basic
"""What signals and standard streams do to a gateway that runs, or is about to: seen from outside."""

import hashlib
import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
from forks import Fork
from serving_here import GATEWAY, environment, free_ports, run, started

QUERY, OTHER = "{ __typename }", "query Other { __typename }"
NOBODY = "http://127.0.0.1:1"
START_S = 30


@contextmanager
def serving(stdout: Any = subprocess.DEVNULL, stderr: Any = subprocess.DEVNULL, command=(), **settings):
    """Start a gateway, by a command of its own where it has one, wait until it answers, and end it after use.

    Yield its process and address.
    """
    [port] = free_ports(1)
    given = environment(
        PLANDOCKET_BASE_URL=NOBODY, GATEWAY_PORT=str(port), GATEWAY_TELL_COST="off", **settings
    )
    if command:
        process = subprocess.Popen(command, env=given, stdout=stdout, stderr=stderr)  # noqa: S603
    else:
        process = Fork(["serve"], given, stdout=stdout, stderr=stderr)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_S
        while process.poll() is None and time.monotonic() < until:
            try:
                urlopen(f"{address}/healthz").close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.02)
        yield process, address
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(START_S)


def ask(address, **fields):
    """Return the whole answer to a body of these fields."""
    return httpx.post(f"{address}/graphql", json=fields, timeout=10).json()


def ended(process, sig=signal.SIGTERM):
    """Send a signal, and return the exit code."""
    process.send_signal(sig)
    return process.wait(START_S)


def wait_for(condition):
    """Wait until it holds."""
    until = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def manifest(file, *texts):
    """Write the stored documents, and return their ids."""
    stored = {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}
    file.write_text(json.dumps(stored))
    return list(stored)


def test_sighup_reads_files_anew(tmp_path):
    """Stored documents, for which nobody looks otherwise; a broken file leaves them as they were, and is logged."""
    file, log = tmp_path / "documents.json", tmp_path / "log"
    manifest(file, QUERY)
    settings = {"GATEWAY_DOCUMENTS": "only", "GATEWAY_DOCUMENTS_FILE": str(file)}
    with log.open("w") as stderr, serving(stderr=stderr, **settings) as (process, address):
        [_, other] = manifest(file, QUERY, OTHER)
        assert "errors" in ask(address, documentId=other)
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: "read anew: 2 documents" in log.read_text())
        assert ask(address, documentId=other) == {"data": {"__typename": "Query"}}
        file.write_text("{")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: "those before hold on" in log.read_text())
        assert ask(address, documentId=other) == {"data": {"__typename": "Query"}}
        assert ended(process) == 0


HARMLESS = (
    "SIGUSR1",
    "SIGUSR2",
    "SIGALRM",
    "SIGVTALRM",
    "SIGPROF",
    "SIGIO",
    "SIGPWR",
    "SIGRTMIN",
    "SIGRTMAX",
)


def test_signals_that_say_nothing_are_passed_over(tmp_path):
    """Whatever they would do to another process: it still answers, and ends in peace."""
    log = tmp_path / "log"
    with log.open("w") as stderr, serving(stderr=stderr) as (process, address):
        for name in HARMLESS:
            process.send_signal(getattr(signal, name))
        wait_for(lambda: log.read_text().count("is passed over") == len(HARMLESS))
        assert ask(address, query=QUERY) == {"data": {"__typename": "Query"}}
        assert ended(process) == 0


def test_sigquit_stops_it_as_others_do():
    """Some containers are stopped so."""
    with serving() as (process, _):
        assert ended(process, signal.SIGQUIT) == 0


def test_the_demo_ends_with_its_terminal():
    """It has no files, and would hold its ports."""
    port, sandbox_port = free_ports(2)
    with started("demo", "--port", str(port), "--sandbox-port", str(sandbox_port)) as process:
        assert ended(process, signal.SIGHUP) == 0


def by_shell(redirection):
    """Return the command that starts it with these streams."""
    return ("sh", "-c", f'exec "$0" serve {redirection}', GATEWAY)


@pytest.mark.parametrize(
    ("redirection", "style"),
    [(">&- 2>&-", "console"), ("<&- >&- 2>&-", "json")],
    ids=["closed", "all closed"],
)
def test_streams_that_are_closed_stop_nothing(redirection, style):
    """Neither the start nor operations, and the exit code is that of a good end."""
    with serving(command=by_shell(redirection), GATEWAY_LOG_FORMAT=style, GATEWAY_X="canary") as served:
        process, address = served
        assert ask(address, query=QUERY) == {"data": {"__typename": "Query"}}
        assert ended(process) == 0


@pytest.fixture
def full():
    """Open what takes nothing."""
    with Path("/dev/full").open("w") as opened:
        yield opened


@pytest.mark.parametrize("style", ["console", "json"])
def test_streams_that_take_nothing_stop_nothing(full, style):
    """As if they were closed."""
    with serving(full, full, GATEWAY_LOG_FORMAT=style, GATEWAY_X="canary") as (process, address):
        assert ask(address, query=QUERY) == {"data": {"__typename": "Query"}}
        assert ended(process) == 0


@pytest.mark.parametrize("is_read", [True, False], ids=["gone", "stuck"])
def test_a_reader_that_is_gone_or_stuck_stops_nothing(is_read):
    """The pipe is full before the first line, or breaks with it."""
    reads, writes = os.pipe()
    if is_read:
        os.close(reads)
    else:
        os.set_blocking(writes, False)
        try:
            while True:
                os.write(writes, b"x" * 65_536)
        except BlockingIOError:
            os.set_blocking(writes, True)
    with serving(stdout=writes, stderr=writes, GATEWAY_X="canary") as (process, address):
        os.close(writes)
        assert ask(address, query=QUERY) == {"data": {"__typename": "Query"}}
        assert ended(process) == 0
    if not is_read:
        os.close(reads)


def test_lost_lines_are_counted(full):
    """As a metric, for the log cannot tell."""
    [port] = free_ports(1)
    with serving(full, full, GATEWAY_METRICS_PORT=str(port)) as (process, address):
        for _ in range(3):
            ask(address, query=QUERY)

        def lost():
            text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            return float(text.partition("\ngateway_log_lines_lost_total ")[2].split()[0])

        wait_for(lambda: lost() >= 3)
        assert ended(process) == 0


def lines_of(*streams):
    """Return every line that a process wrote, each of them JSON of a log."""
    written = [json.loads(line) for stream in streams for line in stream.splitlines()]
    assert all({"event", "level", "timestamp", "logger"} <= line.keys() for line in written)
    return written


def test_whatever_is_written_is_json(tmp_path):
    """Also what the start prints, and what it warns of."""
    out, log = tmp_path / "out", tmp_path / "log"
    with out.open("w") as stdout, log.open("w") as stderr:
        settings = {"GATEWAY_LOG_FORMAT": "json", "GATEWAY_LOG_LEVL": "canary"}
        with serving(stdout, stderr, **settings) as (process, address):
            ask(address, query=QUERY)
            assert ended(process) == 0
    written = lines_of(out.read_text(), log.read_text())
    events = "\n".join(line["event"] for line in written)
    for part in (
        "GraphQL at http://127.0.0.1",
        "Callers are known by",
        "did you mean GATEWAY_LOG_LEVEL",
        "operation",
    ):
        assert part in events
    assert "stopping" in events


FAILING = {
    "no address": {},
    "a bad setting": {"PLANDOCKET_BASE_URL": NOBODY, "GATEWAY_PORT": "canary"},
    "a bad format": {"PLANDOCKET_BASE_URL": NOBODY, "GATEWAY_LOG_LEVEL": "canary"},
    "a bad file": {
        "PLANDOCKET_BASE_URL": NOBODY,
        "GATEWAY_DOCUMENTS": "only",
        "GATEWAY_DOCUMENTS_FILE": __file__,
    },
    "a bad proxy": {
        "PLANDOCKET_BASE_URL": "https://plandocket.test",
        "HTTPS_PROXY": "socks5://canary@proxy.test:1",
    },
    "bad certificates": {"PLANDOCKET_BASE_URL": "https://plandocket.test", "SSL_CERT_FILE": __file__},
    "no such host": {"PLANDOCKET_BASE_URL": NOBODY, "GATEWAY_HOST": "gateway.invalid"},
}


@pytest.mark.parametrize("settings", FAILING.values(), ids=FAILING)
@pytest.mark.parametrize("style", ["console", "json"])
def test_a_start_that_fails_says_so_in_a_sentence(settings, style):
    """With 1, without a traceback, and in JSON where that is wanted."""
    done = run("serve", GATEWAY_LOG_FORMAT=style, **settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr
    if style == "json":
        assert {line["level"] for line in lines_of(done.stderr)} == {"error"}
    else:
        assert 1 <= len(done.stderr.splitlines()) <= 2
