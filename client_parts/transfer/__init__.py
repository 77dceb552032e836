"""The bytes of files, over connections of their own: each transfer in a thread, which goes on after a loss."""
