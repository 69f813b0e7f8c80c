"""Disputes about a round: what the chain's contract of challenges is shown."""
