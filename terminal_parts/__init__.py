"""A line that is typed at a terminal, for both programs. Imports chat_common and nothing of either side."""
