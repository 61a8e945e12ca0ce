"""Merkle trees (RFC 9162, section 2.1) with SHA-256, over leaf hashes: roots and proofs.

Leaves are hashed behind 0x00 and pairs behind 0x01, so that no pair passes for a leaf. A tree whose
size is no power of two is the one of the RFC: the last hash of an odd row moves up unchanged.
"""

import hashlib
from collections.abc import Iterable, Sequence

EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""
SIZE = 32


class BadProof(Exception):
    """A proof does not lead to the root that is told; the message says why."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds `data`."""
    return hashlib.sha256(b"\0" + data).digest()


def pair_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node above these two."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A tree over leaf hashes, all of whose rows are kept: 64 bytes a leaf, and their objects."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        self._rows = [list(leaves)]
        while len(row := self._rows[-1]) > 1:
            above = [pair_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]
            self._rows.append([*above, row[-1]] if len(row) % 2 else above)

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self._rows[0])

    @property
    def root(self) -> bytes:
        """Its root."""
        return self._rows[-1][0] if self.size else EMPTY

    def inclusion(self, index: int) -> list[bytes]:
        """The hashes that lead from leaf `index` to the root; raises `IndexError`."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        path = []
        for row in self._rows[:-1]:
            beside = index ^ 1
            if beside < len(row):
                path.append(row[beside])
            index >>= 1
        return path

    def consistency(self, first: int) -> list[bytes]:
        """The proof that the tree of the first `first` leaves (at least one) became this one."""
        if not 0 < first <= self.size:
            raise IndexError(first)
        start, end = 0, self.size
        path: list[bytes] = []
        while first != end:
            middle = start + _split(end - start)
            if first <= middle:
                path.append(self._node(middle, end))
                end = middle
            else:
                path.append(self._node(start, middle))
                start = middle
        if start:  # else it is the earlier root itself, which whoever checks has
            path.append(self._node(start, end))
        return path[::-1]

    def _node(self, start: int, end: int) -> bytes:
        """The hash over leaves `start` to `end`: a full subtree, or the right edge of the tree."""
        level = (end - start - 1).bit_length()
        return self._rows[level][start >> level]


class Growing:
    """A tree that grows leaf by leaf, and knows its root each time: its full subtrees only."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[tuple[int, bytes]] = []

    def add(self, leaf: bytes) -> None:
        """One more leaf hash behind the others."""
        self.size += 1
        width = 1
        while self._full and self._full[-1][0] == width:
            leaf = pair_hash(self._full.pop()[1], leaf)
            width *= 2
        self._full.append((width, leaf))

    @property
    def root(self) -> bytes:
        """The root over all leaves up to now."""
        *wider, last = [one for _, one in self._full] or [EMPTY]
        for one in reversed(wider):
            last = pair_hash(one, last)
        return last


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def root_by_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root to which `path` leads from leaf hash `leaf` (2.1.3.2).

    Raises `BadProof` if there can be no such path in a tree of that size.
    """
    if not 0 <= index < size:
        raise BadProof(f"there is no leaf {index} among {size}")
    at, last, found = index, size - 1, leaf
    for beside in path:
        if len(beside) != SIZE:
            raise BadProof("a hash in it has another length")
        if last == 0:
            raise BadProof("it is too long")
        if at & 1 or at == last:
            found = pair_hash(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = pair_hash(found, beside)
        at, last = at >> 1, last >> 1
    if last:
        raise BadProof("it is too short")
    return found


def check_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Nothing, if `path` proves that the tree of `first` leaves grew to that of `second` (2.1.4.2).

    Raises `BadProof`.
    """
    if not 0 < first <= second:
        raise BadProof(f"a tree of {first} leaves does not grow to {second}")
    if first == second:
        if path or first_root != second_root:
            raise BadProof("trees of one size have two roots")
        return
    if any(len(one) != SIZE for one in path):
        raise BadProof("a hash in it has another length")
    hashes = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not hashes:
        raise BadProof("it is too short")
    old, new = _grown(first, second, hashes)
    if old != first_root:
        raise BadProof("it does not lead to the earlier root")
    if new != second_root:
        raise BadProof("it does not lead to the later root")


def _grown(first: int, second: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the earlier and the later tree to which the hashes of a proof lead."""
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = hashes[0]
    for one in hashes[1:]:
        if last == 0:
            raise BadProof("it is too long")
        if at & 1 or at == last:
            old, new = pair_hash(one, old), pair_hash(one, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = pair_hash(new, one)
        at, last = at >> 1, last >> 1
    if last:
        raise BadProof("it is too short")
    return old, new
