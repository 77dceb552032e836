"""What a person typed, and what it means."""
