"""What stands as evidence: the archive of WARC files, digests, and verifying all of it."""
