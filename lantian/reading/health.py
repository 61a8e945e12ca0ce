"""What a healthy crawl finds: a crawl that found less is an alarm, not a quiet week."""

from dataclasses import dataclass

from lantian.reading.page import Reading
from lantian.reading.profile import SiteProfile


@dataclass(slots=True)
class Tally:
    """Counts over the pages of one crawl."""

    pages: int = 0
    documents: int = 0
    expected: int = 0
    """Documents read, and those that a page should have carried."""
    broken: int = 0
    """Documents that lack what the profile requires, or are not there where they should be."""
    unreadable: int = 0

    def add(self, reading: Reading) -> None:
        """Count one page that was seen."""
        self.pages += 1
        self.documents += len(reading.documents)
        self.broken += sum(bool(document.missing) for document in reading.documents)
        self.broken += len(reading.absent)
        self.expected += len(reading.documents) + len(reading.absent)
        self.unreadable += reading.unreadable is not None


def alarms(profile: SiteProfile, tally: Tally) -> list[str]:
    """One sentence for each thing that a healthy crawl of the site finds and this one did not."""
    healthy = profile.healthy
    found = []
    if tally.pages < healthy.pages:
        found.append(f"{tally.pages} pages seen; a healthy crawl sees at least {healthy.pages}.")
    if tally.documents < healthy.documents:
        found.append(
            f"{tally.documents} documents read; a healthy crawl reads at least {healthy.documents}."
        )
    whole = tally.expected - tally.broken
    if tally.expected and whole / tally.expected < healthy.required:
        found.append(
            f"Only {whole} of {tally.expected} documents have all required fields; a healthy "
            f"crawl has {healthy.required:.0%}."
        )
    if tally.pages and tally.unreadable / tally.pages > healthy.unreadable:
        found.append(
            f"{tally.unreadable} of {tally.pages} pages were unreadable; at most "
            f"{healthy.unreadable:.0%} may be."
        )
    return found
