"""The interface for programs: routes by resource, problems, keys. No decisions of its own."""
