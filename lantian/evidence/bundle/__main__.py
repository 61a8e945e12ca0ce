"""`python -m lantian.evidence.bundle FILE [SHA256]`: checks a bundle with Python alone.

This, packed with the modules that it needs, is the verifier that travels with a bundle.
"""

import sys
from pathlib import Path

from lantian.errors import LantianError
from lantian.evidence.bundle.check import BundleCheck

HOW = "Lantian does with --trust, and so does openssl ts -verify: see evidence/readme.txt."
USAGE = "usage: python FILE.pyz BUNDLE.wacz [SHA256 that it must have]"


def main() -> int:
    """Print what is not as it was exported; 0 if nothing, 1 if anything, 2 for a wrong call."""
    if len(sys.argv) not in {2, 3}:
        _say(USAGE)
        return 2
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    checking = BundleCheck(Path(sys.argv[1]), "".join(sys.argv[2:]))
    count = 0
    try:
        for finding in checking.findings():
            count += 1
            _say(f"{finding.kind}: {finding}")
    except LantianError as error:
        _say(str(error))
        return 1
    told = "nothing is missing or changed" if not count else f"{count} findings"
    _say(f"{checking.members} files, {checking.records} records: {told}.")
    _say(checking.digest)
    for sentence in checking.told():
        _say(sentence)
    for stamp in checking.proved.stamps:
        _say(f"{stamp.name}: it is over its day; its signature is not judged here. {HOW}")
    return int(bool(count))


def _say(text: str) -> None:
    # What a hostile file says must not steer the terminal.
    shown = (char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    print("".join(shown))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
