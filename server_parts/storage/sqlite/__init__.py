"""The promise kept in one folder on disk."""
