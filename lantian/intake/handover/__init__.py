"""What others hand in becomes visits: files of clues, archives, saved pages, tips."""
