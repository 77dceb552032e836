"""Bytes and the operating system: the only folder that knows sockets, and threads that block."""
