"""The model chain: hash-linked blocks, each holding the model after a round and what proves how it came about."""
