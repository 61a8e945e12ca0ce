"""nginx with a configuration and a folder of its own, on a free port of loopback."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
  types {{ text/html html; }}
  default_type text/html;
  charset off;
  gzip off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75;
  keepalive_requests 100000;
  log_format times '$msec $request_time $status $bytes_sent';
  access_log {folder}/access.log times;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/site;
    index index.html;
  }}
}}
"""


class NoNginx(RuntimeError):
    """nginx is not installed."""


@dataclass(frozen=True, slots=True)
class Served:
    """A folder that nginx serves; what lies in `site` is at `url`."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The address of the start page."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def site(self) -> Path:
        """The root of the site."""
        return self.folder / "site"

    def forget(self) -> None:
        """Begin the log anew."""
        os.truncate(self.folder / "access.log", 0)

    def asked(self) -> tuple[float, int]:
        """When the first request came since `forget`, as time of day, and how many came."""
        lines = (self.folder / "access.log").read_text().splitlines()
        began = (float(at) - float(took) for at, took, *_ in map(str.split, lines))
        return min(began), len(lines)

    def sent(self) -> int:
        """The bytes that were answered since `forget`, heads and bodies."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return sum(int(line.rpartition(" ")[2]) for line in lines)


@contextmanager
def serving() -> Iterator[Served]:
    """An empty site that is served as long as the block runs."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        raise NoNginx("nginx is not installed: apt-get install nginx-light, then again.")
    # Below a folder that the user of its workers may enter, unlike a clone in somebody's home.
    folder = Path(tempfile.mkdtemp(prefix="lantian-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "site").mkdir()
    served = Served(folder, _free_port())
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(user=_user(), folder=folder, port=served.port))
    process = subprocess.Popen(
        [program, "-c", str(file), "-p", str(folder), "-e", str(folder / "error.log")],
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait(served, process)
        yield served
    finally:
        process.send_signal(signal.SIGQUIT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    """The line that names the user of the workers: only root may name one."""
    if os.getuid() != 0:
        return ""
    for name in ("www-data", "nginx", "nobody"):
        with suppress(KeyError):
            pwd.getpwnam(name)
            return f"user {name};"
    return "user root;"


def _wait(served: Served, process: subprocess.Popen[bytes]) -> None:
    (served.site / "up").write_text("up")
    for _ in range(100):
        if process.poll() is not None:
            error = (served.folder / "error.log").read_text()
            raise NoNginx(f"nginx ended with status {process.returncode}: {error}")
        with suppress(OSError), urllib.request.urlopen(f"{served.url}up") as answer:  # noqa: S310
            answer.read()
            (served.site / "up").unlink()
            return
        time.sleep(0.05)
    raise NoNginx("nginx did not answer within 5 s.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
