"""What is said, heard, missed, and still on its way."""
