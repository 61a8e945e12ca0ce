"""Who may act, and the chain of what they did: users, sessions, keys, audit."""
