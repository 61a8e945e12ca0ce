"""From bytes and a profile to documents: pure, and the same for crawl, import and re-reading."""

from lantian.reading.address import canonical_url
from lantian.reading.digest import content_digest
from lantian.reading.guarded import read_guarded
from lantian.reading.health import Tally, alarms
from lantian.reading.limits import needs_child
from lantian.reading.loading import (
    find_profile,
    load_profile,
    parse_profile,
    profile_names,
    profile_schema,
)
from lantian.reading.page import Link, RawPage, ReadDocument, Reading
from lantian.reading.plan import steps_on
from lantian.reading.profile import SiteProfile
from lantian.reading.read import READER_VERSION, read_page

__all__ = [
    "READER_VERSION",
    "Link",
    "RawPage",
    "ReadDocument",
    "Reading",
    "SiteProfile",
    "Tally",
    "alarms",
    "canonical_url",
    "content_digest",
    "find_profile",
    "load_profile",
    "needs_child",
    "parse_profile",
    "profile_names",
    "profile_schema",
    "read_guarded",
    "read_page",
    "steps_on",
]
