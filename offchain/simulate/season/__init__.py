"""Weeks to a season of a local market on the real contracts, beside a world without it and one with an auction."""
