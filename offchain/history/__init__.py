"""What a service remembers of the past: meters' readings and who may ask for them, in SQLite or PostgreSQL."""
