"""The web page: its modules under node, and the whole of it in a real browser against the real server."""
