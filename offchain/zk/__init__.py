"""Zero-knowledge circuits: their table, their build, their keys."""
