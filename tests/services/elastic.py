"""Elasticsearch: one node of a version that we name, on free ports of loopback.

The distribution is the one that Elasticsearch's own integration tests use, from Maven. It is kept
unpacked; configuration, data and logs belong to the run.
"""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.container import container
from tests.services.folders import give, kept, service_user
from tests.services.java import runtime
from tests.services.processes import Child, clean_environment, free_port
from tests.services.source import (
    Container,
    Given,
    Installed,
    Missing,
    Source,
    compose_answers,
    given,
)

VARIABLE = "LANTIAN_TEST_ES_URL"
PACKAGES = ("default-jre-headless", "maven")

# version: the Java that it needs
VERSIONS = {"8.19.7": 17, "9.2.0": 21}
MAIN = "8.19.7"

CONFIGURATION = """
cluster.name: lantian-tests
discovery.type: single-node
network.host: 127.0.0.1
http.port: {http}
transport.port: {transport}
path.data: {folder}/data
path.logs: {folder}/logs
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: false
xpack.ml.enabled: false
"""


def variable(version: str) -> str:
    """The variable that names a server of `version`; another than `MAIN` has its number in it."""
    return VARIABLE if version == MAIN else f"{VARIABLE}_{version.partition('.')[0]}"


def find(version: str) -> Source:
    """Where Elasticsearch `version` comes from on this machine."""
    url = given(variable(version))
    if url is not None:
        return url
    if given(VARIABLE) is not None:
        return Missing(f"{VARIABLE} names one server", optional=True)
    java = runtime(VERSIONS[version])
    home = kept() / f"elasticsearch-{version}"
    if java is not None and home.is_dir():
        return Installed(home, f"Java {java.version}", java.home)
    if compose_answers():
        return Container()
    if java is None:
        why = f"Elasticsearch {version} needs Java {VERSIONS[version]} or newer"
        return Missing(why, optional=version != MAIN)
    return Missing(f"Elasticsearch {version} is not unpacked; run `make test` or set {VARIABLE}")


def fetch(version: str) -> None:
    """Lay the distribution of `version` where `find` looks for it."""
    home = kept() / f"elasticsearch-{version}"
    if home.is_dir():
        return
    with tempfile.TemporaryDirectory(dir=kept()) as name:
        folder = Path(name)
        artefact = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{version}:zip"
        command = ["mvn", "--batch-mode", "--quiet", "dependency:copy"]
        options = [f"-Dartifact={artefact}", f"-DoutputDirectory={folder}"]
        done = subprocess.run(
            [*command, *options], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            msg = f"Maven could not fetch {artefact}:\n{done.stdout}{done.stderr}"
            raise RuntimeError(msg)
        with zipfile.ZipFile(folder / f"elasticsearch-{version}.zip") as archive:
            archive.extractall(folder)
        unpacked = folder / f"elasticsearch-{version}"
        for path in unpacked.rglob("*"):
            runs = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if runs else 0o644)
        unpacked.chmod(0o755)
        unpacked.rename(home)


@contextmanager
def running(
    source: Source, run: Path, *, version: str = MAIN, durable: bool = False
) -> Iterator[str]:
    """The address of a node that answers."""
    match source:
        case Given(url):
            yield url
        case Container():
            with container("elasticsearch", 9200, LANTIAN_TEST_ES_VERSION=version) as place:
                yield f"http://{place}"
        case Installed(home, _, java) if java is not None:
            with _node(home, java, run, name=f"elasticsearch-{version}", hasty=not durable) as url:
                yield url
        case _:
            msg = f"Elasticsearch {version} cannot be had: {source}"
            raise RuntimeError(msg)


@contextmanager
def _node(home: Path, java: Path, run: Path, *, name: str, hasty: bool) -> Iterator[str]:
    user = service_user("elasticsearch")
    folder = run / name
    port = free_port()
    _lay_configuration(home, folder, port)
    for part in (folder, *(folder / part for part in ("config", "data", "logs", "tmp"))):
        give(part, user)
    for path in (folder / "config").iterdir():
        path.chmod(0o644)

    options = "-Xms512m -Xmx512m"
    if hasty:
        options += " -XX:TieredStopAtLevel=1"  # up sooner, slower for long
    environment = clean_environment(
        folder,
        ES_JAVA_HOME=str(java),
        ES_JAVA_OPTS=options,
        ES_PATH_CONF=str(folder / "config"),
        ES_TMPDIR=str(folder / "tmp"),
    )
    command = [str(home / "bin" / "elasticsearch")]
    child = Child(name, command, run=run, user=user, environment=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        child.wait_until(lambda: _answers(url), 180)
        yield url
    finally:
        child.end()


def _lay_configuration(home: Path, folder: Path, port: int) -> None:
    config = folder / "config"
    shutil.copytree(home / "config", config)
    text = CONFIGURATION.format(http=port, transport=free_port(), folder=folder)
    (config / "elasticsearch.yml").write_text(text)
    # The JVM would write these beside the distribution, which is not its user's.
    lines = (config / "jvm.options").read_text().splitlines()
    writes = (
        "-Xlog:gc",
        "-XX:ErrorFile",
        "-XX:HeapDumpPath",
        "-XX:+HeapDump",
        "-XX:ReplayDataFile",
    )
    kept_lines = [line for line in lines if not any(flag in line for flag in writes)]
    (config / "jvm.options").write_text("\n".join(kept_lines) + "\n")


def _answers(url: str) -> bool:
    request = f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s"
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:
            return json.load(answer)["status"] in {"yellow", "green"}
    except (OSError, ValueError):
        return False


def can_fetch() -> bool:
    """Whether Maven is here."""
    return shutil.which("mvn") is not None and os.access(kept(), os.W_OK)
