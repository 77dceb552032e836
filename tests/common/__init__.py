"""Tests of the language both programs share."""
