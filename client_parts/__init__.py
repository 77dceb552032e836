"""What client.py is made of, one idea a file. Imports nothing of the server."""
