"""The plasma chain's bridge under random operations, with a model in Python."""
