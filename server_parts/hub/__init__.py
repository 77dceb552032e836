"""The one thread that decides, and what serves it."""
