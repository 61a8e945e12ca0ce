"""What a rebuild put into a new index, to be compared with what the index then holds."""

from array import array
from collections.abc import Iterable

import numpy as np

from lantian.errors import IndexUnavailable
from lantian.search.entry import Fingerprint, Row
from lantian.search.port import REBUILD


class Tally:
    """Ids, revisions and checksums of the entries of a rebuild: 20 bytes each."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._revisions = array("q")
        self._checksums = array("i")

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, rows: Iterable[Row]) -> None:
        """Note that `rows` were put."""
        for row in rows:
            self._ids.append(row.clue_id)
            self._revisions.append(row.revision)
            self._checksums.append(row.checksum)

    def without(self, touched: Iterable[int]) -> Fingerprint:
        """What must be there of the rows whose clue no one else has put or deleted meanwhile.

        Of a clue that came twice, the higher revision; of two equal ones, the first.
        """
        if not self._ids:
            return Fingerprint(0, 0)
        ids = np.array(self._ids)
        order = np.lexsort((-np.array(self._revisions), ids))
        ids = ids[order]
        kept = np.ones(len(ids), np.bool_)
        kept[1:] = ids[1:] != ids[:-1]
        kept &= ~np.isin(ids, np.fromiter(touched, np.int64))
        checksums = np.array(self._checksums, np.int64)[order]
        return Fingerprint(int(kept.sum()), int(checksums[kept].sum()))

    def compare(self, found: Fingerprint, touched: Iterable[int]) -> None:
        """Raise `IndexUnavailable` unless `found` is exactly what was put."""
        expected = self.without(touched)
        if found != expected:
            raise IndexUnavailable(
                f"the new index holds {found.count} clues (checksum {found.checksum}) instead of "
                f"{expected.count} ({expected.checksum}); the old one stays.",
                hint=REBUILD,
            )
