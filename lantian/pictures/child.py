"""The process that decodes and reads pictures: it knows no store and no network.

It reads one picture after the other until its parent is gone.
"""

import contextlib
import resource
import sys
from multiprocessing.connection import Connection

from lantian.pictures.decode import BadPicture, decoded
from lantian.pictures.engine import Engine
from lantian.pictures.lines import ReadPicture, unreadable


def main(descriptor: int, memory: int) -> None:
    """Answer every picture that comes over the pipe with what it says.

    `memory` is the limit of this process's address space in bytes.
    """
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Connection(descriptor) as pipe:
        engine = Engine()
        pipe.send("ready")
        while True:
            try:
                data, least_pixels = pipe.recv()
            except EOFError:
                return
            pipe.send(_answer(engine, data, least_pixels))


def _answer(engine: Engine, data: bytes, least_pixels: int) -> ReadPicture:
    try:
        return read(engine, data, least_pixels)
    except BadPicture as error:
        return unreadable(error.code, str(error))
    except MemoryError:
        return unreadable("memory")
    except Exception as error:  # noqa: BLE001 - the edge of this process; the parent keeps it
        return unreadable("crash", f"{type(error).__name__}: {error}"[:300])


def read(engine: Engine, data: bytes, least_pixels: int) -> ReadPicture:
    """What the picture says; raises `BadPicture`."""
    image, media_type = decoded(data)
    width, height = image.size
    if width * height < least_pixels:
        return ReadPicture("small", media_type, width, height)
    return ReadPicture("read", media_type, width, height, engine.lines(image))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
