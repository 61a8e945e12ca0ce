"""What a picture may cost, whoever made it. All are checked before or while it is decoded."""

FORMATS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}
"""What is decoded at all, by its first bytes and never by the type that a server names."""
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a picture that is looked at; `crawl_max_bytes` keeps larger ones away before."""
MOST_PIXELS = 50_000_000
"""Width times height as the head says, checked before anything is unpacked: 150 MB of colours."""
LONGEST_SIDE = 40_000
"""Pixels of the longer side: long strips are up to 30,000 high."""
TILE = 1_600
"""Rows that are recognised at a time: what is higher would be made smaller, and unreadable."""
OVERLAP = 120
"""Rows that two tiles share, so that no line of text is cut in two."""
WIDEST = 2_000
"""Columns from which on a picture is made smaller."""
MOST_LINES = 500
"""Lines of one picture."""
LONGEST_LINE = 400
"""Code points of one line."""
LEAST_SCORE = 0.5
"""How sure the reader must be of a line, 0 to 1."""
MEMORY = 4 << 30
"""Bytes of address space of a process that reads pictures."""
SECONDS = 120.0
"""Time for one picture, where the caller says nothing."""
START_SECONDS = 120.0
"""Time for a process to load its models on a busy machine."""
MOST_PICTURES = 30
"""Pictures of one document that are looked at."""
