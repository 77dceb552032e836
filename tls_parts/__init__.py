"""Encryption, as both programs use it: a channel without sockets, a server's public key, the link that names it."""
