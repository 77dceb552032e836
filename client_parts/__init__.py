"""What client.py is made of, one idea a file. Imports chat_common and nothing of the server."""
