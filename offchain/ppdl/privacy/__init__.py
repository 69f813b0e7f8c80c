"""Differential privacy of a participant: noise that the sum carries, and a book of what it has cost."""
