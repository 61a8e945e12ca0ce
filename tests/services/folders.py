"""Folders of our own in which services run, and whom they run as.

Everything is below `/var/tmp/lantian-tests-UID`, because a service that refuses root runs as
another user, who could not read a clone in somebody's home. Distributions are kept there; what a
run needs lies in a folder of that run and goes with it. Whatever a killed run left behind is
ended, by process id, when the next one starts.
"""

import json
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path("/var/tmp") / f"lantian-tests-{os.getuid()}"  # noqa: S108  (checked in `kept`)


@dataclass(frozen=True)
class User:
    """Somebody whom a service runs as."""

    name: str
    uid: int
    gid: int


def service_user(*names: str) -> User | None:
    """The first of `names` that the machine knows, if we are root; otherwise None: ourselves."""
    if os.getuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
    return None


def readable_by_all(path: Path) -> bool:
    """Whether any user may reach `path`."""
    real = path.resolve()
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (real, *real.parents))


def kept(name: str = "") -> Path:
    """The folder `name` that outlives a run; refuses one that somebody else laid there."""
    ROOT.mkdir(mode=0o755, exist_ok=True)
    state = ROOT.lstat()
    if ROOT.is_symlink() or state.st_uid != os.getuid():
        msg = f"{ROOT} is not ours: remove it, it belongs to user {state.st_uid}"
        raise RuntimeError(msg)
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def give(folder: Path, user: User | None) -> Path:
    """`folder`, made and handed to `user`."""
    folder.mkdir(parents=True, exist_ok=True)
    if user is not None:
        os.chown(folder, user.uid, user.gid)
    return folder


@contextmanager
def run_folder() -> Iterator[Path]:
    """A folder of this run, removed at its end."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=kept()))
    folder.chmod(0o711)
    note_process(folder, "owner", os.getpid())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def note_process(folder: Path, name: str, pid: int) -> None:
    """Write down that process `pid` belongs to the run of `folder`."""
    started = psutil.Process(pid).create_time()
    (folder / f"{name}.process").write_text(json.dumps({"pid": pid, "started": started}))


def noted_process(note: Path) -> psutil.Process | None:
    """The process that `note` names, if it still runs and is the same one."""
    try:
        entry = json.loads(note.read_text())
        process = psutil.Process(entry["pid"])
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    return process if abs(process.create_time() - entry["started"]) < 1 else None


def _sweep() -> None:
    """End what killed runs left behind."""
    for folder in kept().glob("run-*"):
        notes = list(folder.glob("*.process"))
        if not notes or noted_process(folder / "owner.process") is not None:
            continue
        for note in notes:
            process = noted_process(note)
            if process is not None:
                process.kill()
                process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
