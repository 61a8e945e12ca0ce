"""The child process of `lantian.reading.guarded`: it knows no spider and no store.

It reads one page after the other until its parent is gone.
"""

import contextlib
import resource
import sys
from multiprocessing.connection import Connection

from lantian.reading.closely import read_closely
from lantian.reading.profile import SiteProfile


def main(descriptor: int, memory: int) -> None:
    """Answer every page that comes over the pipe with its reading, or with code and detail.

    `memory` is the limit of this process's address space in bytes.
    """
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    profile: SiteProfile | None = None
    with Connection(descriptor) as pipe:
        pipe.send("ready")
        while True:
            try:
                raw, sent, second = pipe.recv()
            except EOFError:
                return
            profile = sent or profile
            if profile is None:
                pipe.send(("crash", "the reading process was given no profile"))
                continue
            try:
                answer: object = read_closely(raw, profile, second=second)
            except MemoryError:
                answer = ("memory", f"more than {memory >> 20} MiB")
            except Exception as error:  # noqa: BLE001 - the edge of this process; the parent keeps it
                answer = ("crash", f"{type(error).__name__}: {error}"[:300])
            pipe.send(answer)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
