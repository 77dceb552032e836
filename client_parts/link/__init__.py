"""The connection: its frames, its loss and its return."""
