# pyright: basic
"""`gateway serve --workers`: several processes at one address, seen from outside."""

import hashlib
import json
import os
import re
import signal
import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from forks import Fork
from machines.servers import serving as redis
from prometheus_client.parser import text_string_to_metric_families
from serving_here import environment, free_ports, run

QUERY = {"query": "query Asked { __typename }"}
DATA = {"data": {"__typename": "Query"}}
TOKEN = "canary-metrics"
DOCUMENTS = json.dumps({hashlib.sha256(QUERY["query"].encode()).hexdigest(): QUERY["query"]})
START_S = 60
PAUSE_S = 0.02  # so that the processor has time for starts, too


@dataclass
class Crew:
    """A gateway of two workers."""

    process: Fork
    port: int
    metrics_port: int
    log: Path
    documents: Path

    @property
    def url(self):
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def ready(self):
        """Return the process of each worker, by its number, that took connections last."""
        found = re.findall(r"worker (\d) \(process (\d+)\) is ready", self.log.read_text())
        return {int(number): int(process) for number, process in found}

    def ask(self):
        """Return the answer on a connection of its own."""
        return httpx.post(f"{self.url}/graphql", json=QUERY, timeout=10).json()

    def answered(self):
        """Return how many operations each worker has answered."""
        return self._told("gateway_operations_total", name="Asked", outcome="ok")

    def connections(self):
        """Return how many connections each worker has."""
        return self._told("gateway_connections")

    def _told(self, of, **labels):
        text = httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", headers=BEARER).text
        return {
            int(sample.labels["worker"]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == of and sample.labels.items() >= labels.items()
        }


BEARER = {"Authorization": f"Bearer {TOKEN}"}


def wait_for(condition):
    """Wait until it holds."""
    until = time.monotonic() + START_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@contextmanager
def serving(redis_url, folder, upstream="http://127.0.0.1:1", **settings):
    """Start two workers, and yield them once both are ready."""
    port, metrics_port = free_ports(2)
    documents, log = folder / "documents.json", folder / "log"
    documents.write_text(DOCUMENTS)
    given = {
        "PLANDOCKET_BASE_URL": upstream,
        "GATEWAY_REDIS_URL": redis_url,
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(metrics_port),
        "GATEWAY_METRICS_TOKEN": TOKEN,
        "GATEWAY_DOCUMENTS": "prefer",
        "GATEWAY_DOCUMENTS_FILE": str(documents),
        "GATEWAY_TELL_COST": "off",
        **settings,
    }
    with log.open("w") as file:
        process = Fork(["serve", "--workers", "2"], environment(**given), stderr=file)
    crew = Crew(process, port, metrics_port, log, documents)
    try:
        wait_for(lambda: len(crew.ready()) == 2 or process.poll() is not None)
        assert process.poll() is None
        yield crew
    finally:
        process.terminate()
        process.wait(START_S)
    told = log.read_text()
    assert "canary-" not in told
    assert "Traceback" not in told


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    """Start a Redis for all tests, none of which is about what is in it."""
    with redis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(scope="module")
def crew(redis_url, tmp_path_factory):
    """Start two workers for all tests that leave two."""
    with serving(redis_url, tmp_path_factory.mktemp("crew")) as crew:
        yield crew


def test_two_workers_answer_at_one_address(crew):
    """Whoever is free takes a connection."""
    before = crew.answered()
    asked = 0
    while len(grown := {n for n, count in crew.answered().items() if count > before.get(n, 0)}) < 2:
        assert crew.ask() == DATA
        asked += 1
        assert asked < 500
    assert grown == {1, 2}


def test_connections_that_come_at_once_are_shared(crew):
    """The first worker that wakes leaves some to the other: each has a quarter at the least."""
    held = {1: 0, 2: 0}
    for _ in range(5):
        with ExitStack() as opened:
            for _ in range(16):
                opened.enter_context(socket.create_connection(("127.0.0.1", crew.port)))
            wait_for(lambda: sum(crew.connections().values()) == 16)
            for number, count in crew.connections().items():
                held[number] += count
        wait_for(lambda: not any(crew.connections().values()))
    assert min(held.values()) >= 20


@pytest.mark.parametrize("door", ["gateway", "metrics"])
def test_metrics_are_those_of_all_workers(crew, door):
    """At either address, whichever worker it is that is asked: each sample has its worker, each is there once."""
    before = sum(crew.answered().values())
    for _ in range(5):
        crew.ask()
    assert sum(crew.answered().values()) == before + 5
    port = crew.port if door == "gateway" else crew.metrics_port
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=BEARER).text
    families = list(text_string_to_metric_families(text))
    samples = [sample for family in families for sample in family.samples]
    assert {sample.labels["worker"] for sample in samples} == {"1", "2"}
    keys = [(sample.name, *sorted(sample.labels.items())) for sample in samples]
    assert len(keys) == len(set(keys))
    assert len(families) == len({family.name for family in families})
    built = [one.value for one in samples if one.name == "gateway_build_info"]
    assert built == [1, 1]
    assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 401


def test_a_worker_that_is_killed_is_replaced(crew):
    """And the other answers whoever comes meanwhile; the log says what happened."""
    killed = crew.ready()[2]
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: crew.ask() == DATA and crew.ready()[2] != killed)
    assert f"worker 2 (process {killed}) was ended by SIGKILL: another is started" in crew.log.read_text()
    wait_for(lambda: "2" in httpx.get(f"{crew.url}/metrics", headers=BEARER).text)


class Load(threading.Thread):
    """Asks on a kept connection all the time, and beside it whether the address is ready."""

    def __init__(self, crew):
        super().__init__()
        self.crew = crew
        self.may_end = threading.Event()
        self.asked = 0
        self.wrong = []

    def run(self):
        """Ask until that is enough."""
        with httpx.Client(timeout=30) as http:
            while not self.may_end.is_set() and not self.wrong:
                try:
                    answer = http.post(f"{self.crew.url}/graphql", json=QUERY)
                    probe = http.get(f"{self.crew.url}/readyz")
                except httpx.HTTPError as error:
                    self.wrong.append(repr(error))
                else:
                    if (answer.json(), probe.status_code) != (DATA, 200):
                        self.wrong.append((answer.text, probe.text))
                self.asked += 1
                time.sleep(PAUSE_S)


def test_sigusr2_replaces_the_workers_and_loses_no_operation(crew):
    """One by one, under load: each operation is answered, nobody is refused, and the address is ready all the while."""
    before = crew.ready()
    loads = [Load(crew) for _ in range(4)]
    for load in loads:
        load.start()
    crew.process.send_signal(signal.SIGUSR2)
    wait_for(lambda: len({*crew.ready().values()} - {*before.values()}) == 2)
    wait_for(
        lambda: all(f"(process {old}) ended with status 0" in crew.log.read_text() for old in before.values())
    )
    for load in loads:
        load.may_end.set()
        load.join()
    assert [load.wrong for load in loads if load.wrong] == []
    assert min(load.asked for load in loads) > 10


def test_workers_stay_where_new_ones_cannot_start(crew):
    """The first that cannot says why, and no other is tried."""
    before = crew.ready()
    crew.documents.write_text("{")
    crew.process.send_signal(signal.SIGUSR2)
    wait_for(lambda: "is not replaced, nor is any after it" in crew.log.read_text())
    assert "GATEWAY_DOCUMENTS_FILE" in crew.log.read_text()
    crew.documents.write_text(DOCUMENTS)
    assert crew.ready() == before
    assert crew.ask() == DATA


def test_sighup_reads_files_anew_in_all_workers(crew):
    """As it does in one process."""
    known = crew.log.read_text().count("The stored documents were read anew")
    crew.process.send_signal(signal.SIGHUP)
    wait_for(lambda: crew.log.read_text().count("The stored documents were read anew") == known + 2)


class Slow(BaseHTTPRequestHandler):
    """A PlanDocket that answers with a category once it may."""

    came = threading.Semaphore(0)
    may_answer = threading.Event()

    def do_GET(self):
        """Answer."""
        self.came.release()
        self.may_answer.wait(30)
        body = json.dumps({"data": {"id": 1, "title": "Crafts", "is_visible": True}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Be quiet."""


def is_there(process):
    """Return whether a process runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def running(redis_url, folder):
    """Yield workers of which one has an operation that waits for PlanDocket, what lets it answer, and the answers."""
    Slow.may_answer.clear()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    settings = {"PLANDOCKET_API_KEY": "some-key", "GATEWAY_MIRROR": "off"}
    query = {"query": "{ category(by: {databaseId: 1}) { title } }"}
    answers = []

    def ask():
        with suppress(httpx.HTTPError):
            answers.append(httpx.post(f"{crew.url}/graphql", json=query, timeout=30).json())

    try:
        with serving(redis_url, folder, f"http://127.0.0.1:{upstream.server_port}", **settings) as crew:
            asking = threading.Thread(target=ask)
            asking.start()
            assert Slow.came.acquire(timeout=30)
            yield crew, asking, answers
    finally:
        Slow.may_answer.set()
        upstream.shutdown()
        upstream.server_close()


def begin_to_stop(crew):
    """Send what systemd does to each process of a service, and wait until the probe tells of it."""
    for process in (*crew.ready().values(), crew.process.pid):
        os.kill(process, signal.SIGTERM)
    wait_for(lambda: httpx.get(f"{crew.url}/readyz").status_code == 503)


def left(crew):
    """Return the workers that are still there."""
    return [process for process in crew.ready().values() if is_there(process)]


def test_sigterm_ends_all_of_them_once_what_runs_is_answered(redis_url, tmp_path):
    """The probe says so first, and the exit code is 0."""
    with running(redis_url, tmp_path) as (crew, asking, answers):
        begin_to_stop(crew)
        assert crew.process.poll() is None
        Slow.may_answer.set()
        asking.join()
        assert crew.process.wait(START_S) == 0
    assert answers == [{"data": {"category": {"title": "Crafts"}}}]
    assert left(crew) == []
    assert "another is started" not in crew.log.read_text()
    with pytest.raises(httpx.ConnectError):
        crew.ask()


def test_a_second_signal_ends_all_of_them_at_once(redis_url, tmp_path):
    """Whatever still runs; the exit status says by which signal."""
    with running(redis_url, tmp_path) as (crew, asking, answers):
        begin_to_stop(crew)
        crew.process.terminate()
        assert crew.process.wait(START_S) == -signal.SIGTERM
        wait_for(lambda: not left(crew))
        asking.join()
    assert answers == []


def test_workers_end_with_a_parent_that_is_killed(redis_url, tmp_path):
    """None holds the address for ever, with nobody to end it."""
    with serving(redis_url, tmp_path) as crew:
        crew.process.kill()
        wait_for(lambda: not left(crew))


def test_what_keeps_the_first_from_its_start_is_said_once(redis_url, tmp_path):
    """And none is left: a broken file would stop each of them."""
    documents = tmp_path / "documents.json"
    documents.write_text("{")
    settings = {"GATEWAY_DOCUMENTS": "prefer", "GATEWAY_DOCUMENTS_FILE": str(documents)}
    [port] = free_ports(1)
    ended = run(
        "serve",
        "--workers",
        "3",
        PLANDOCKET_BASE_URL="http://127.0.0.1:1",
        GATEWAY_REDIS_URL=redis_url,
        GATEWAY_PORT=str(port),
        **settings,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("The gateway cannot start.") == 1
    assert ended.stderr.count("GATEWAY_DOCUMENTS_FILE") == 1
    assert "Traceback" not in ended.stderr


def test_without_redis_it_is_said_what_is_needed():
    """In a sentence, with the command that starts one."""
    ended = run("serve", "--workers", "2", PLANDOCKET_BASE_URL="http://127.0.0.1:1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "GATEWAY_REDIS_URL: --workers 2 needs it" in ended.stderr
    assert '`redis-server --save "" --port 6379`' in ended.stderr
    assert "GATEWAY_REDIS_URL=redis://127.0.0.1:6379" in ended.stderr


def test_a_folder_is_refused(tmp_path):
    """It is one process's: the second worker could never start."""
    settings = {"GATEWAY_REDIS_URL": "redis://127.0.0.1:1", "GATEWAY_MIRROR_DIR": str(tmp_path / "mirror")}
    ended = run("serve", "--workers", "2", PLANDOCKET_BASE_URL="http://127.0.0.1:1", **settings)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "GATEWAY_MIRROR_DIR: a folder is one process's at a time" in ended.stderr
    assert not (tmp_path / "mirror").exists()


def test_one_worker_is_as_without(tmp_path):
    """It has no parent, and needs no Redis."""
    [port] = free_ports(1)
    with (tmp_path / "log").open("w") as log:
        given = environment(PLANDOCKET_BASE_URL="http://127.0.0.1:1", GATEWAY_PORT=str(port))
        process = Fork(["serve", "--workers", "1"], given, stdout=-1, stderr=log)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("GraphQL at")
    assert not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    process.terminate()
    assert process.wait(START_S) == 0
    process.stdout.close()
