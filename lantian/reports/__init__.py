"""The weekly summary: figures that can be run again, the e-mail, and its sending."""
