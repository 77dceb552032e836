"""What a log promises, and each way to keep it."""
