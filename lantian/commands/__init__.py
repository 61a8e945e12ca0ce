"""The commands of `lantian`, one module each."""
