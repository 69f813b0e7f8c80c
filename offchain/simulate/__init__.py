"""Microgrids that trade on the real contracts."""
