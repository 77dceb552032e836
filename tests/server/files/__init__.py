"""Tests of files on their way to and from people."""
