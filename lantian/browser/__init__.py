"""The one way to start Chromium, and tabs that are used again and again."""
