"""Tests of the server and its parts."""
