"""The person at the server's terminal."""
