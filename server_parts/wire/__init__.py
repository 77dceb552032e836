"""Bytes and the operating system: the only folder that knows sockets, blocking threads and TLS."""
