"""Whether a bundle holds the files that its manifest lists, and no others."""

from collections.abc import Iterator

from lantian.evidence.bundle import layout
from lantian.evidence.bundle.opened import Opened, Wrong, judged
from lantian.evidence.finding import Finding


def manifest_findings(bundle: Opened) -> Iterator[Finding]:
    """Members that are missing, not listed, or other than listed; they are spoiled from now on."""
    for name in layout.REQUIRED:
        if name not in bundle.members:
            yield Finding("missing", name, "every bundle has this file, and this one has not.")
    yield from judged(layout.PACKAGE_DIGEST, _digest(bundle))
    yield from judged(layout.PACKAGE, _listed(bundle))
    yield from judged(layout.SUMS, _sums(bundle))


def _digest(bundle: Opened) -> Iterator[Finding]:
    if layout.PACKAGE_DIGEST not in bundle.members or layout.PACKAGE not in bundle.members:
        return
    told = bundle.told(layout.PACKAGE_DIGEST)
    if told["path"] != layout.PACKAGE or not set(told) <= {"path", "hash", "signedData"}:
        raise Wrong("it is not about datapackage.json alone.")
    # Nothing holds the digest of this file: so it has one form, in which every byte is told.
    if bundle.read(layout.PACKAGE_DIGEST) != layout.readable(told):
        yield Finding("changed", layout.PACKAGE_DIGEST, "it is not written as Lantian writes it.")
    if told["hash"] != bundle.digest(layout.PACKAGE):
        bundle.spoiled.add(layout.PACKAGE)
        reason = "its digest is not the one in datapackage-digest.json: one of the two was changed."
        yield Finding("changed", layout.PACKAGE, reason)


def _listed(bundle: Opened) -> Iterator[Finding]:
    if layout.PACKAGE not in bundle.members:
        return
    package = bundle.told(layout.PACKAGE)
    if package["profile"] != "data-package" or package["wacz_version"] != layout.WACZ_VERSION:
        raise Wrong(f"it is not that of a WACZ {layout.WACZ_VERSION}.")
    listed = {}
    for one in package["resources"]:
        if one["path"] in listed:
            raise Wrong(f"it lists {str(one['path'])[:200]} twice.")
        listed[one["path"]] = (one["hash"], one["bytes"])
    for path, (digest, size) in listed.items():
        member = bundle.members.get(path)
        if member is None:
            reason = "datapackage.json lists it, and it is not there."
            yield Finding("missing", str(path)[:200], reason)
        elif (member.digest, member.size) != (digest, size):
            bundle.spoiled.add(path)
            reason = f"its digest is {member.digest}, and datapackage.json lists {digest}."
            yield Finding("changed", path, reason)
    own = {layout.PACKAGE, layout.PACKAGE_DIGEST}
    for name in bundle.members:
        if name not in listed and name not in own:
            bundle.spoiled.add(name)
            yield Finding("unnamed", name, "datapackage.json does not list it.")
    there = [name for name in bundle.members if name in listed]
    if there != [path for path in listed if path in bundle.members]:
        raise Wrong("the files stand in another order than it lists them.")


def _sums(bundle: Opened) -> Iterator[Finding]:
    """`sha256sums.txt` against the members before it."""
    if not bundle.sound(layout.SUMS):
        return
    listed = {}
    for line in bundle.lines(layout.SUMS):
        digest, _, name = line.decode("ascii").partition("  ")
        listed[name] = f"sha256:{digest}"
    own = {layout.PACKAGE, layout.PACKAGE_DIGEST, layout.SUMS}
    for name, member in bundle.members.items():
        if name not in own and name not in bundle.spoiled and listed.get(name) != member.digest:
            reason = f"it tells another digest of {name}, or none."
            yield Finding("changed", layout.SUMS, reason)
    for name in listed.keys() - bundle.members.keys():
        yield Finding("missing", name[:200], "sha256sums.txt lists it, and it is not there.")
