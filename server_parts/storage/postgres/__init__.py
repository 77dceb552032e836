"""The promise kept in one PostgreSQL database."""
