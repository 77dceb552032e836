"""What server.py is made of, one idea a file. Imports nothing of the client."""
