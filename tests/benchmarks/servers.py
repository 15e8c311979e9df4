"""The servers that the speed benchmark measures: each one process on a port of this machine."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).resolve().parent / "peers"

_START_S = 90.0
_STOP_S = 10
_SETTLE_S = 5
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

# One process, so that it ends by its own id. No validators: every query must fetch the whole list.
_NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  etag off;
  add_header Last-Modified "";
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    default_type application/json;
    location = /api/v1/participants {{ alias {file}; }}
    location = /status {{ stub_status; }}
  }}
}}
"""


class MissingError(Exception):
    """A tool that the benchmark needs is not installed; the text says what to install."""


class FailedError(Exception):
    """A server did not start, or answered something else than it should."""


def need(tool: str, package: str) -> str:
    """Return the path of a tool; MissingError where it is not installed."""
    path = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise MissingError(f"{tool} is missing: install {package}.")
    return path


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return held.getsockname()[1]


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def cpu_s(self) -> float:
        """The processor seconds that it and its workers took so far."""
        fields = [text.rpartition(")")[2].split() for text in self._all("stat")]
        return sum(int(one[11]) + int(one[12]) for one in fields) / _TICKS

    @property
    def resident_mb(self) -> float:
        """The resident memory of it and its workers now."""
        return sum(int(text.split()[1]) for text in self._all("statm")) * _PAGE_BYTES / 1e6

    @property
    def peak_mb(self) -> float:
        """The most resident memory it had since `forget_peak`."""
        [line] = [line for line in self._proc("status").splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / 1e6

    def forget_peak(self) -> None:
        """Begin the peak anew."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def settle(self) -> None:
        """Wait until it has worked off what clients left behind: it takes no processor time any more."""
        until = time.monotonic() + _SETTLE_S
        before = -1.0
        while before != (before := self.cpu_s) and time.monotonic() < until:
            time.sleep(0.1)

    def failed(self, why: str) -> FailedError:
        """Return an error with the end of what the server printed."""
        printed = self.log.read_text(errors="replace")[-2000:]
        return FailedError(f"{self.name}: {why}\n{printed}")

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text()

    def _all(self, name: str) -> list[str]:
        workers = self._proc(f"task/{self.process.pid}/children").split()
        return [self._proc(name), *(Path(f"/proc/{pid}/{name}").read_text() for pid in workers)]


_FIRST_KEY = b"benchmark-key-0"
FIRST_CALLER = {"X-API-Key": _FIRST_KEY.decode()}
"""Headers of one who brings a key along."""


@dataclass(frozen=True)
class Target:
    """What a client asks of a server, and what must come back."""

    server: Server
    path: str
    body: bytes | None = None
    """None for a GET."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def ask(self) -> bytes:
        """Return the body of one answer; OSError where nobody listens yet."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=_START_S)
        try:
            connection.request("GET" if self.body is None else "POST", self.path, self.body, self._headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise self.server.failed(f"answered {answer.status}: {body[:500]!r}")
        return body

    @property
    def raw(self) -> bytes:
        """The request as it goes over the wire."""
        lines = [f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1"]
        sent = {"Host": f"127.0.0.1:{self.server.port}", **self._headers}
        if self.body is not None:
            sent["Content-Length"] = str(len(self.body))
        lines += [f"{name}: {value}" for name, value in sent.items()]
        return "\r\n".join([*lines, "", ""]).encode() + (self.body or b"")

    def raw_of(self, caller: int) -> bytes:
        """Return the same of another caller, where it is the first one's: equal reads of one key would be one."""
        return self.raw.replace(_FIRST_KEY, _FIRST_KEY.replace(b"0", b"%d" % caller))

    @property
    def _headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self.headers}


@contextmanager
def started(name: str, command: Sequence[str], port: int, folder: Path, **settings: str) -> Generator[Server]:
    """Start a server with these settings of its environment, wait until it listens, end it after use."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PLANDOCKET_", "GATEWAY_"))
    }
    environment = {**kept, "PYTHONPATH": str(ROOT), "NODE_ENV": "production", **settings}
    log = folder / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as printed:
        process = subprocess.Popen(  # noqa: S603
            command, env=environment, stdout=printed, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    server = Server(name, port, process, log)
    try:
        _wait(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(server: Server) -> None:
    until = time.monotonic() + _START_S
    while server.process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise server.failed("did not start.")


class Nginx:
    """The static upstream, which counts what it is asked."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._counted = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return url(self.server)

    def requests(self) -> int:
        """Return how many requests it answered so far, without those that ask it this."""
        self._counted += 1
        told = Target(self.server, "/status").ask().split()
        return int(told[told.index(b"requests") + 3]) - self._counted


def url(server: Server) -> str:
    """Return a server's address."""
    return f"http://127.0.0.1:{server.port}"


class Fleet:
    """Starts servers by their names, each once, in front of one upstream; a context manager that ends them."""

    def __init__(self, folder: Path, page: Path, bodies: Path) -> None:
        self._folder = folder
        self._page = page
        self._bodies = bodies
        self._running: dict[str, Server] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.nginx = Nginx(stack.enter_context(self._nginx()))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def server(self, name: str) -> Server:
        """Return the server of that name, started."""
        if name not in self._running:
            self._running[name] = self._stack.enter_context(self._start(name))
        return self._running[name]

    def _start(self, name: str) -> AbstractContextManager[Server]:
        port = free_port()
        settings: dict[str, str] = {}
        match name:
            case "floor":
                command = [sys.executable, str(PEERS / "floor.py"), str(port), str(self._bodies)]
            case "slow upstream":
                command = [sys.executable, str(PEERS / "slow_upstream.py"), str(port), str(self._page), "0.1"]
            case "redis":
                command = [need("redis-server", "Debian's redis-server"), "--port", str(port), "--save", ""]
                command += ["--bind", "127.0.0.1"]
            case "apollo" | "mercurius":
                command = [need("node", "Node.js 20 or later"), str(PEERS / f"{name}.mjs")]
                settings = {"PORT": str(port), "UPSTREAM": self.nginx.url}
            case "plain cold" | "plain warm":
                command = [sys.executable, str(PEERS / "plain_strawberry.py")]
                settings = self._settings(port, name)
            case _:
                workers = "2" if name == "warm workers" else "1"
                command = [str(Path(sys.executable).with_name("gateway")), "serve", "--workers", workers]
                settings = self._settings(port, name)
        return started(name, command, port, self._folder, **settings)

    def _settings(self, port: int, name: str) -> dict[str, str]:
        given = {
            "PLANDOCKET_BASE_URL": self.nginx.url,
            "PLANDOCKET_API_KEY": "benchmark-key",
            "PLANDOCKET_REQUESTS_PER_HOUR": "unlimited",
            "GATEWAY_PORT": str(port),
            # None of the peers writes a line for each operation.
            "GATEWAY_LOG_LEVEL": "info" if name == "warm logged" else "warning",
        }
        if name == "before slow upstream":
            given["PLANDOCKET_BASE_URL"] = url(self.server("slow upstream"))
        if name in ("warm redis", "warm workers"):
            given["GATEWAY_REDIS_URL"] = f"redis://127.0.0.1:{self.server('redis').port}"
        if name in ("cold", "plain cold", "before slow upstream"):
            del given["PLANDOCKET_API_KEY"]
        if "warm" in name or name == "documents":
            kinds = ("PARTICIPANTS", "CONTACTS", "EVENTS", "CATEGORIES")
            given |= {f"GATEWAY_FRESH_{kind}": "1000000" for kind in kinds}
        else:
            given["GATEWAY_MIRROR"] = "off"
        return given

    def _nginx(self) -> AbstractContextManager[Server]:
        port = free_port()
        config = self._folder / "nginx.conf"
        config.write_text(_NGINX.format(folder=self._folder, file=self._page, port=port))
        command = [need("nginx", "Debian's nginx-light"), "-p", str(self._folder), "-c", str(config)]
        return started("nginx", command, port, self._folder)


def install_peers() -> None:
    """Install what the peers need from npm, the versions of package-lock.json, where it is not."""
    npm = need("npm", "Node.js 20 or later, with npm")
    installed = PEERS / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (PEERS / "package-lock.json").stat().st_mtime:
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise MissingError(f"npm could not install the peers:\n{done.stderr[-2000:]}")
