"""Runs nginx, HAProxy and Caddy on this machine, with the README's configurations or the plainest."""

import re
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from programs import program
from serving_here import free_ports

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

_NGINX = """\
daemon off;
master_process off;
pid {folder}/pid;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/client;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {text}
}}
"""
_CADDY = """\
{{
  admin off
  default_bind 127.0.0.1
  storage file_system {folder}
}}
{text}
"""
_PLAIN_NGINX = """\
server {
  listen 8080;
  location / { proxy_pass http://127.0.0.1:8000; }
}
"""
_PLAIN_HAPROXY = """\
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen graphql
  bind :8080
  server gateway 127.0.0.1:8000
"""
_PLAIN_CADDY = """\
:8080
reverse_proxy 127.0.0.1:8000
"""
_TINYPROXY = """\
Listen 127.0.0.1
Timeout 60
LogLevel Connect
PidFile "{folder}/pid"
{text}
"""
_START_S = 30


@dataclass(frozen=True)
class Proxy:
    """A program, and how it is run in the foreground with a configuration."""

    command: tuple[str, ...]
    around: str
    """What a configuration needs around it to run beside others, and in a folder of its own."""
    plain: str
    """The least that makes it pass anything on."""
    language: str = ""
    """What the README's block calls itself, where it has one."""

    @property
    def written(self) -> str:
        """The README's configuration."""
        [text] = re.findall(rf"```{self.language}\n(.*?)```", README, re.DOTALL)
        return text


PROXIES = {
    "nginx": Proxy(("nginx", "-e", "stderr", "-c"), _NGINX, _PLAIN_NGINX, "nginx"),
    "haproxy": Proxy(("haproxy", "-db", "-f"), "{text}", _PLAIN_HAPROXY, "haproxy"),
    "caddy": Proxy(("caddy", "run", "--adapter", "caddyfile", "--config"), _CADDY, _PLAIN_CADDY, "caddyfile"),
}
TINYPROXY = Proxy(("tinyproxy", "-d", "-c"), _TINYPROXY, "")


@contextmanager
def passing(proxy: Proxy, text: str, gateway: int, folder: Path) -> Generator[int]:
    """Start a proxy of this configuration in front of the gateway at a port, yield its own port, and end it.

    It listens on loopback in place of port 8080 of every address, and passes on to `gateway` in place of 8000.
    """
    with running(proxy, lambda port: _moved(text, port, gateway), folder) as port:
        yield port


@contextmanager
def running(proxy: Proxy, text: Callable[[int], str], folder: Path) -> Generator[int]:
    """Start a proxy of the configuration for a port, yield that once it listens, and end it."""
    name, *options = proxy.command
    command = program(name)
    [port] = free_ports(1)
    file, log = folder / "config", folder / "log"
    file.write_text(proxy.around.format(folder=folder, text=text(port)))
    with log.open("w") as printed:
        process = subprocess.Popen([command, *options, str(file)], stdout=printed, stderr=printed)  # noqa: S603
    try:
        _wait(port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(_START_S)


def _moved(text: str, port: int, gateway: int) -> str:
    here = text.replace("listen 8080", "listen 127.0.0.1:8080").replace("bind :8080", "bind 127.0.0.1:8080")
    assert here.count("8080") == here.count("8000") == 1
    return here.replace("8080", str(port)).replace("127.0.0.1:8000", f"127.0.0.1:{gateway}")


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(log.read_text())
