"""Bytes to requests, events to bytes. Pure."""
