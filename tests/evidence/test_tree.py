"""The tree against the recursive definitions of RFC 9162, 2.1, written down word by word."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.evidence.tree import (
    EMPTY,
    BadProof,
    Growing,
    Tree,
    check_consistency,
    leaf_hash,
    root_by_inclusion,
)


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(count: int) -> int:
    """The largest power of two smaller than `count`, looked for one by one."""
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def mth(entries: list[bytes]) -> bytes:
    if not entries:
        return sha(b"")
    if len(entries) == 1:
        return sha(b"\x00" + entries[0])
    k = split(len(entries))
    return sha(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def path(m: int, entries: list[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: list[bytes], whole: bool) -> list[bytes]:
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def entries_of(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def tree_of(entries: list[bytes]) -> Tree:
    return Tree(map(leaf_hash, entries))


def test_the_published_vectors() -> None:
    # Certificate Transparency's own test vectors, of eight entries.
    entries = [
        bytes.fromhex(one)
        for one in (
            "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        )
    ]  # fmt: skip
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    assert {n: tree_of(entries[:n]).root.hex() for n in roots} == roots
    # The proofs between sizes 6 and 8, and 1 and 8, of the same vectors.
    six, eight = (tree_of(entries[:n]).root for n in (6, 8))
    assert six.hex() == "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"
    proof = [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [one.hex() for one in tree_of(entries).consistency(6)] == proof
    check_consistency(6, 8, six, eight, [bytes.fromhex(one) for one in proof])
    proof = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [one.hex() for one in tree_of(entries).consistency(1)] == proof


def test_a_tree_that_grows_knows_its_root_each_time() -> None:
    growing = Growing()
    assert growing.root == EMPTY
    for size, entry in enumerate(entries_of(40), 1):
        growing.add(leaf_hash(entry))
        assert (growing.size, growing.root) == (size, tree_of(entries_of(size)).root)


def test_every_small_tree_and_every_proof_of_it_is_that_of_the_definitions() -> None:
    assert Tree([]).root == EMPTY == mth([])
    for size in range(1, 34):
        entries = entries_of(size)
        tree = tree_of(entries)
        assert tree.root == mth(entries)
        for index in range(size):
            proof = tree.inclusion(index)
            assert proof == path(index, entries)
            assert root_by_inclusion(index, size, leaf_hash(entries[index]), proof) == tree.root
        for first in range(1, size + 1):
            proof = tree.consistency(first)
            assert proof == subproof(first, entries, True)
            check_consistency(first, size, mth(entries[:first]), tree.root, proof)


@given(entries=st.lists(st.binary(max_size=40), min_size=1, max_size=300), data=st.data())
def test_any_tree_and_its_proofs(entries: list[bytes], data: st.DataObject) -> None:
    tree = tree_of(entries)
    assert tree.root == mth(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    proof = tree.inclusion(index)
    assert proof == path(index, entries)
    assert root_by_inclusion(index, tree.size, leaf_hash(entries[index]), proof) == tree.root
    first = data.draw(st.integers(1, len(entries)))
    assert tree.consistency(first) == subproof(first, entries, True)
    check_consistency(first, tree.size, mth(entries[:first]), tree.root, tree.consistency(first))


@given(size=st.integers(2, 200), data=st.data())
def test_a_changed_inclusion_proof_leads_elsewhere_or_nowhere(
    size: int, data: st.DataObject
) -> None:
    entries = entries_of(size)
    tree = tree_of(entries)
    index = data.draw(st.integers(0, size - 1))
    proof, leaf = tree.inclusion(index), leaf_hash(entries[index])
    kind = data.draw(st.sampled_from(["flip", "drop", "more", "swap", "index", "leaf"]))
    at = data.draw(st.integers(0, len(proof) - 1))
    changed, where = list(proof), index
    if kind == "flip":
        changed[at] = bytes([changed[at][0] ^ 1]) + changed[at][1:]
    elif kind == "drop":
        del changed[at]
    elif kind == "more":
        changed.insert(at, leaf)
    elif kind == "swap":
        changed.reverse()
        if changed == proof:
            return
    elif kind == "index":
        where = data.draw(st.integers(0, size - 1).filter(lambda other: other != index))
    else:
        leaf = leaf_hash(b"another")
    try:
        found = root_by_inclusion(where, size, leaf, changed)
    except BadProof:
        return
    assert found != tree.root


@given(size=st.integers(2, 200), data=st.data())
def test_a_tree_that_did_not_grow_from_the_other_is_refused(size: int, data: st.DataObject) -> None:
    entries = entries_of(size)
    first = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, first - 1))
    other = [b"forged" if at == changed else one for at, one in enumerate(entries)]
    forged = tree_of(other)
    with pytest.raises(BadProof):
        check_consistency(first, size, mth(entries[:first]), forged.root, forged.consistency(first))
    with pytest.raises(BadProof):
        check_consistency(
            first, size, mth(entries[:first]), mth(entries), forged.consistency(first)[1:]
        )


def test_what_there_cannot_be_is_refused() -> None:
    tree = tree_of(entries_of(5))
    for index in (-1, 5):
        with pytest.raises(IndexError):
            tree.inclusion(index)
        with pytest.raises(BadProof, match="no leaf"):
            root_by_inclusion(index, 5, leaf_hash(b""), [])
    for first in (0, 6):
        with pytest.raises(IndexError):
            tree.consistency(first)
        with pytest.raises(BadProof, match="does not grow"):
            check_consistency(first, 5, EMPTY, tree.root, [])
    with pytest.raises(BadProof, match="another length"):
        root_by_inclusion(0, 2, leaf_hash(b""), [b"short"])
    with pytest.raises(BadProof, match="too short"):
        check_consistency(3, 5, EMPTY, tree.root, [])
    with pytest.raises(BadProof, match="two roots"):
        check_consistency(5, 5, EMPTY, tree.root, [])


def test_no_pair_passes_for_a_leaf() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != Tree([left, right]).root
