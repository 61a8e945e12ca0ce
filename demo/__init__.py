"""The demonstration: a made-up market on loopback, and a client that plays a platform."""
