"""What a crawl connects to: never more than its source may, and nothing of ours listens."""

import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from queue import Queue

import psutil

from tests.services.loopback import ROOT, Installation, Page, Site

SECRET = "the inner network"


def test_a_redirect_to_a_place_without_permission_is_refused(
    installation: Installation, site: Callable[..., Site]
) -> None:
    inner = site({"/": Page(SECRET)}, "127.0.0.2")
    outer = site(
        {
            "/": Page("<h1>outer</h1><a href=/in>in</a><a href=/odd>odd</a>"),
            "/in": Page("", 302, headers={"Location": inner.url()}),
            "/odd": Page(
                "", 302, headers={"Location": inner.url().replace("127.0.0.2", "0x7f.0.0.2")}
            ),
        }
    )

    summary = installation.crawl(outer.url(), "--allow", outer.place)

    assert summary["state"] == "finished", summary
    outcomes = installation.outcomes()
    for path in ("/in", "/odd"):
        outcome, detail = outcomes[path]
        assert outcome == "blocked", detail
        assert f"refused: {inner.place} is not connected to" in detail
    assert inner.asked == []


def test_a_browser_that_is_led_to_a_place_without_permission_gets_nothing(
    installation: Installation, site: Callable[..., Site], chromium_path: object
) -> None:
    assert chromium_path
    inner = site({"/": Page(SECRET)}, "127.0.0.2")
    outer = site({"/": Page("", 302, headers={"Location": inner.url()})})
    profile = installation.profiles / "led-away.yaml"
    profile.write_text(
        f"name: led-away\nkind: shop\nhosts: [127.0.0.1]\nstart: ['{outer.url()}']\n"
        "browser: 'yes'\nmanners: {delay: 0}\n"
    )

    installation.crawl("led-away", "--allow", outer.place)

    outcome, detail = installation.outcomes()["/"]
    assert outcome == "blocked", detail
    assert inner.place in detail
    assert inner.asked == []


def test_a_name_that_leads_to_a_private_address_is_refused_when_it_is_resolved(
    installation: Installation,
) -> None:
    # The name is asked of a stand-in for the machine's resolver, which answers with loopback.
    program = (
        "import socket, sys\n"
        "real = socket.getaddrinfo\n"
        "def answer(host, port, *more, **named):\n"
        "    if host == 'shop.test':\n"
        "        host = '127.0.0.2'\n"
        "    return real(host, port, *more, **named)\n"
        "socket.getaddrinfo = answer\n"
        "from scrapy.cmdline import execute\n"
        "execute(['scrapy', 'crawl', 'site', '-a', 'url=http://shop.test/'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=installation.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    outcome, detail = installation.outcomes()["/"]
    assert outcome == "blocked", detail
    assert "shop.test:80 (127.0.0.2) is not connected to: its address is loopback" in detail


def test_the_operators_own_networks_are_refused(installation: Installation) -> None:
    installation.more["LANTIAN_OWN_NETWORKS"] = "1.2.3.0/24"

    done = installation.command("crawl", "http://1.2.3.4/")

    assert done.returncode == 1
    assert "1.2.3.4:80 is not connected to: its address is in a network of your own" in done.stderr


def test_nothing_listens_while_a_crawl_runs(
    installation: Installation, site: Callable[..., Site]
) -> None:
    installation.more["LANTIAN_WRITER"] = "process"
    crawls: Queue[psutil.Process] = Queue()
    seen: list[tuple[set[int], list[object]]] = []

    def look(request: BaseHTTPRequestHandler) -> None:
        seen.append(_listening(crawls.get(timeout=60)))
        body = b"<h1>page</h1>"
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    watched = site({"/": Page(stream=look)})
    command = installation.start("crawl", watched.url(), "--allow", watched.place)
    crawls.put(psutil.Process(command.pid))

    assert command.wait(120) == 0
    assert installation.outcomes()["/"][0] == "seen"
    ((processes, listening),) = seen
    assert len(processes) >= 3  # the command, the spider, the writer
    assert listening == []


def test_a_process_of_a_crawl_that_listened_would_be_seen() -> None:
    # Stands in for the crawl's command: a child of its child listens until its input ends.
    listens = (
        "import socket, sys\n"
        "with socket.create_server(('127.0.0.1', 0)):\n"
        "    print('listens', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    starts = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {listens!r}])\n"
    with subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "listens\n"
        processes, listening = _listening(psutil.Process(command.pid))
        command.communicate()

    assert len(processes) == 2
    assert len(listening) == 1


def _listening(command: psutil.Process) -> tuple[set[int], list[object]]:
    """The processes of a command, and where they listen: nobody else's, of this session neither."""
    family = [command, *command.children(recursive=True)]
    found = [c for process in family for c in process.net_connections() if c.status == "LISTEN"]
    return {process.pid for process in family}, list(found)
