"""The store: engine and sessions, migrations, jobs and the frontier."""
