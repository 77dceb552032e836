"""Files that are sent and fetched: names, paths, progress, what is said over HTTP, what lies on this disk."""
