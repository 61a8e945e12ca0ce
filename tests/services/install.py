"""Installing what the tests need: only as root, only by apt-get, and saying what."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from matchers import native
from matchers.build import build
from tests.services import catalogue, chromium, compiler, elastic, postgres
from tests.services.java import runtime
from tests.services.source import Container, Missing, Source

ROOT = Path(__file__).parents[2]
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/lantian-tests.conf")


def prepare(*, bench: bool = False) -> None:
    """Install what is missing and may be installed; print one line a service."""
    packages = _wanted(bench=bench)
    if packages and may_install():
        _apt(packages)
    elif packages:
        say(f"not installed, as {_why_not()}: {' '.join(packages)}")
    if elastic.can_fetch() and not isinstance(elastic.find(elastic.MAIN), Container):
        for version, least in elastic.VERSIONS.items():
            if runtime(least) is not None and _missing(elastic.find(version)):
                say(f"fetching Elasticsearch {version}")
                elastic.fetch(version)
    if native.library() is None and not _missing(compiler.find()):
        say(f"building {build().name}")
    for environment in ("pywb", "ray"):
        subprocess.run([ROOT / "scripts" / "setup.sh", environment], check=True)
    for name, find in catalogue.FINDERS.items():
        found = find()
        say(f"{name}: {'none: ' if _missing(found) else ''}{found}")


def may_install() -> bool:
    """Whether apt-get may be used: as root, on a Debian, unless it was forbidden."""
    return (
        not os.environ.get("LANTIAN_NO_APT")
        and os.getuid() == 0
        and shutil.which("apt-get") is not None
    )


def say(text: str) -> None:
    """Print a line of progress at once."""
    print(f"services: {text}", flush=True)


def _wanted(*, bench: bool) -> list[str]:
    """The packages that bring what is missing."""
    packages: list[str] = []
    if _missing(postgres.find()):
        packages += postgres.PACKAGES
    if _missing(chromium.find()):
        packages += _chromium_packages()
    if _missing(compiler.find()):
        packages += compiler.PACKAGES
    if _missing(elastic.find(elastic.MAIN)):
        jre, maven = elastic.PACKAGES
        packages += [jre] if runtime(elastic.VERSIONS[elastic.MAIN]) is None else []
        packages += [maven] if shutil.which("mvn") is None else []
    if bench and shutil.which("nginx") is None and not Path("/usr/sbin/nginx").exists():
        packages.append("nginx-light")
    return packages


def _missing(found: Source) -> bool:
    return isinstance(found, Missing)


def _why_not() -> str:
    if os.environ.get("LANTIAN_NO_APT"):
        return "LANTIAN_NO_APT forbids it"
    return "this is not root" if os.getuid() != 0 else "there is no apt-get"


def _chromium_packages() -> tuple[str, ...]:
    """Debian's packages; Ubuntu's chromium is a snap, so Playwright brings its own there."""
    if "ID=ubuntu" not in Path("/etc/os-release").read_text().splitlines():
        return chromium.PACKAGES
    say("installing Playwright's Chromium with its libraries")
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=True
    )
    return ("fonts-noto-cjk",)


def _apt(packages: list[str]) -> None:
    say(f"installing with apt-get: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=120"]
    own_cluster = "postgresql" in packages
    if own_cluster:  # otherwise Debian's package starts a cluster on port 5432
        NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
        NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        for step in (["update"], ["install", "--no-install-recommends", *packages]):
            _quietly([*command, *step], environment)
    finally:
        if own_cluster:
            NO_CLUSTER.unlink(missing_ok=True)


def _quietly(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-3000:] + done.stderr[-3000:])
        sys.exit(f"services: {' '.join(command)} ended with status {done.returncode}")
