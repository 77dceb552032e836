"""What client.py is made of, one idea a file. Imports terminal_parts, tls_parts and chat_common, and nothing of the server."""
