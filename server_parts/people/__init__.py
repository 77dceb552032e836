"""Who is connected, what they are called, what they may do."""
