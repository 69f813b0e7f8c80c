"""Secure aggregation: sums of updates that nobody sees single ones of (docs/reference/ppdl-protocol.md)."""
