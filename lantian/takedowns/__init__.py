"""A notice's life: what a platform is told, what it answers, and what a re-check proves."""
