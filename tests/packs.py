"""Packs of tests, so that what they find does not change with the shipped one."""

from pathlib import Path

FOUR = Path(__file__).parent / "matchers" / "packs" / "four"
"""Rules alone, of the four claims with which everything began."""
