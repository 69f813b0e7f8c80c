"""Training over many machines: the chain says when a phase ends, a store carries content by its hash."""
